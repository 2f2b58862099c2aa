import { expect } from 'chai';
import { PRESUMPTIONS, type TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import { TwoPhaseWorld } from './support/two-phase/two-phase-world.ts';

/** So long that whoever is in doubt has asked everybody; and so short that nobody has. */
const DOWN_MS = [400, 2];
/** How many events after the first death the second one comes. */
const SECOND_DEATHS = [0, 1, 3, 7];

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
    void world.attempt('a', {
      writes: [
        ['x', 'a1'],
        ['y', 'a1'],
      ],
    });
    void world.attempt('a', { writes: [['x', 'a2']] });
  },
};

const ALL_KEYS = ['u', 'v', 'w', 'x', 'y', 'z'];

const SETTINGS: Partial<TwoPhaseCommitSettings> = { voteTimeoutMs: 120, decisionTimeoutMs: 50 };

async function worldAt(
  settings: Partial<TwoPhaseCommitSettings>,
  story: (world: TwoPhaseWorld) => void,
): Promise<TwoPhaseWorld> {
  const world = new TwoPhaseWorld({ settings });
  await world.start();
  await world.runWhile(
    world.attempt('a', {
      writes: [
        ['u', 'before'],
        ['x', 'before'],
      ],
    }),
    1000,
  );
  await world.runWhile(world.attempt('b', { writes: [['y', 'before']] }), 1000);
  await world.runWhile(world.attempt('c', { writes: [['z', 'before']] }), 1000);
  await world.settle();
  story(world);
  return world;
}

/** Everybody is back: all agree, all clients know, and nobody holds a key. */
async function conclude(world: TwoPhaseWorld): Promise<void> {
  for (const node of world.nodes) await world.restart(node);
  await world.settle();
  // The order to vote no may not have been carried out yet.
  await world.runWhile(world.attempt('last', { writes: ALL_KEYS.map((key) => [key, 'last but one']) }), 1000);
  const last = world.attempt('last', { writes: ALL_KEYS.map((key) => [key, 'last']) });
  const [, outcome] = await world.runWhile(last, 1000);
  expect(outcome).to.equal('committed');
  await world.settle();
  world.checkState();
}

/** How many events there are from the story's begin to its end. */
async function eventsOf(
  settings: Partial<TwoPhaseCommitSettings>,
  story: (world: TwoPhaseWorld) => void,
): Promise<number> {
  await using world = await worldAt(settings, story);
  let events = 0;
  const idle = world.host.clock.now() + 60;
  while (world.host.clock.now() < idle && (await world.step())) events += 1;
  await conclude(world);
  return events;
}

for (const presume of PRESUMPTIONS) {
  for (const groupCommit of [true, false]) {
    describe(`two-phase commit, presume ${presume}, group commit ${groupCommit ? 'on' : 'off'}`, function () {
      this.timeout(120_000);
      const settings = { ...SETTINGS, presume, groupCommit };

      for (const [name, story] of Object.entries(STORIES)) {
        it(`${name}: whoever dies at any event`, async () => {
          const events = await eventsOf(settings, story);
          for (const victim of VICTIMS) {
            for (const downMs of DOWN_MS) {
              for (let event = 0; event <= events; event++) {
                await using world = await worldAt(settings, story);
                try {
                  for (let step = 0; step < event; step++) await world.step();
                  await world.kill(victim);
                  await world.run(downMs);
                  await conclude(world);
                } catch (cause) {
                  throw new Error(`${victim} dies at event ${event}, for ${downMs} ms: ${String(cause)}`, {
                    cause,
                  });
                }
              }
            }
          }
        });
      }

      it('two die, one after the other', async () => {
        const story = STORIES['some on the same keys, some beside']!;
        const events = await eventsOf(settings, story);
        for (const [first, second] of PAIRS) {
          for (const later of SECOND_DEATHS) {
            for (let event = 0; event <= events; event += 2) {
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
                throw new Error(
                  `${first} dies at event ${event}, ${second} ${later} later: ${String(cause)}`,
                  { cause },
                );
              }
            }
          }
        }
      });
    });
  }
}
