import { History, type HistoryEvent, type Outcome, type Process } from './history.ts';
import { toValue, type Value } from './values.ts';

/** What is called. */
export interface Call {
  readonly process: Process;
  readonly f: string;
  readonly key?: Value;
  readonly value?: Value;
}

/** What came of it. Of a `cas` or a `delete`: whether it found what it was to replace, or to delete. */
export interface Ending {
  readonly value?: Value;
  readonly applied?: boolean;
}

/** Ends a call, once. Without an `ending`, with the value that it began with. */
export type EndCall = (outcome: Outcome, ending?: Ending) => void;

/** Takes down what clients do, as they do it. */
export class HistoryRecorder {
  readonly #events: HistoryEvent[] = [];

  /** A call begins; who made it ends it. One that nobody ends may have happened. */
  invoke({ process, f, key, value = null }: Call): EndCall {
    const call = { process, f, ...(key === undefined ? {} : { key: toValue(key) }) };
    const argument = toValue(value);
    this.#events.push({ ...call, type: 'invoke', value: argument });
    return (outcome, { value: result = argument, applied } = {}) => {
      this.#events.push({
        ...call,
        type: outcome,
        value: toValue(result),
        ...(applied === undefined ? {} : { applied }),
      });
    };
  }

  /** What has happened so far. */
  get history(): History {
    return new History([...this.#events]);
  }
}
