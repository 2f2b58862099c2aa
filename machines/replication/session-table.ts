import { pack, unpack } from '../../actors/codec.ts';
import { estimateBytes } from './plain-data.ts';

/** Most sessions that are remembered; beyond it the one used longest ago is forgotten. */
export const SESSIONS_MAX = 65_536;
/** Most results that are kept of one session; beyond it the older half goes, acknowledged or not. */
export const SESSION_RESULTS_MAX = 65_536;
/** About the most bytes of results that are kept of one session; beyond it, too. */
export const SESSION_RESULT_BYTES_MAX = 4 * 1024 * 1024;

/** What is remembered of a client so that each of its operations is applied exactly once, in its order. */
export interface Session {
  readonly number: number;
  /** The number of the last operation applied, 0 for none. */
  last: number;
  /** Results up to this number are no longer kept. */
  forgotten: number;
  /** Rises with every use of any session, so the order of eviction is the same everywhere, also after a restart. */
  used: number;
  /** The results of the operations `forgotten + 1` to `last`. */
  readonly results: unknown[];
  /** A rough size of these. */
  resultBytes: number;
}

/** The counters of the table; part of what is replicated. */
export interface SessionCounters {
  readonly nextSession: number;
  readonly uses: number;
}

/** The sessions of all clients (Raft thesis, section 6.3). Deterministic: the same calls give the same table. */
export class SessionTable {
  readonly #sessionsMax: number;
  /** In order of use, the one used longest ago first. */
  readonly #sessions = new Map<number, Session>();
  readonly #dirty = new Set<number>();
  #dirtyBytes = 0;
  #nextSession = 1;
  #uses = 0;

  constructor(sessionsMax = SESSIONS_MAX) {
    this.#sessionsMax = sessionsMax;
  }

  /** Builds the table from what {@link takeDirty} and {@link counters} gave. @throws TypeError for a broken record. */
  static restore(
    counters: SessionCounters,
    records: Iterable<readonly [session: number, record: Uint8Array]>,
    sessionsMax = SESSIONS_MAX,
  ): SessionTable {
    const table = new SessionTable(sessionsMax);
    table.#nextSession = counters.nextSession;
    table.#uses = counters.uses;
    const sessions = Array.from(records, ([number, record]) => decodeSession(number, record));
    for (const session of sessions.sort((a, b) => a.used - b.used))
      table.#sessions.set(session.number, session);
    return table;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get counters(): SessionCounters {
    return { nextSession: this.#nextSession, uses: this.#uses };
  }

  /** A rough size of what {@link takeDirty} would give. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** Opens a session and gives its number; may forget the one used longest ago. */
  open(): number {
    const number = this.#nextSession;
    this.#nextSession += 1;
    this.#uses += 1;
    this.#sessions.set(number, {
      number,
      last: 0,
      forgotten: 0,
      used: this.#uses,
      results: [],
      resultBytes: 0,
    });
    this.#touch(number);
    if (this.#sessions.size > this.#sessionsMax) this.#evict();
    return number;
  }

  /** The session, which counts as used by this; undefined when it never was or is forgotten. */
  use(number: number): Session | undefined {
    const session = this.#sessions.get(number);
    if (session === undefined) return undefined;
    this.#uses += 1;
    session.used = this.#uses;
    this.#sessions.delete(number);
    this.#sessions.set(number, session);
    this.#touch(number);
    return session;
  }

  /** Forgets the results up to `acknowledged`: the client has them. */
  acknowledge(session: Session, acknowledged: number): void {
    forget(session, Math.min(acknowledged, session.last) - session.forgotten);
  }

  /** Keeps the result of operation `last + 1`, which has just been applied. */
  keep(session: Session, result: unknown): void {
    const bytes = estimateBytes(result);
    session.last += 1;
    session.results.push(result);
    session.resultBytes += bytes;
    this.#dirtyBytes += bytes;
    if (session.results.length > SESSION_RESULTS_MAX || session.resultBytes > SESSION_RESULT_BYTES_MAX) {
      forget(session, Math.ceil(session.results.length / 2));
    }
  }

  /** What has changed since the last call: a session's record, or undefined for one that is forgotten. */
  takeDirty(): [session: number, record: Uint8Array | undefined][] {
    const taken = Array.from(this.#dirty, (number): [number, Uint8Array | undefined] => {
      const session = this.#sessions.get(number);
      return [number, session === undefined ? undefined : encodeSession(session)];
    });
    this.#dirty.clear();
    this.#dirtyBytes = 0;
    return taken;
  }

  #touch(number: number): void {
    this.#dirty.add(number);
    this.#dirtyBytes += 32;
  }

  #evict(): void {
    const [oldest] = this.#sessions.keys();
    if (oldest === undefined) return;
    this.#sessions.delete(oldest);
    this.#touch(oldest);
  }
}

/** What stands for a result that is no longer kept: the operation was applied, once. */
export const RESULT_FORGOTTEN = 'SYNOD_RESULT_FORGOTTEN';

/** The kept result of an operation that was applied before; a refusal when it is no longer kept. */
export function resultOf(session: Session, number: number): unknown {
  if (number <= session.forgotten) return { refused: RESULT_FORGOTTEN };
  return session.results[number - session.forgotten - 1];
}

function forget(session: Session, count: number): void {
  if (count <= 0) return;
  session.forgotten += count;
  for (const result of session.results.splice(0, count)) session.resultBytes -= estimateBytes(result);
}

function encodeSession({ last, forgotten, used, results }: Session): Uint8Array<ArrayBuffer> {
  return pack([last, forgotten, used, results]);
}

function decodeSession(number: number, record: Uint8Array): Session {
  const decoded = unpack(record);
  if (Array.isArray(decoded)) {
    const [last, forgotten, used, results] = decoded as unknown[];
    if (typeof last === 'number' && typeof forgotten === 'number' && typeof used === 'number') {
      if (Array.isArray(results) && results.length === last - forgotten) {
        return { number, last, forgotten, used, results, resultBytes: sizeOf(results) };
      }
    }
  }
  throw new TypeError(`the record of session ${number} is broken`);
}

function sizeOf(results: readonly unknown[]): number {
  return results.reduce<number>((bytes, result) => bytes + estimateBytes(result), 0);
}
