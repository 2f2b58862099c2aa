import { expect } from 'chai';
import type { ParticipantStatus, UndecidedGroup } from '../../machines/two-phase-commit/client-messages.ts';
import { PRESUMPTIONS, type Presume } from '../../machines/two-phase-commit/settings.ts';
import { TwoPhaseWorld, type TwoPhaseWorldOptions } from './support/two-phase/two-phase-world.ts';

const WRITES = { writes: [['a', 'new'] as const] };
/** Long enough for everybody to have asked everybody, more than once. */
const LONG_MS = 1500;

async function worldWith(presume: Presume, options: TwoPhaseWorldOptions = {}): Promise<TwoPhaseWorld> {
  const world = new TwoPhaseWorld({ followers: 3, settings: { presume }, ...options });
  await world.start();
  await world.runWhile(world.attempt('c', { writes: [['a', 'old']] }), 1000);
  await world.settle();
  return world;
}

async function undecided(world: TwoPhaseWorld, node: string): Promise<readonly UndecidedGroup[]> {
  return ((await world.reports()).get(node) as ParticipantStatus).undecided;
}

/** What each live follower would show a client. */
async function values(world: TwoPhaseWorld): Promise<unknown[]> {
  const shown: unknown[] = [];
  for (const node of world.followers) {
    const [[, value]] = (await world.runWhile(world.client('reader').read(['a'], node), 1000)) as [
      [number, unknown],
    ];
    shown.push(value);
  }
  return shown;
}

for (const presume of PRESUMPTIONS) {
  describe(`when the leader dies, presume ${presume}`, () => {
    it('its client has been answered before any follower is told, and these are told in the order of their ids', async () => {
      for (const told of [1, 2]) {
        await using world = await worldWith(presume);
        world.host.killAfter('0', told, ['COMMIT']);
        const [, outcome] = await world.runWhile(world.attempt('c', WRITES), 1000);
        expect(outcome).to.equal('committed');
        await world.run(5);
        expect(world.ended).to.deep.equal(['0']);
        const waiting = [];
        for (const node of world.followers) if ((await undecided(world, node)).length > 0) waiting.push(node);
        expect(waiting).to.deep.equal(world.followers.slice(told));
      }
    });

    it('those who know the decision tell the others', async () => {
      await using world = await worldWith(presume);
      world.host.killAfter('0', 1, ['COMMIT']);
      await world.runWhile(world.attempt('c', WRITES), 1000);
      await world.run(LONG_MS);
      expect(await values(world)).to.deep.equal(['new', 'new', 'new']);
    });

    it('a follower that has not voted ends it for all', async () => {
      await using world = await worldWith(presume);
      // The others vote before it is asked for the decision; its own vote would come much later.
      world.send('3', 'participant', { type: 'delayVote', id: 1, ms: 5000 });
      await world.run(2);
      void world.attempt('c', WRITES);
      await world.run(5);
      await world.kill('0');
      await world.run(LONG_MS);
      expect(await values(world)).to.deep.equal(['old', 'old', 'old']);
      await world.restart('0');
      await world.settle();
      world.checkState();
    });

    it('all who have voted yes are blocked until it is back: nobody guesses, and nobody reads on', async () => {
      await using world = await worldWith(presume);
      world.host.killAfter('0', 3, ['VOTE-REQ']);
      void world.attempt('c', WRITES);
      await world.run(LONG_MS);
      for (const node of world.followers) {
        const [group] = await undecided(world, node);
        expect(group).to.deep.include({ state: 'ready' });
        expect(group!.rounds).to.be.greaterThan(2);
      }
      let isAnswered = false;
      void world
        .client('reader')
        .read(['a'])
        .then(() => {
          isAnswered = true;
        });
      await world.run(LONG_MS);
      expect(isAnswered).to.equal(false);
      await world.restart('0');
      await world.settle();
      world.checkState();
      expect(await values(world)).to.deep.equal(['old', 'old', 'old']);
    });
  });
}

describe('a vote that comes late', () => {
  for (const presume of PRESUMPTIONS) {
    it(`changes nothing (presume ${presume})`, async () => {
      await using world = await worldWith(presume);
      world.send('2', 'participant', { type: 'delayVote', id: 1, ms: 1010 });
      // What the leader decided does not come through before the vote.
      world.host.linkOneWay('0', '2', true);
      await world.run(2);
      const aborted = world.attempt('c', WRITES);
      await world.run(20);
      world.host.linkOneWay('0', '2', false);
      const [, outcome, reason] = await world.runWhile(aborted, 2000);
      expect([outcome, reason]).to.deep.equal(['aborted', 'timeout']);
      await world.run(100);
      world.host.linkOneWay('0', '2', true);
      await world.settle();
      world.checkState();
    });
  }
});

describe('journals in memory', () => {
  it('let a follower come back, which is taught again', async () => {
    await using world = await worldWith('nothing', { journal: 'memory' });
    await world.kill('2');
    await world.restart('2');
    await world.run(LONG_MS);
    expect(world.isMember('2')).to.equal(true);
    expect(await values(world)).to.deep.equal(['old', 'old', 'old']);
  });

  it('do not let a leader come back', async () => {
    await using world = await worldWith('nothing', { journal: 'memory' });
    await world.kill('0');
    let code: string | undefined;
    await world.restart('0').catch((error: { readonly code: string }) => {
      code = error.code;
    });
    expect(code).to.equal('SYNOD_LEADER_FORGOT');
  });
});
