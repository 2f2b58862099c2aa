import type { Message } from '../../../../actors/envelope.ts';
import type { Random } from '../../../../actors/random.ts';
import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import type { SimulatedHost } from '../../../../actors/simulated/simulated-host.ts';
import type { Outcome } from '../../../../machines/two-phase-commit/client-messages.ts';
import type { TwoPhaseCommitSettings } from '../../../../machines/two-phase-commit/settings.ts';
import type { ReadVersion, Transaction, Write } from '../../../../machines/two-phase-commit/transaction.ts';
import { checkStrictSerializability, type Observation } from './serializability.ts';
import type { TestClient } from './test-client.ts';
import { TwoPhaseWorld, type TwoPhaseWorldOptions } from './two-phase-world.ts';

export interface StormOptions extends Pick<TwoPhaseWorldOptions, 'instruments'> {
  readonly seed: number;
  readonly ms?: number;
  readonly settings?: Partial<TwoPhaseCommitSettings>;
  /** Whether nodes are added, and followers lose their memory. */
  readonly joins?: boolean;
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const CLIENTS_MAX = 4;
const NODES_MAX = 5;
/** Some may have to be taken in, one after the other. */
const JOIN_MS_MAX = 20_000;
/** After this, what a client has not heard it does not wait for. */
const PATIENCE_MS = 5000;

/**
 * Clients with random transactions, in a world in which frames are lost, doubled and overtaken, links cut and nodes
 * killed; then it is mended, and everything must come to an end that agrees. @throws Violation
 */
export async function rage({
  seed,
  ms = 1500,
  settings = {},
  instruments = [],
  joins = false,
}: StormOptions): Promise<TwoPhaseWorld> {
  const random = derivedRandom(seed, 'two-phase storm');
  const world = new TwoPhaseWorld({
    seed,
    followers: random.integer(joins ? 2 : 1, 3),
    settings: {
      voteTimeoutMs: 150,
      decisionTimeoutMs: 60,
      learnerTimeoutMs: 200,
      pageBytesMax: 100,
      ...settings,
    },
    disk: { keptUnflushedProbability: random.next() },
    instruments,
  });
  await world.start();
  const observations: Observation[] = [];
  const state = { isOver: false };
  const clients = Array.from({ length: random.integer(1, CLIENTS_MAX) }, (_, client) =>
    work(world, `client-${client}`, derivedRandom(seed, 'client', client), observations, state),
  );
  const restored = new Set<string>();
  const untilMs = world.host.clock.now() + ms;
  while (world.host.clock.now() < untilMs) {
    await world.run(random.next() * 80);
    for (let steps = random.integer(0, 10); steps > 0; steps--) await world.step();
    await strike(world, random);
    if (joins && random.next() < 0.3)
      await (random.next() < 0.3 ? add(world) : forget(world, random, restored));
  }
  await mend(world);
  state.isOver = true;
  await world.runWhile(Promise.all(clients), PATIENCE_MS);
  await world.settle(joins ? JOIN_MS_MAX : undefined);
  world.checkState();
  checkStrictSerializability(observations.concat(world.unobserved()));
  return world;
}

/** What a storm needs of a world. */
export interface StormyWorld {
  readonly host: SimulatedHost;
  readonly nodes: readonly string[];
  readonly followers: readonly string[];
  client(name: string): Pick<TestClient, 'read'>;
  attempt(client: string, transaction: Partial<Transaction>): Promise<Outcome>;
  send<M extends Message>(node: string, role: string, message: M): void;
  kill(node: string): Promise<void>;
  restart(node: string): Promise<void>;
  run(ms: number): Promise<void>;
}

/** What a node may die of having said. */
const TYPES = ['VOTE-REQ', 'VOTE-YES', 'VOTE-NO', 'COMMIT', 'ABORT', 'ACK', 'DECISION-REQ', 'END'];

/** One fault, or none. */
export async function strike(
  world: StormyWorld,
  random: Random,
  types: readonly string[] = TYPES,
): Promise<void> {
  const { host, nodes } = world;
  const some = () => nodes[random.integer(0, nodes.length - 1)]!;
  // While anybody is missing nothing commits: it must not be for long.
  for (const node of nodes) if (random.next() < 0.5) await world.restart(node);
  if (random.next() < 0.5) mendLinks(world);
  switch (random.integer(0, 7)) {
    case 0:
    case 1:
      return world.kill(some());
    case 2: {
      const [a, b] = [some(), some()];
      if (a !== b) host.linkOneWay(a, b, false);
      return;
    }
    case 3:
      return;
    case 4:
    case 5:
      host.changeNetwork({
        lossProbability: random.next() * 0.2,
        duplicateProbability: random.next() * 0.3,
        reorderProbability: random.next() * 0.3,
        clientLossProbability: random.next() * 0.1,
      });
      return;
    case 6:
      if (host.running.length > 0) {
        host.killAfter(
          host.running[random.integer(0, host.running.length - 1)]!,
          random.integer(1, 5),
          types,
        );
      }
      return;
    default: {
      const follower = world.followers[random.integer(0, world.followers.length - 1)]!;
      if (random.next() < 0.5) world.send(follower, 'participant', { type: 'voteNo', id: 1 });
      else world.send(follower, 'participant', { type: 'delayVote', id: 1, ms: random.integer(1, 200) });
    }
  }
}

async function add(world: TwoPhaseWorld): Promise<void> {
  if (world.nodes.length <= NODES_MAX) await world.add(String(world.nodes.length));
}

/** A follower loses its disks, when another one has all that there is. */
async function forget(world: TwoPhaseWorld, random: Random, restored: Set<string>): Promise<void> {
  const node = world.followers[random.integer(0, world.followers.length - 1)]!;
  if (!world.followers.some((other) => other !== node && world.isMember(other))) return;
  // The host trusts no more than a minority that ever started without their memory, and run since.
  for (const other of restored) {
    if (!world.isMember(other)) return;
    await world.kill(other);
    await world.restart(other);
  }
  restored.clear();
  await world.kill(node);
  world.forget(node);
  await world.restart(node);
  restored.add(node);
}

function mendLinks({ host, nodes }: StormyWorld): void {
  for (const a of nodes) for (const b of nodes) if (a !== b) host.linkOneWay(a, b, true);
}

/** All is well from now on. */
export async function mend(world: StormyWorld): Promise<void> {
  const { host } = world;
  host.changeNetwork({
    lossProbability: 0,
    duplicateProbability: 0,
    reorderProbability: 0,
    clientLossProbability: 0,
  });
  mendLinks(world);
  for (const node of host.running) host.killAfter(node, Number.MAX_SAFE_INTEGER, []);
  await world.run(1);
  for (const node of world.nodes) await world.restart(node);
}

/** One client: one thing after the other. */
export async function work(
  world: StormyWorld,
  name: string,
  random: Random,
  observations: Observation[],
  state: { readonly isOver: boolean },
): Promise<void> {
  const { clock } = world.host;
  for (let number = 1; !state.isOver; number++) {
    await new Promise<void>((resolve) => clock.after(random.next() * 10, resolve));
    const keys = KEYS.filter(() => random.next() < 0.4);
    if (keys.length === 0) continue;
    const startMs = clock.now();
    const mode = random.next();
    const values = mode < 0.7 ? await world.client(name).read(keys) : [];
    const reads = values.map(([version], place): ReadVersion => [keys[place]!, version]);
    const seen = { name: `${name}.${number}`, startMs, reads };
    if (mode < 0.25) {
      observations.push({ ...seen, endMs: clock.now(), id: undefined, writes: [] });
      continue;
    }
    const written = mode < 0.4 ? [] : keys.filter(() => random.next() < 0.6);
    const writes = written.map((key): Write => [key, `${name}.${number}`]);
    // What is deleted is never read: it would have no version.
    if (writes.length > 0 && random.next() < 0.4)
      writes.push(['gone', random.next() < 0.5 ? null : `${name}.${number}`]);
    const outcome: Outcome = await world.attempt(name, { reads, writes });
    if (outcome[1] !== 'committed') continue;
    observations.push({ ...seen, endMs: clock.now(), id: outcome[2] || undefined, writes: written });
  }
}
