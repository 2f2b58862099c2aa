import { expect } from 'chai';
import type { ParticipantStatus } from '../../machines/two-phase-commit/client-messages.ts';
import { isLong } from '../long.ts';
import { PaxosCommitWorld } from './support/paxos-commit/paxos-commit-world.ts';

/** How long the dead stay so: until the others have gone on; long enough for another to lead; so short that nobody is missed. */
const DEATHS: readonly { readonly downMs: number | undefined; readonly everyNth: number }[] = [
  { downMs: undefined, everyNth: 1 },
  { downMs: 400, everyNth: 3 },
  { downMs: 2, everyNth: 2 },
];
/** How many events after the first death the second one comes. */
const SECOND_DEATHS = [0, 2, 7];
/** Within this everything that is under way is decided, whoever has died. */
const DECIDED_MS = 2500;

/** What goes on while somebody dies. */
const STORIES: Readonly<Record<string, (world: PaxosCommitWorld) => void>> = {
  'one transaction': (world) => {
    void world.attempt('a', { writes: ofAll(['x', 'y'], 'a1') });
  },
  'some on the same keys, some beside': (world) => {
    void world.attempt('a', { writes: ofAll(['x', 'y'], 'a1') });
    void world.attempt('b', { writes: ofAll(['y', 'z'], 'b1') });
    void world.attempt('b', {
      conditions: [['u', 'before']],
      writes: [
        ['u', null],
        ['v', 'b2'],
      ],
    });
    void world.attempt('c', { conditions: [['u', 'never']], writes: [['w', 'c1']] });
  },
  'one that a follower votes against': (world) => {
    world.send('2', 'participant', { type: 'voteNo', id: 1 });
    void world.attempt('a', { writes: ofAll(['x', 'y'], 'a1') });
    void world.attempt('a', { writes: [['x', 'a2']] });
  },
  'a vote that comes too late': (world) => {
    world.send('2', 'participant', { type: 'delayVote', id: 1, ms: 150 });
    void world.attempt('a', { writes: ofAll(['x', 'y'], 'a1') });
    void world.attempt('b', { writes: [['z', 'b1']] });
  },
};

/** At each of its events; of the others, at some. */
const ONE = STORIES['one transaction']!;

const ALL_KEYS = ['u', 'v', 'w', 'x', 'y', 'z'];

const SETTINGS = { voteTimeoutMs: 120, decisionTimeoutMs: 50 };

interface Cluster {
  readonly followers: number;
  readonly groupCommit: boolean;
}
type Story = (world: PaxosCommitWorld) => void;

function ofAll(keys: readonly string[], value: string): [string, string][] {
  return keys.map((key) => [key, value]);
}

async function worldAt({ followers, groupCommit }: Cluster, story: Story): Promise<PaxosCommitWorld> {
  const world = new PaxosCommitWorld({ followers, settings: { ...SETTINGS, groupCommit } });
  await world.start();
  await world.runWhile(world.attempt('a', { writes: ofAll(['u', 'x'], 'before') }), 1000);
  await world.runWhile(world.attempt('b', { writes: [['y', 'before']] }), 1000);
  await world.runWhile(world.attempt('c', { writes: [['z', 'before']] }), 1000);
  await world.settle();
  story(world);
  return world;
}

/** Everybody is back: all agree, all clients know, and nobody holds a key. */
async function conclude(world: PaxosCommitWorld): Promise<void> {
  for (const node of world.nodes) await world.restart(node);
  await world.settle();
  // An order to vote no, or late, may not have been carried out yet.
  await world.runWhile(world.attempt('last', { writes: ofAll(ALL_KEYS, 'last but one') }), DECIDED_MS);
  const last = world.attempt('last', { writes: ofAll(ALL_KEYS, 'last') });
  const [, outcome] = await world.runWhile(last, DECIDED_MS);
  expect(outcome).to.equal('committed');
  await world.settle();
  world.checkState();
}

/** Some are dead, and a majority lives: clients are answered, and nobody who lives waits for a decision. */
async function goOn(world: PaxosCommitWorld): Promise<void> {
  const answered = () => world.attempts.every(({ outcome }) => outcome !== undefined);
  await world.host.runUntil(answered, DECIDED_MS);
  await world.run(DECIDED_MS / 5);
  const reports = [...(await world.reports()).values()];
  const participants = reports.filter((report): report is ParticipantStatus => 'undecided' in report);
  for (const { undecided } of participants) expect(undecided).to.deep.equal([]);
  await world.runWhile(world.client('reader').read(ALL_KEYS), 1000);
  // The order to vote no, or late, may not have been carried out yet.
  await world.runWhile(world.attempt('next', { writes: [['x', 'next but one']] }), DECIDED_MS);
  const [, outcome] = await world.runWhile(world.attempt('next', { writes: [['x', 'next']] }), DECIDED_MS);
  const areAllVoters = world.followers.every((node) => world.host.running.includes(node));
  expect(outcome).to.equal(areAllVoters ? 'committed' : 'aborted');
}

/** How many events there are from the story's begin to its end. */
async function eventsOf(cluster: Cluster, story: Story): Promise<number> {
  await using world = await worldAt(cluster, story);
  let events = 0;
  let idleMs = Number.POSITIVE_INFINITY;
  while (world.host.clock.now() < idleMs && (await world.step())) {
    events += 1;
    if (world.attempts.every(({ outcome }) => outcome !== undefined)) {
      idleMs = Math.min(idleMs, world.host.clock.now() + 5);
    }
  }
  await conclude(world);
  return events;
}

for (const groupCommit of [true, false]) {
  // One at a time, groups go the same way.
  const stories = Object.entries(STORIES).filter(([, story]) => groupCommit || story !== ONE);
  describe(`Paxos Commit, group commit ${groupCommit ? 'on' : 'off'}`, function () {
    this.timeout(isLong ? 3_600_000 : 180_000);
    const three = { followers: 2, groupCommit };
    const five = { followers: 4, groupCommit };

    for (const [name, story] of stories) {
      it(`${name}: whoever dies, the others go on, and all agree`, async () => {
        const events = await eventsOf(three, story);
        for (const victim of ['0', '1', '2']) {
          for (const { downMs, everyNth } of DEATHS) {
            for (let event = 0; event <= events; event += everyNth * (isLong ? 1 : story === ONE ? 2 : 8)) {
              await using world = await worldAt(three, story);
              try {
                for (let step = 0; step < event; step++) await world.step();
                await world.kill(victim);
                if (downMs === undefined) await goOn(world);
                else await world.run(downMs);
                await conclude(world);
              } catch (cause) {
                const down = downMs === undefined ? 'until others went on' : `for ${downMs} ms`;
                throw new Error(`${victim} dies at event ${event}, ${down}: ${String(cause)}`, { cause });
              }
            }
          }
        }
      });
    }

    it('two of five die, one after the other, for good', async () => {
      const story = STORIES['some on the same keys, some beside']!;
      const events = await eventsOf(five, story);
      for (const [first, second] of [
        ['0', '1'],
        ['1', '0'],
        ['1', '2'],
      ] as const) {
        for (const later of SECOND_DEATHS) {
          for (let event = 0; event <= events; event += isLong ? 2 : groupCommit ? 32 : 64) {
            await using world = await worldAt(five, story);
            try {
              for (let step = 0; step < event; step++) await world.step();
              await world.kill(first);
              for (let step = 0; step < later; step++) await world.step();
              await world.kill(second);
              await goOn(world);
              await conclude(world);
            } catch (cause) {
              throw new Error(`${first} dies at event ${event}, ${second} ${later} later: ${String(cause)}`, {
                cause,
              });
            }
          }
        }
      }
    });
  });
}
