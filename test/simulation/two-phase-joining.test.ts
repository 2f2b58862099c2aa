import { expect } from 'chai';
import type { ParticipantStatus } from '../../machines/two-phase-commit/client-messages.ts';
import { PRESUMPTIONS, type TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import type { Write } from '../../machines/two-phase-commit/transaction.ts';
import { Violation } from '../../src/simulation/violation.ts';
import { TwoPhaseWorld } from './support/two-phase/two-phase-world.ts';

const SETTINGS: Partial<TwoPhaseCommitSettings> = {
  voteTimeoutMs: 120,
  decisionTimeoutMs: 50,
  learnerTimeoutMs: 300,
  // Many pages, even of a small store.
  pageBytesMax: 200,
};
const KEYS = Array.from({ length: 40 }, (_, key) => `key ${String(key).padStart(2, '0')}`);
const JOIN_MS_MAX = 20_000;

interface Load {
  stop(): Promise<void>;
}

/** Clients that write, and delete, until they are stopped. */
function loadOn(world: TwoPhaseWorld, clients: number): Load {
  const state = { isOver: false };
  const work = async (client: number): Promise<void> => {
    for (let number = 1; !state.isOver; number++) {
      const key = (step: number) => KEYS[(client * 11 + number * 7 + step) % KEYS.length]!;
      const writes: Write[] = [
        [key(0), `${client}.${number}`],
        [key(5), null],
      ];
      await world.attempt(`client-${client}`, { writes });
    }
  };
  const working = Array.from({ length: clients }, (_, client) => work(client));
  return {
    async stop() {
      state.isOver = true;
      await world.runWhile(Promise.all(working), 5000);
    },
  };
}

async function worldWith(
  settings: Partial<TwoPhaseCommitSettings> = {},
  seed = 1,
  followers = 2,
): Promise<TwoPhaseWorld> {
  const world = new TwoPhaseWorld({ seed, followers, settings: { ...SETTINGS, ...settings } });
  await world.start();
  const writes = KEYS.map((key): Write => [key, `first value of ${key}`]);
  await world.runWhile(world.attempt('first', { writes }), 1000);
  return world;
}

async function isMember(world: TwoPhaseWorld, node: string): Promise<boolean> {
  const report = (await world.reports()).get(node) as ParticipantStatus | undefined;
  return report?.isMember === true;
}

async function untilMember(world: TwoPhaseWorld, node: string): Promise<void> {
  const untilMs = world.host.clock.now() + JOIN_MS_MAX;
  while (!(await isMember(world, node))) {
    if (world.host.clock.now() > untilMs)
      throw new Violation('who asks is taken in', JSON.stringify([...(await world.reports())]));
  }
}

async function conclude(world: TwoPhaseWorld): Promise<void> {
  await world.settle(JOIN_MS_MAX);
  const [, outcome] = await world.runWhile(world.attempt('last', { writes: [['last', 'of all']] }), 1000);
  expect(outcome).to.equal('committed');
  await world.settle();
  world.checkState();
}

for (const presume of PRESUMPTIONS) {
  describe(`a follower that joins, presume ${presume}`, function () {
    this.timeout(60_000);

    it('has everything, though others write all the while', async () => {
      for (let seed = 1; seed <= 3; seed++) {
        await using world = await worldWith({ presume }, seed);
        const load = loadOn(world, 3);
        await world.add('3');
        await untilMember(world, '3');
        await world.run(50);
        await load.stop();
        await conclude(world);
      }
    });

    it('that had lost its memory does so too', async () => {
      for (let seed = 1; seed <= 3; seed++) {
        await using world = await worldWith({ presume }, seed, 3);
        const load = loadOn(world, 3);
        await world.run(20 + seed);
        await world.kill('2');
        world.forget('2');
        await world.restart('2');
        await untilMember(world, '2');
        await load.stop();
        await conclude(world);
      }
    });
  });
}

describe('a follower that joins', function () {
  this.timeout(120_000);

  it('answers no read before it is one', async () => {
    await using world = await worldWith();
    await world.add('3');
    await world.run(2);
    world.send('3', 'participant', { type: 'read', id: 1, keys: ['key 00'] });
    const value = world.client('reader').read(['key 00'], '3');
    expect(await isMember(world, '3')).to.equal(false);
    // Another has answered.
    expect(await world.runWhile(value, 1000)).to.deep.equal([[2 ** 32 + 1, 'first value of key 00']]);
  });

  it('is one after another, when several come at once', async () => {
    await using world = await worldWith();
    await world.add('3');
    await world.add('4');
    await untilMember(world, '3');
    await untilMember(world, '4');
    await conclude(world);
  });

  it('starts over where it has lost its store alone', async () => {
    await using world = await worldWith({}, 1, 3);
    await world.settle();
    await world.kill('2');
    const store = world.host.storeDiskOf('2');
    store.rot([...store.records.from('')][0]!.key);
    await world.restart('2');
    expect(await isMember(world, '2')).to.equal(false);
    await untilMember(world, '2');
    await conclude(world);
  });

  it('is a follower still after a restart, and after one of the leader', async () => {
    await using world = await worldWith();
    await world.add('3');
    await untilMember(world, '3');
    for (const node of ['3', '0']) {
      await world.kill(node);
      await world.restart(node);
    }
    expect(await isMember(world, '3')).to.equal(true);
    await conclude(world);
    await world.kill('3');
    const [, outcome, reason] = await world.runWhile(world.attempt('a', { writes: [['x', 'no']] }), 1000);
    expect([outcome, reason]).to.deep.equal(['aborted', 'timeout']);
  });

  it('does not hold the others up for long when it dies meanwhile', async () => {
    await using world = await worldWith();
    await world.add('3');
    await world.run(5);
    await world.kill('3');
    await world.run(SETTINGS.learnerTimeoutMs! + 50);
    const [, outcome] = await world.runWhile(world.attempt('a', { writes: [['x', 'yes']] }), 1000);
    expect(outcome).to.equal('committed');
  });

  for (const [who, victims] of Object.entries({
    'it dies': ['3'],
    'the leader dies': ['0'],
    'a source dies': ['1'],
    'all die': ['0', '1', '2', '3'],
  })) {
    it(`becomes one whenever ${who}`, async () => {
      const start = async (): Promise<{ world: TwoPhaseWorld; load: Load }> => {
        const world = await worldWith({ pageBytesMax: 1000 });
        const load = loadOn(world, 2);
        await world.add('3');
        return { world, load };
      };
      let events = 0;
      {
        const { world } = await start();
        await using _ = world;
        while (!(await isMember(world, '3'))) events += 1;
        // An event is much shorter than a report takes.
        events *= 60;
      }
      for (let event = 0; event < events; event += 9) {
        const { world, load } = await start();
        await using _ = world;
        try {
          for (let step = 0; step < event; step++) await world.step();
          for (const victim of victims) await world.kill(victim);
          await world.run(event % 2 === 0 ? 1 : 100);
          for (const victim of victims) await world.restart(victim);
          await world.run(100);
          await load.stop();
          await untilMember(world, '3');
          await conclude(world);
        } catch (cause) {
          throw new Error(`${victims} at event ${event}: ${String(cause)}`, { cause });
        }
      }
    });
  }
});
