import type { Random } from '../../../actors/random.ts';
import { seededRandom } from '../../../actors/random.ts';
import type { ClientAnswer, ClientMessage } from '../../../machines/eventual/client-messages.ts';
import { packOperations } from '../../../machines/eventual/operations.ts';
import { mergeSessions, NEW_SESSION, type Session } from '../../../machines/eventual/session.ts';
import { History, type WriteRecord } from './history.ts';
import { World, type WorldOptions } from './world.ts';

export interface StormOptions {
  readonly seed: number;
  readonly servers: number;
  readonly clients: number;
  readonly steps: number;
  readonly keys: number;
  readonly settings?: WorldOptions['settings'];
  /** Whether nodes die and servers join. */
  readonly kills: boolean;
  readonly joins: boolean;
  /** How likely an operation is a delete. */
  readonly deletes: number;
}

const RESEND_MS = 40;
const GIVE_UP_MS = 400;

/** A client that does one thing after the other, and moves. */
class StormClient {
  readonly name: string;
  server: number;
  session: Session = NEW_SESSION;
  #attachments = 0;
  #number = 0;
  #open:
    | {
        readonly message: ClientMessage;
        readonly sinceMs: number;
        sentMs: number;
        readonly key: string;
        readonly write: WriteRecord | undefined;
      }
    | undefined;

  constructor(name: string, server: number) {
    this.name = name;
    this.server = server;
  }

  get isIdle(): boolean {
    return this.#open === undefined;
  }

  moveTo(server: number): void {
    this.server = server;
    this.#attachments += 1;
    this.#number = 0;
  }

  begin(
    world: World,
    history: History,
    key: string,
    value: string | undefined,
    isRead: boolean,
    id: number,
  ): void {
    const nowMs = world.host.clock.now();
    const { session } = this;
    if (isRead) {
      const message: ClientMessage = { type: 'read', id, past: session.past, keys: [key] };
      this.#open = { message, sinceMs: nowMs, sentMs: nowMs, key, write: undefined };
    } else {
      const write = history.begin(this.name, this.server, key, value);
      const message: ClientMessage = {
        type: 'write',
        attachment: `${this.name}.${this.#attachments}`,
        number: ++this.#number,
        session,
        operations: packOperations([{ key, value }]),
      };
      this.#open = { message, sinceMs: nowMs, sentMs: nowMs, key, write };
    }
    world.send(this.server, this.#open.message, `clients/${this.name}`);
  }

  tick(world: World): void {
    const open = this.#open;
    if (open === undefined) return;
    const nowMs = world.host.clock.now();
    if (!world.running.includes(this.server) || nowMs - open.sinceMs > GIVE_UP_MS) {
      // It may have happened, or may yet.
      this.#open = undefined;
      this.moveTo(this.server);
    } else if (nowMs - open.sentMs > RESEND_MS) {
      open.sentMs = nowMs;
      world.send(this.server, open.message, `clients/${this.name}`);
    }
  }

  hear(answer: ClientAnswer, from: string, history: History): void {
    const open = this.#open;
    if (open === undefined || from !== String(this.server)) return;
    const { message, write, key } = open;
    if (message.type === 'write') {
      if (!('attachment' in answer) || answer.attachment !== message.attachment) return;
      if (answer.type === 'unattached') {
        this.#open = undefined;
        this.moveTo(this.server);
      } else if (answer.type === 'written' && answer.number === message.number) {
        this.#open = undefined;
        this.session = mergeSessions(this.session, answer.session);
        history.written(write!, answer.session.order);
      } else if (answer.type !== 'written') {
        throw new Error(JSON.stringify(answer));
      }
    } else if (message.type === 'read' && 'id' in answer && answer.id === message.id) {
      this.#open = undefined;
      if (answer.type !== 'values') return;
      this.session = mergeSessions(this.session, answer.session);
      history.read(this.name, key, answer.values[0]);
    }
  }
}

/** Clients write, read and move while servers die and links break; at the end all is well, and checked. */
export async function storm(
  options: StormOptions,
): Promise<{ readonly reads: number; readonly writes: number }> {
  const { seed, servers, clients: clientCount, steps, keys, deletes, settings } = options;
  const random = seededRandom(seed);
  const ids = Array.from({ length: servers }, (_, place) => 2 + 3 * place);
  await using world = await World.start({
    servers: ids,
    seed,
    ...(settings === undefined ? {} : { settings }),
  });
  const history = new History();
  const clients = Array.from(
    { length: clientCount },
    (_, place) => new StormClient(`c${place}`, ids[place % servers]!),
  );
  let failure: unknown;
  world.listen((answer, from, to) => {
    try {
      clients.find(({ name }) => to === `clients/${name}`)?.hear(answer, from, history);
    } catch (error) {
      failure ??= error;
    }
  });
  let number = 0;
  const step = async () => {
    for (const client of clients) {
      client.tick(world);
      if (!client.isIdle || random.next() < 0.5) continue;
      const isStranded = !world.running.includes(client.server);
      if (random.next() < (isStranded ? 0.3 : 0.1)) client.moveTo(pick(random, world.servers));
      if (!world.running.includes(client.server)) continue;
      const key = `k${random.integer(0, keys - 1)}`;
      const chance = random.next();
      number += 1;
      const value = chance < deletes ? undefined : `v${number}`;
      client.begin(world, history, key, value, chance > 0.45, number + 1_000_000_000);
    }
    await world.run(random.next() * 8);
    if (failure !== undefined) throw failure;
    if (world.failures.length > 0) throw world.failures[0];
  };
  for (let at = 0; at < steps; at++) {
    await step();
    if (random.next() < 0.08) await fault(world, random, options);
  }
  await mend(world);
  for (let at = 0; at < 20; at++) await step();
  for (let at = 0; at < 60; at++) {
    for (const client of clients) client.tick(world);
    await world.run(10);
  }
  if (failure !== undefined) throw failure;
  await world.stabilize();
  const [first = 0, ...others] = world.running;
  const values = await world.dump(first);
  for (const other of others) {
    const there = await world.dump(other);
    if (JSON.stringify(there) !== JSON.stringify(values)) {
      throw new Error(
        `servers ${first} and ${other} differ:\n${JSON.stringify(values)}\n${JSON.stringify(there)}`,
      );
    }
  }
  history.checkEnd(values);
  // Tombstones go, and nothing comes back.
  await world.run(3000);
  const versions = new Set<string>();
  for (const server of world.running) versions.add((await world.status(server)).versions);
  if (versions.size > 1) throw new Error(`servers keep other versions: ${JSON.stringify([...versions])}`);
  for (const server of world.running) {
    const there = await world.dump(server);
    if (JSON.stringify(there) !== JSON.stringify(values))
      throw new Error(`server ${server} has changed again`);
  }
  if (world.failures.length > 0) throw world.failures[0];
  return { reads: history.reads, writes: history.writes.length };
}

async function fault(world: World, random: Random, { kills, joins, servers }: StormOptions): Promise<void> {
  const chance = random.next();
  const a = pick(random, world.servers);
  const b = pick(random, world.servers);
  if (chance < 0.25) {
    if (a !== b) await world.link(a, b, false);
  } else if (chance < 0.5) {
    if (a !== b) await world.link(a, b, true);
  } else if (chance < 0.58) {
    const some = world.servers.filter(() => random.next() < 0.5);
    await world.split(
      some,
      world.servers.filter((server) => !some.includes(server)),
    );
  } else if (chance < 0.64) {
    for (const c of world.servers) for (const d of world.servers) if (c < d) await world.link(c, d, true);
  } else if (chance < 0.8) {
    world.host.changeNetwork({
      lossProbability: random.next() < 0.5 ? 0 : random.next() * 0.3,
      clientLossProbability: random.next() < 0.5 ? 0 : random.next() * 0.2,
      duplicateProbability: random.next() * 0.2,
      reorderProbability: random.next() * 0.2,
      latencyMsMax: 0.5 + random.next() * 5,
    });
  } else if (chance < 0.95) {
    if (!kills) return;
    if (world.running.includes(a)) await world.kill(a);
    else await world.start(a);
  } else if (joins && world.servers.length < servers + 2) {
    const id = random.integer(0, 3 * servers);
    if (!world.servers.includes(id)) await world.join(id);
  }
}

async function mend(world: World): Promise<void> {
  world.host.changeNetwork({
    lossProbability: 0,
    clientLossProbability: 0,
    duplicateProbability: 0,
    reorderProbability: 0,
    latencyMsMax: 0.5,
  });
  for (const a of world.servers) for (const b of world.servers) if (a < b) await world.link(a, b, true);
  for (const server of world.servers) if (!world.running.includes(server)) await world.restart(server);
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(0, items.length - 1)]!;
}
