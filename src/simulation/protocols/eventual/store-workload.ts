import type { Random } from '../../../../actors/random.ts';
import type { Outcome } from '../../../checks/index.ts';
import type { EventualClient } from '../../../client/eventual-client.ts';
import type { StoreValue } from '../../../client/store-value.ts';
import {
  DependencyError,
  RefusedError,
  TimeoutError,
  UnknownOutcomeError,
  UnreachableError,
} from '../../../errors.ts';
import { SessionPast } from '../../invariants/sessions-are-kept.ts';
import { Violation } from '../../violation.ts';
import type { SessionRecorder } from './session-recorder.ts';
import type { WriteHistory } from './write-history.ts';

/** A key that clients use; of one that is deleted, too, a get that finds nothing tells nothing. */
export interface Key {
  readonly name: string;
  readonly isDeleted: boolean;
}

export interface StoreWorkloadOptions {
  readonly client: EventualClient;
  readonly random: Random;
  readonly recorder: SessionRecorder;
  readonly history: WriteHistory;
  readonly pause: (ms: number) => Promise<void>;
  readonly keys: readonly Key[];
  /** The servers that there are now. */
  readonly servers: () => readonly string[];
  /** Most calls in one burst; it waits for all of them before the next. */
  readonly burstMax: number;
  readonly pauseMsMax: number;
  /** How likely it goes to another server after a burst. */
  readonly moves: number;
}

const VALUE_BYTES_MAX = 60;

/** What one client does with its session, at random: puts and deletes, many at once, gets, and moves from server to server. */
export class StoreWorkload {
  readonly #options: StoreWorkloadOptions;
  readonly #past: SessionPast;
  #values = 0;
  #stopped = false;
  readonly counts = { puts: 0, deletes: 0, gets: 0, behind: 0, moves: 0 };

  constructor(options: StoreWorkloadOptions) {
    this.#options = options;
    this.#past = new SessionPast(options.client.name, options.history);
  }

  /** Works until {@link stop}; resolves when the last call has returned. */
  async run(): Promise<void> {
    const { random, pause, burstMax, pauseMsMax, moves } = this.#options;
    while (!this.#stopped) {
      const calls = random.integer(1, burstMax);
      if (random.next() < 0.5) await this.#write(calls);
      else for (let call = 0; call < calls; call++) await this.get(this.#someKey());
      if (random.next() < moves) await this.#move();
      await pause(random.next() * pauseMsMax);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Stands nowhere any more. */
  leave(): Promise<void> {
    return this.#options.client.leave();
  }

  /** Goes to a server, and gets all keys: whether it held all that the session rests on. */
  async readAllAt(node: string): Promise<boolean> {
    const { client, keys } = this.#options;
    await client.moveTo(Number(node));
    for (const key of keys) if (!(await this.get(key))) return false;
    return true;
  }

  /** Whether there was an answer. */
  async get({ name, isDeleted }: Key): Promise<boolean> {
    const { client, recorder, history } = this.#options;
    let value: StoreValue | undefined;
    try {
      value = await client.get(name);
    } catch (error) {
      if (error instanceof DependencyError) this.counts.behind += 1;
      else if (!(error instanceof UnreachableError || error instanceof TimeoutError)) throw error;
      return false;
    }
    this.counts.gets += 1;
    if (value === undefined) {
      this.#past.foundNothing(name);
      if (!isDeleted) recorder.got(client.name, name, null);
      return true;
    }
    recorder.got(client.name, name, String(value));
    const write = history.putOf(value);
    if (write?.key !== name) throw new Violation('nobody put that', `${client.name}: ${name} is ${value}`);
    this.#past.read(write);
    return true;
  }

  /** Puts and deletes that are under way together. */
  async #write(count: number): Promise<void> {
    const { client, random, recorder, history } = this.#options;
    const calls = Array.from({ length: count }, async () => {
      const { name, isDeleted } = this.#someKey();
      const value = this.#nextValue();
      const isDelete = isDeleted && random.next() < 0.4;
      // A delete is a put of what nobody ever reads.
      const end = recorder.put(client.name, name, value);
      const outcome = await outcomeOf(isDelete ? client.delete(name) : client.put(name, value));
      end(outcome);
      if (outcome === 'ok') this.counts[isDelete ? 'deletes' : 'puts'] += 1;
      return { value, isTold: outcome === 'ok' && !isDelete };
    });
    for (const { value, isTold } of await Promise.all(calls)) {
      if (!isTold) continue;
      const write = history.putOf(value);
      if (write === undefined) throw new Violation('told writes are on disk', `${value} is on none`);
      this.#past.put(write);
    }
  }

  async #move(): Promise<void> {
    const { client, random, servers } = this.#options;
    this.counts.moves += 1;
    const names = servers();
    // Seldom it stands nowhere for a while.
    if (random.next() < 0.05) await client.leave();
    else await client.moveTo(Number(names[random.integer(0, names.length - 1)]));
  }

  #someKey(): Key {
    const { keys, random } = this.#options;
    return keys[random.integer(0, keys.length - 1)]!;
  }

  #nextValue(): string {
    const { client, random } = this.#options;
    const padding = '.'.repeat(random.integer(0, VALUE_BYTES_MAX));
    return `${client.name}#${++this.#values}${padding}`;
  }
}

/** What came of a put: one whose answer did not come may have happened, or may happen yet. */
async function outcomeOf(call: Promise<void>): Promise<Outcome> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof UnknownOutcomeError || error instanceof TimeoutError) return 'info';
    if (error instanceof UnreachableError) return 'fail';
    // The server has not heard yet of all members that the session has met.
    if (error instanceof RefusedError && error.code === 'SYNOD_UNKNOWN_MEMBER') return 'fail';
    throw error;
  }
}
