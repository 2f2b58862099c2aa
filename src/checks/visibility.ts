import { BitSet } from './bit-set.ts';
import type { Process } from './history.ts';
import type { SessionGet, SessionHistory, SessionPut } from './session-operations.ts';

/** The session guarantees of Terry and others (1994). */
export const SESSION_GUARANTEES = [
  'read your writes',
  'monotonic reads',
  'monotonic writes',
  'writes follow reads',
] as const;
export type SessionGuarantee = (typeof SESSION_GUARANTEES)[number];

/** What a session has done so far. */
interface Session {
  /** Its puts that happened for sure. */
  readonly own: BitSet;
  /** These, and all that is wherever these are. */
  readonly ownAndBefore: BitSet;
  /** All that its gets must have seen. */
  readonly seen: BitSet;
}

/**
 * The puts that every get must have seen, if some of the guarantees hold: no fewer follows from them, and no more. A
 * put that may not have happened is seen where its value was returned; nothing else hangs on it.
 */
export class Visibility {
  readonly guarantees: ReadonlySet<SessionGuarantee>;
  readonly #history: SessionHistory;
  readonly #siblings: boolean;
  readonly #seenBy = new Map<SessionGet, BitSet>();
  /** By number of a put: what is wherever it is. */
  readonly #before: BitSet[] = [];
  /** By number of a put: those of its key that it must have overwritten. */
  readonly #overwritten: (BitSet | undefined)[] = [];

  /** `siblings`: of the puts that a get saw, any that no other one follows may be returned, not only the last. */
  constructor(history: SessionHistory, guarantees: ReadonlySet<SessionGuarantee>, siblings: boolean) {
    this.#history = history;
    this.#siblings = siblings;
    this.guarantees = guarantees;
    const sessions = new Map<Process, Session>();
    for (const step of history.steps) {
      const { process } = step.operation;
      const session = sessions.get(process) ?? this.#session();
      sessions.set(process, session);
      if (step.kind === 'put') this.#put(step, session);
      else this.#get(step, session);
    }
  }

  seenBy(get: SessionGet): BitSet {
    return this.#seenBy.get(get)!;
  }

  before(put: SessionPut): BitSet {
    return this.#before[put.number]!;
  }

  /** Gets that found nothing, although they had to see some put of their key. */
  *missed(): Generator<{ readonly get: SessionGet; readonly put: SessionPut }, void, undefined> {
    for (const [get, seen] of this.#seenBy) {
      const range = this.#history.ranges.get(get.key);
      if (get.put !== undefined || range === undefined) continue;
      for (const number of seen.within(range.start, range.end))
        yield { get, put: this.#history.puts[number]! };
    }
  }

  /** Gets that returned a put, although they had to see one that follows it. */
  *stale(): Generator<
    { readonly get: SessionGet; readonly put: SessionPut; readonly later: SessionPut },
    void,
    undefined
  > {
    for (const [get, seen] of this.#seenBy) {
      const { put } = get;
      if (put === undefined) continue;
      const { start, end } = this.#history.ranges.get(get.key)!;
      for (const number of seen.within(start, end))
        if (this.#overwritten[number]?.has(put.number))
          yield { get, put, later: this.#history.puts[number]! };
    }
  }

  /** The puts that this one, of the same key, must come after. */
  overwrittenBy(put: number): BitSet {
    const overwritten = this.#overwritten[put] ?? this.#set();
    this.#overwritten[put] = overwritten;
    return overwritten;
  }

  #put(put: SessionPut, session: Session): void {
    const before = this.#set();
    if (this.guarantees.has('monotonic writes')) {
      before.addAll(session.ownAndBefore);
      this.#order(put, session.own);
    }
    if (this.guarantees.has('writes follow reads')) {
      before.addAll(session.seen);
      this.#order(put, session.seen);
    }
    this.#before[put.number] = before;
    if (put.operation.outcome !== 'ok') return;
    session.own.add(put.number);
    session.ownAndBefore.add(put.number);
    session.ownAndBefore.addAll(before);
  }

  #get(get: SessionGet, session: Session): void {
    const seen = this.#set();
    if (get.put !== undefined) {
      seen.add(get.put.number);
      seen.addAll(this.before(get.put));
    }
    if (this.guarantees.has('read your writes')) seen.addAll(session.ownAndBefore);
    if (this.guarantees.has('monotonic reads')) seen.addAll(session.seen);
    this.#seenBy.set(get, seen);
    session.seen.addAll(seen);
    if (get.put !== undefined && !this.#siblings) this.#order(get.put, seen);
  }

  #order(after: SessionPut, seen: BitSet): void {
    const { start, end } = this.#history.ranges.get(after.key)!;
    const overwritten = this.overwrittenBy(after.number);
    for (const before of seen.within(start, end)) if (before !== after.number) overwritten.add(before);
  }

  #session(): Session {
    return { own: this.#set(), ownAndBefore: this.#set(), seen: this.#set() };
  }

  #set(): BitSet {
    return new BitSet(this.#history.puts.length);
  }
}
