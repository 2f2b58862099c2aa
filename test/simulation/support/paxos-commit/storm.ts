import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import type { PaxosCommitOptions } from '../../../../machines/paxos-commit/program.ts';
import { checkStrictSerializability, type Observation } from '../two-phase/serializability.ts';
import { mend, strike, work } from '../two-phase/storm.ts';
import { PaxosCommitWorld, type PaxosCommitWorldOptions } from './paxos-commit-world.ts';

export interface StormOptions extends Pick<PaxosCommitWorldOptions, 'instruments'> {
  readonly seed: number;
  readonly ms?: number;
  readonly settings?: PaxosCommitOptions['settings'];
}

const CLIENTS_MAX = 4;
/** After this, what a client has not heard it does not wait for. */
const PATIENCE_MS = 5000;
/** What a node may die of having said. */
const TYPES = [
  'VOTE-REQ',
  'VOTE-YES',
  'VOTE-NO',
  'COMMIT',
  'ABORT',
  'ACK',
  'p1a',
  'p1b',
  'p2a',
  'p2b',
  'collect',
];

/** The storm over two-phase commit, over Paxos Commit: in the end, all agree, in each instance and in all. @throws Violation */
export async function rage({
  seed,
  ms = 1500,
  settings = {},
  instruments = [],
}: StormOptions): Promise<PaxosCommitWorld> {
  const random = derivedRandom(seed, 'paxos commit storm');
  const world = new PaxosCommitWorld({
    seed,
    followers: random.integer(1, 4),
    settings: { voteTimeoutMs: 150, decisionTimeoutMs: 60, ...settings },
    disk: { keptUnflushedProbability: random.next() },
    instruments,
  });
  await world.start();
  const observations: Observation[] = [];
  const state = { isOver: false };
  const clients = Array.from({ length: random.integer(1, CLIENTS_MAX) }, (_, client) =>
    work(world, `client-${client}`, derivedRandom(seed, 'client', client), observations, state),
  );
  const untilMs = world.host.clock.now() + ms;
  while (world.host.clock.now() < untilMs) {
    await world.run(random.next() * 80);
    for (let steps = random.integer(0, 10); steps > 0; steps--) await world.step();
    await strike(world, random, TYPES);
  }
  await mend(world);
  state.isOver = true;
  await world.runWhile(Promise.all(clients), PATIENCE_MS);
  await world.settle();
  world.checkState();
  checkStrictSerializability(observations.concat(world.unobserved()));
  return world;
}
