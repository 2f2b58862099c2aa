import type { Address } from '../../../actors/address.ts';
import type { Envelope, Message } from '../../../actors/envelope.ts';
import {
  SimulatedHost,
  type SimulatedHostOptions,
  type TraceRecord,
} from '../../../actors/simulated/index.ts';
import type {
  Attached,
  ClientAnswer,
  ClientMessage,
  Dumped,
  EventualStatus,
  MembersNoted,
} from '../../../machines/eventual/client-messages.ts';
import { type Operation, packOperations } from '../../../machines/eventual/operations.ts';
import { eventualProgram } from '../../../machines/eventual/program.ts';
import { mergeSessions, NEW_SESSION, type Session } from '../../../machines/eventual/session.ts';
import type { EventualSettings } from '../../../machines/eventual/settings.ts';

export interface WorldOptions extends Pick<SimulatedHostOptions, 'network' | 'disk' | 'journal'> {
  readonly servers: readonly number[];
  readonly seed?: number;
  readonly settings?: Partial<EventualSettings>;
  /** The links that there are; all, if undefined. */
  readonly links?: readonly (readonly [number, number])[];
  readonly trace?: (record: TraceRecord) => void;
}

/** What a read gave. */
export type ReadResult = { readonly value: unknown } | 'ERR_DEP';

interface Waiting {
  readonly matches: (answer: ClientAnswer, from: string) => boolean;
  readonly resolve: (answer: ClientAnswer) => void;
}

/** No answer came in time, or the server does not run. */
export class NoAnswer extends Error {}

/** Servers in virtual time, and clients of theirs. */
export class World implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly warnings: Error[] = [];
  readonly failures: Error[] = [];
  #waiting = new Set<Waiting>();
  #numbers = 0;
  readonly #cut = new Set<string>();

  private constructor(options: WorldOptions) {
    const { servers, seed = 1, settings, network, disk, journal, trace } = options;
    const nodes = servers.map(String);
    this.host = new SimulatedHost({
      nodes,
      seed,
      program: eventualProgram({ nodes, ...(settings === undefined ? {} : { settings }) }),
      ...(network === undefined ? {} : { network }),
      ...(disk === undefined ? {} : { disk }),
      ...(journal === undefined ? {} : { journal }),
      ...(trace === undefined ? {} : { trace }),
    });
    this.host.attach({
      receive: (envelopes, from) => this.#receive(envelopes, from),
      ended: (node, error) => void this.failures.push(error ?? new Error(`${node} ended`)),
      warn: (error) => void this.warnings.push(error),
    });
  }

  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options);
    const { servers, links } = options;
    if (links !== undefined) {
      for (const a of servers) {
        for (const b of servers) {
          const isLinked = links.some(([c, d]) => (a === c && b === d) || (a === d && b === c));
          if (a < b && !isLinked) await world.link(a, b, false);
        }
      }
    }
    await world.host.start(servers.map(String));
    return world;
  }

  get servers(): number[] {
    return this.host.nodes.map(Number);
  }

  get running(): number[] {
    return this.host.running.map(Number);
  }

  link(a: number, b: number, connected: boolean): Promise<void> {
    const link = linkOf(a, b);
    if (connected) this.#cut.delete(link);
    else this.#cut.add(link);
    return this.host.link(String(a), String(b), connected);
  }

  isLinked(a: number, b: number): boolean {
    return !this.#cut.has(linkOf(a, b));
  }

  /** The live servers that one can reach, by how the links are, itself among them. */
  side(server: number): Set<number> {
    const side = new Set([server]);
    // The set grows while it is walked.
    for (const a of side) for (const b of this.running) if (this.isLinked(a, b)) side.add(b);
    return side;
  }

  /** Cuts, or mends, every link between two groups. */
  async split(some: readonly number[], others: readonly number[], connected = false): Promise<void> {
    for (const a of some) for (const b of others) await this.link(a, b, connected);
  }

  kill(server: number): Promise<void> {
    return this.host.kill(String(server));
  }

  async restart(server: number): Promise<void> {
    await this.host.start([String(server)]);
    await this.tellMembers(server, this.servers);
  }

  /** A new server: the live ones hear of it first. */
  async join(server: number, neighbours: readonly number[] = this.servers): Promise<void> {
    const members = [...this.servers, server];
    for (const other of this.running) await this.tellMembers(other, members);
    for (const other of this.servers) {
      if (!neighbours.includes(other)) this.#isolated.push([other, server]);
    }
    await this.host.add(String(server));
    for (const [a, b] of this.#isolated.splice(0)) await this.link(a, b, false);
    await this.tellMembers(server, members);
  }

  readonly #isolated: [number, number][] = [];

  run(ms: number): Promise<void> {
    return this.host.run(this.host.clock.now() + ms);
  }

  client(name: string, server: number): TestClient {
    return new TestClient(this, name, server);
  }

  async tellMembers(server: number, members: readonly number[]): Promise<void> {
    await this.ask<MembersNoted>(server, (id) => ({ type: 'members', id, members }));
  }

  status(server: number): Promise<EventualStatus> {
    return this.ask<EventualStatus>(server, (id) => ({ type: 'status', id }));
  }

  async dump(server: number): Promise<Record<string, unknown>> {
    const values: Record<string, unknown> = {};
    let after: string | undefined;
    for (;;) {
      const from: string | undefined = after;
      const piece: Dumped = await this.ask<Dumped>(server, (id) => ({ type: 'dump', id, after: from }));
      for (const [key, value] of piece.entries) values[key] = value;
      if (!piece.hasMore) return values;
      after = piece.entries.at(-1)![0];
    }
  }

  /** Until all live servers that can reach each other are alike and quiet. Gives how long it took. */
  async stabilize(limitMs = 5000): Promise<number> {
    const startMs = this.host.clock.now();
    for (;;) {
      const statuses = await this.#statuses();
      if (this.#areStable(statuses)) return this.host.clock.now() - startMs;
      if (this.host.clock.now() - startMs > limitMs) {
        throw new Error(`not stable within ${limitMs} ms: ${JSON.stringify(statuses)}`);
      }
      await this.run(10);
    }
  }

  async #statuses(): Promise<EventualStatus[]> {
    const statuses: EventualStatus[] = [];
    for (const server of this.running) statuses.push(await this.status(server));
    return statuses;
  }

  /** Whether those that can reach each other know it, and are alike. */
  #areStable(statuses: readonly EventualStatus[]): boolean {
    return statuses.every((status) => {
      const side = this.side(status.server);
      return (
        status.isQuiet &&
        status.reachable.length === side.size - 1 &&
        statuses.every(
          ({ server, shown, held }) =>
            !side.has(server) || (shown === status.shown && String(held) === String(status.held)),
        )
      );
    });
  }

  /** Asks a server until it answers. */
  async ask<Answer extends ClientAnswer & { readonly id: number }>(
    server: number,
    question: (id: number) => ClientMessage,
    limitMs = 3000,
  ): Promise<Answer> {
    const id = ++this.#numbers;
    const message = question(id);
    const answer = await this.exchange(
      server,
      message,
      (candidate) => 'id' in candidate && candidate.id === id,
      limitMs,
    );
    return answer as Answer;
  }

  /** Sends a message to a server, again and again, until an answer comes that matches. @throws NoAnswer */
  async exchange(
    server: number,
    message: ClientMessage,
    matches: (answer: ClientAnswer) => boolean,
    limitMs = 3000,
    from: Address = 'clients/test',
  ): Promise<ClientAnswer> {
    let answer: ClientAnswer | undefined;
    const waiting: Waiting = {
      matches: (candidate, node) => node === String(server) && matches(candidate),
      resolve: (found) => {
        answer = found;
      },
    };
    this.#waiting.add(waiting);
    const untilMs = this.host.clock.now() + limitMs;
    try {
      while (answer === undefined) {
        if (this.host.clock.now() >= untilMs || !this.running.includes(server)) throw new NoAnswer();
        this.send(server, message, from);
        const againMs = Math.min(untilMs, this.host.clock.now() + 40);
        while (answer === undefined && this.host.clock.now() < againMs) await this.run(0.2);
      }
      return answer;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  send(server: number, message: Message, from: Address = 'clients/test'): void {
    this.host.send(String(server), [{ to: `${server}/replica`, from, message }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }

  #receive(envelopes: readonly Envelope[], from: string): void {
    for (const { message } of envelopes) {
      const answer = message as ClientAnswer;
      for (const waiting of this.#waiting) if (waiting.matches(answer, from)) waiting.resolve(answer);
    }
  }
}

/** A client with its session, one operation at a time. */
export class TestClient {
  readonly name: string;
  readonly #world: World;
  server: number;
  session: Session = NEW_SESSION;
  #attachment: string | undefined;
  #number = 0;

  constructor(world: World, name: string, server: number) {
    this.#world = world;
    this.name = name;
    this.server = server;
    this.moveTo(server);
  }

  moveTo(server: number): void {
    this.server = server;
    this.#attachment = undefined;
    this.#number = 0;
  }

  put(key: string, value: unknown): Promise<void> {
    return this.write([{ key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.write([{ key, value: undefined }]);
  }

  async #attached(): Promise<string> {
    if (this.#attachment === undefined) {
      const { attachment } = await this.#world.ask<Attached>(this.server, (id) => ({ type: 'attach', id }));
      this.#attachment = attachment;
    }
    return this.#attachment;
  }

  /** @throws NoAnswer; it may have happened then. */
  async write(operations: readonly Operation[]): Promise<void> {
    const attachment = await this.#attached();
    const number = ++this.#number;
    const message: ClientMessage = {
      type: 'write',
      attachment,
      number,
      session: this.session,
      operations: packOperations(operations),
    };
    const answer = await this.#world
      .exchange(
        this.server,
        message,
        (candidate) =>
          'attachment' in candidate &&
          candidate.attachment === attachment &&
          'number' in candidate &&
          candidate.number === number,
      )
      .catch((error: unknown) => {
        // Whatever is on its way belongs to the old attachment.
        this.moveTo(this.server);
        throw error;
      });
    if (answer.type === 'written') {
      this.session = mergeSessions(this.session, answer.session);
      return;
    }
    this.moveTo(this.server);
    if (answer.type === 'unattached') throw new NoAnswer();
    throw new Error(JSON.stringify(answer));
  }

  async get(key: string): Promise<ReadResult> {
    const answer = await this.#world.ask(this.server, (id) => ({
      type: 'read',
      id,
      past: this.session.past,
      keys: [key],
    }));
    const found: ClientAnswer = answer;
    if (found.type === 'behind') return 'ERR_DEP';
    if (found.type !== 'values') throw new Error(JSON.stringify(found));
    this.session = mergeSessions(this.session, found.session);
    return { value: found.values[0] };
  }
}

function linkOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
