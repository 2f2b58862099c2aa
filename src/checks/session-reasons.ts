import type { History, Operation } from './history.ts';
import type { SessionGet, SessionHistory, SessionPut } from './session-operations.ts';
import { textOf } from './values.ts';
import type { Visibility } from './visibility.ts';

/** Why something must be, in sentences, and the operations that these speak of. */
export class SessionReasons {
  readonly sentences: string[] = [];
  readonly operations = new Set<Operation>();
  readonly #history: History;
  readonly #sessions: SessionHistory;
  readonly #visibility: Visibility;

  constructor(history: History, sessions: SessionHistory, visibility: Visibility) {
    this.#history = history;
    this.#sessions = sessions;
    this.#visibility = visibility;
  }

  /** A get found nothing, and must have seen a put. */
  missed(get: SessionGet, put: SessionPut): void {
    this.#mustSee(get, put);
    this.#say(`but ${this.#name(get)} found nothing`, get, put);
  }

  /** A get returned a put, and must have seen one that follows it. */
  stale(get: SessionGet, put: SessionPut, later: SessionPut): void {
    this.#mustSee(get, later);
    this.overwrote(later, put);
    this.#say(`but ${this.#name(get)} returned ${this.#name(put)}`, get, put);
  }

  /** One put must come after another of its key. */
  overwrote(after: SessionPut, before: SessionPut): void {
    if (this.#holds('monotonic writes') && this.#isOwnBefore(before, after)) {
      this.#say(
        `monotonic writes: process ${after.operation.process} made ${this.#name(before)} before ${this.#name(after)}`,
        before,
        after,
      );
      return;
    }
    const earlier = this.#holds('writes follow reads') ? this.#earlierGet(after, before) : undefined;
    if (earlier !== undefined) {
      this.#mustSee(earlier, before);
      this.#say(
        `writes follow reads: process ${after.operation.process} had made ${this.#name(earlier)}, which saw ` +
          `${this.#name(before)}, before it made ${this.#name(after)}`,
        earlier,
        before,
        after,
      );
      return;
    }
    const get = this.#sessions.steps.find(
      (step): step is SessionGet =>
        step.kind === 'get' && step.put === after && this.#visibility.seenBy(step).has(before.number),
    );
    if (get === undefined) return;
    this.#mustSee(get, before);
    this.#say(
      `so ${this.#name(before)} comes before ${this.#name(after)}, which ${this.#name(get)} returned`,
      get,
      before,
      after,
    );
  }

  #mustSee(get: SessionGet, put: SessionPut): void {
    if (get.put === put) return;
    const { process } = get.operation;
    if (this.#holds('read your writes') && this.#isOwnBefore(put, get)) {
      this.#say(
        `read your writes: process ${process} made ${this.#name(put)} before ${this.#name(get)}`,
        put,
        get,
      );
      return;
    }
    const earlier = this.#holds('monotonic reads') ? this.#earlierGet(get, put) : undefined;
    if (earlier !== undefined) {
      this.#mustSee(earlier, put);
      this.#say(
        `monotonic reads: process ${process} had made ${this.#name(earlier)}, which saw ${this.#name(put)}, before ${this.#name(get)}`,
        earlier,
        put,
        get,
      );
      return;
    }
    const via = this.#seenDirectly(get).find((other) => this.#visibility.before(other).has(put.number));
    if (via === undefined) return;
    this.#mustSee(get, via);
    this.#comesWith(via, put);
  }

  /** Where `put` is seen, `before` is too. */
  #comesWith(put: SessionPut, before: SessionPut): void {
    const { process } = put.operation;
    if (this.#holds('monotonic writes') && this.#isOwnBefore(before, put)) {
      this.#say(
        `monotonic writes: process ${process} made ${this.#name(before)} before ${this.#name(put)}`,
        before,
        put,
      );
      return;
    }
    const earlier = this.#holds('writes follow reads') ? this.#earlierGet(put, before) : undefined;
    if (earlier !== undefined) {
      this.#mustSee(earlier, before);
      this.#say(
        `writes follow reads: process ${process} had made ${this.#name(earlier)}, which saw ${this.#name(before)}, ` +
          `before it made ${this.#name(put)}`,
        earlier,
        before,
        put,
      );
      return;
    }
    const via = this.#ownBefore(put).find((other) => this.#visibility.before(other).has(before.number));
    if (via === undefined) return;
    this.#comesWith(put, via);
    this.#comesWith(via, before);
  }

  /** The puts that a get saw not because others were seen. */
  #seenDirectly(get: SessionGet): SessionPut[] {
    const own = this.#holds('read your writes') ? this.#ownBefore(get) : [];
    return get.put === undefined ? own : [get.put, ...own];
  }

  /** The first get of the session that saw a put, and came before. */
  #earlierGet(step: SessionPut | SessionGet, put: SessionPut): SessionGet | undefined {
    return this.#sessions.steps.find(
      (earlier): earlier is SessionGet =>
        earlier.kind === 'get' && isBefore(earlier, step) && this.#visibility.seenBy(earlier).has(put.number),
    );
  }

  #ownBefore(step: SessionPut | SessionGet): SessionPut[] {
    return this.#sessions.puts.filter((put) => this.#isOwnBefore(put, step));
  }

  #isOwnBefore(put: SessionPut, step: SessionPut | SessionGet): boolean {
    return put.operation.outcome === 'ok' && isBefore(put, step);
  }

  #holds(guarantee: Parameters<Visibility['guarantees']['has']>[0]): boolean {
    return this.#visibility.guarantees.has(guarantee);
  }

  #name({ kind, operation, key }: SessionPut | SessionGet): string {
    const value = kind === 'put' ? operation.argument : operation.result;
    return `${kind} ${key} ${textOf(value)} (line ${this.#history.lineOf(operation.invoked)})`;
  }

  #say(sentence: string, ...steps: readonly (SessionPut | SessionGet)[]): void {
    if (!this.sentences.includes(sentence)) this.sentences.push(sentence);
    for (const { operation } of steps) this.operations.add(operation);
  }
}

/** Whether the one came before the other in the same session. */
function isBefore(
  { operation: a }: SessionPut | SessionGet,
  { operation: b }: SessionPut | SessionGet,
): boolean {
  return a.process === b.process && a.invoked < b.invoked;
}
