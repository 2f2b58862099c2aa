import { expect } from 'chai';
import { PRESUMPTIONS, type TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import type { Transaction } from '../../machines/two-phase-commit/transaction.ts';
import { isLong } from '../long.ts';
import { TwoPhaseWorld } from './support/two-phase/two-phase-world.ts';

/** How many events after the first death the second one comes. */
const SECOND_DEATHS = [0, 2, 6];
/** Every such event is one at which the first dies. */
const PAIR_STEP = isLong ? 1 : 6;

const VICTIMS = ['0', '1', '2'];
const PAIRS = VICTIMS.flatMap((first) =>
  VICTIMS.filter((other) => other !== first).map((second) => [first, second] as const),
);

/** What goes on while somebody dies. */
const STORIES: Readonly<Record<string, (world: TwoPhaseWorld) => void>> = {
  'one transaction': (world) => {
    void world.attempt('a', {
      writes: [
        ['x', 'a1'],
        ['y', 'a1'],
      ],
    });
  },
  'some on the same keys, some beside': (world) => {
    void world.attempt('a', {
      writes: [
        ['x', 'a1'],
        ['y', 'a1'],
      ],
    });
    void world.attempt('b', {
      writes: [
        ['y', 'b1'],
        ['z', 'b1'],
      ],
    });
    void world.attempt('b', {
      conditions: [['u', 'before c']],
      writes: [
        ['u', null],
        ['v', 'b2'],
      ],
    });
    void world.attempt('c', { conditions: [['u', 'never']], writes: [['w', 'c1']] });
  },
  'one that a follower votes against': (world) => {
    world.send('2', 'participant', { type: 'voteNo', id: 1 });
    void world.attempt('a', {
      writes: [
        ['x', 'a1'],
        ['y', 'a1'],
      ],
    });
    void world.attempt('a', { writes: [['x', 'a2']] });
  },
};

/** After so long all has come to an end, and the journals are empty. */
const CALM_MS = 50;

const ALL_KEYS = ['u', 'v', 'w', 'x', 'y', 'z'];

const SETTINGS: Partial<TwoPhaseCommitSettings> = { voteTimeoutMs: 120, decisionTimeoutMs: 50 };

async function worldAt(
  settings: Partial<TwoPhaseCommitSettings>,
  story: (world: TwoPhaseWorld) => void,
): Promise<TwoPhaseWorld> {
  const world = new TwoPhaseWorld({ settings });
  await world.start();
  const before = ['a', 'b', 'c'].map((name) =>
    world.attempt(name, { writes: ['u', 'x', 'y', 'z'].map((key) => [key, `before ${name}`]) }),
  );
  await world.runWhile(Promise.all(before), 1000);
  await world.run(CALM_MS);
  story(world);
  return world;
}

/** Everybody is back: all agree, all clients know, and nobody holds a key. */
async function conclude(world: TwoPhaseWorld): Promise<void> {
  for (const node of world.nodes) await world.restart(node);
  await world.settle();
  // It needs all the keys, and changes nothing. An order to vote no may be left for it.
  const all: Partial<Transaction> = {
    conditions: [['never', 'so']],
    writes: ALL_KEYS.map((key) => [key, 'all']),
  };
  const first = await world.runWhile(world.attempt('last', all), 1000);
  const [, outcome, reason] =
    first[2] === 'vote' ? await world.runWhile(world.attempt('last', all), 1000) : first;
  expect([outcome, reason]).to.deep.equal(['aborted', 'condition']);
  await world.run(CALM_MS);
  world.checkState();
}

/** How many events there are from the story's begin to its end. */
async function eventsOf(
  settings: Partial<TwoPhaseCommitSettings>,
  story: (world: TwoPhaseWorld) => void,
): Promise<number> {
  await using world = await worldAt(settings, story);
  let events = 0;
  const idle = world.host.clock.now() + CALM_MS;
  while (world.host.clock.now() < idle && (await world.step())) events += 1;
  await conclude(world);
  return events;
}

/** So long that whoever is in doubt has asked everybody; or so short that nobody has. */
const LONG_MS = 400;
const SHORT_MS = 2;

const DEATHS = [
  { story: 'one transaction', groupCommit: true, downMs: LONG_MS },
  { story: 'one transaction', groupCommit: true, downMs: SHORT_MS },
  { story: 'some on the same keys, some beside', groupCommit: true, downMs: LONG_MS },
  { story: 'some on the same keys, some beside', groupCommit: false, downMs: SHORT_MS },
  { story: 'one that a follower votes against', groupCommit: true, downMs: LONG_MS },
];

for (const presume of PRESUMPTIONS) {
  describe(`two-phase commit, presume ${presume}`, function () {
    this.timeout(isLong ? 3_600_000 : 120_000);

    for (const { story: name, groupCommit, downMs } of DEATHS) {
      const grouped = groupCommit ? '' : ', each in a group of its own';
      it(`${name}${grouped}: whoever dies at any event, for ${downMs} ms`, async () => {
        const settings = { ...SETTINGS, presume, groupCommit };
        const story = STORIES[name]!;
        const events = await eventsOf(settings, story);
        for (const victim of VICTIMS) {
          for (let event = 0; event <= events; event++) {
            await using world = await worldAt(settings, story);
            try {
              for (let step = 0; step < event; step++) await world.step();
              await world.kill(victim);
              await world.run(downMs);
              await conclude(world);
            } catch (cause) {
              throw new Error(`${victim} dies at event ${event}: ${String(cause)}`, { cause });
            }
          }
        }
      });
    }

    it('two die, one after the other', async () => {
      const settings = { ...SETTINGS, presume };
      const story = STORIES['some on the same keys, some beside']!;
      const events = await eventsOf(settings, story);
      for (const [place, [first, second]] of PAIRS.entries()) {
        for (const later of SECOND_DEATHS) {
          for (let event = place % PAIR_STEP; event <= events; event += PAIR_STEP) {
            await using world = await worldAt(settings, story);
            try {
              for (let step = 0; step < event; step++) await world.step();
              await world.kill(first);
              for (let step = 0; step < later; step++) await world.step();
              await world.kill(second);
              await world.run(150);
              // The first is back before the second.
              await world.restart(first);
              await world.run(150);
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
