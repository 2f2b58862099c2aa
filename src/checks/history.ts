import { BadHistoryError } from './errors.ts';
import { sameValue, textOf, type Value } from './values.ts';

/** Whoever calls one operation after the other: a client, a thread of it, a session. */
export type Process = number | string;

/** `ok`: it happened; `fail`: it did not; `info`: it may have happened, and may happen at any later time. */
export type Outcome = 'ok' | 'fail' | 'info';

/** One line of a history: an operation begins, or ends. */
export interface HistoryEvent {
  readonly process: Process;
  readonly type: 'invoke' | Outcome;
  /** What is done: `read`, `put`, `txn` and so on. */
  readonly f: string;
  /** To what; none in a history of one register, and of transactions. */
  readonly key?: Value;
  readonly value: Value;
  /** Of a `cas` or a `delete` that is `ok`: whether it found what it was to replace, or to delete. */
  readonly applied?: boolean;
}

/** An operation, with all that is known of it. */
export interface Operation {
  readonly process: Process;
  readonly f: string;
  /** Null where there is none. */
  readonly key: Value;
  /** The value that it began with. */
  readonly argument: Value;
  /** The value that it ended with; null for one that was not `ok`. */
  readonly result: Value;
  readonly applied: boolean | undefined;
  /** An operation that never ends in the history is `info`. */
  readonly outcome: Outcome;
  /** Its place in the order of all that happened. */
  readonly invoked: number;
  /** Infinity for `info`. */
  readonly completed: number;
}

/** Where the events of a history stand. */
export interface HistorySource {
  readonly file: string;
  /** The line of each event, counted from 1. */
  readonly lines: readonly number[];
}

/** What clients did, in the order in which it happened, and what they were told. */
export class History {
  readonly events: readonly HistoryEvent[];
  /** In the order in which they began. */
  readonly operations: readonly Operation[];
  readonly #source: HistorySource | undefined;

  /**
   * `source` is for messages; without one, an event stands in the line of its place.
   * @throws BadHistoryError where no client could have made it: an operation ends that has not begun, or ends as
   * another; a process begins one while the one before is under way.
   */
  constructor(events: readonly HistoryEvent[], source?: HistorySource) {
    this.events = events;
    this.#source = source;
    this.operations = this.#pair();
  }

  /** The line of an event, counted from 1. */
  lineOf(place: number): number {
    return this.#source?.lines[place] ?? place + 1;
  }

  /** What is wrong with an event, to be thrown. */
  wrong(place: number, what: string): BadHistoryError {
    return new BadHistoryError(this.#source?.file ?? 'history', this.lineOf(place), what);
  }

  #pair(): Operation[] {
    const operations: (Operation | undefined)[] = [];
    const underWay = new Map<Process, number>();
    const begun: number[] = [];
    for (const [place, event] of this.events.entries()) {
      const { process, type, f } = event;
      const started = underWay.get(process);
      if (type === 'invoke') {
        if (started !== undefined)
          throw this.wrong(
            place,
            `process ${process} begins :${f}, but is in ${this.#name(begun[started]!)}`,
          );
        underWay.set(process, begun.length);
        begun.push(place);
        operations.push(undefined);
        continue;
      }
      if (started === undefined)
        throw this.wrong(place, `process ${process} ends :${f} (:${type}), but has begun nothing`);
      const invocation = begun[started]!;
      this.#checkSame(invocation, place);
      underWay.delete(process);
      operations[started] = this.#operation(invocation, place);
    }
    return operations.map((operation, index) => operation ?? this.#operation(begun[index]!, undefined));
  }

  #checkSame(invocation: number, completion: number): void {
    const [begun, ended] = [this.events[invocation]!, this.events[completion]!];
    if (begun.f !== ended.f || (ended.key !== undefined && !sameValue(begun.key ?? null, ended.key)))
      throw this.wrong(
        completion,
        `process ${ended.process} ends :${ended.f}${keyOf(ended)}, but is in ${this.#name(invocation)}`,
      );
  }

  #name(invocation: number): string {
    const event = this.events[invocation]!;
    return `:${event.f}${keyOf(event)}, begun in line ${this.lineOf(invocation)}`;
  }

  #operation(invocation: number, completion: number | undefined): Operation {
    const { process, f, key = null, value } = this.events[invocation]!;
    const ended = completion === undefined ? undefined : this.events[completion];
    const outcome = ended === undefined || ended.type === 'invoke' ? 'info' : ended.type;
    return {
      process,
      f,
      key,
      argument: value,
      result: outcome === 'ok' ? (ended?.value ?? null) : null,
      applied: outcome === 'ok' ? ended?.applied : undefined,
      outcome,
      invoked: invocation,
      completed: outcome === 'info' ? Number.POSITIVE_INFINITY : completion!,
    };
  }
}

function keyOf({ key }: HistoryEvent): string {
  return key === undefined || key === null ? '' : ` of ${textOf(key)}`;
}
