import { History, type HistoryEvent, type Outcome } from '../../../checks/index.ts';

/** Says what came of a put. One of which nothing is said may have happened. */
export type EndPut = (outcome: Outcome) => void;

/**
 * Takes down what sessions do, for the session checker. A session has many puts under way at once, which take effect in
 * the order of its calls: each stands there as if it had ended before the next began.
 */
export class SessionRecorder {
  readonly #events: HistoryEvent[] = [];

  put(session: string, key: string, value: string): EndPut {
    const call = { process: session, f: 'put', key, value };
    const place = this.#events.push({ ...call, type: 'invoke' }, { ...call, type: 'info' }) - 1;
    return (outcome) => {
      this.#events[place] = { ...call, type: outcome };
    };
  }

  /** A get that was answered; null: there is no such key. */
  got(session: string, key: string, value: string | null): void {
    const call = { process: session, f: 'get', key };
    this.#events.push({ ...call, type: 'invoke', value: null }, { ...call, type: 'ok', value });
  }

  get history(): History {
    return new History(this.#events);
  }
}
