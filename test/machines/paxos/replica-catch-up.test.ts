import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import type { SnapshotChunk, SnapshotCursor } from '../../../machines/replication/snapshot.ts';
import { counter } from '../replication/counter.ts';
import { receivers, sent, spawned } from '../role-driver.ts';
import { chunkOf, currentReplica, replicaOn } from './replica-driver.ts';
import { settings } from './values.ts';

const { lagMs, retryMs, snapshotIdleMs, progressMs, writeBehindMs } = settings();
const SENDER = 'b/snapshotSender/a';

/** A disk on which the first `slots` slots are applied. */
function diskWith(slots: number): MemoryJournal {
  const journal = new MemoryJournal();
  const state = new ReplicatedState(journal, [counter]);
  for (let slot = 1; slot <= slots; slot++) state.apply(slot, [chunkOf(slot)]);
  journal.commit(state.takeDirty()!, () => state.persisted());
  return journal;
}

/** Sends small pieces of the snapshot of another replica that has applied so many slots. */
function snapshotOf(slots: number) {
  const source = new ReplicatedState(diskWith(slots), [counter]).openSnapshot();
  return (effects: readonly Effect[]): SnapshotChunk => {
    const [asked] = sent(effects, 'snapshotRequest') as unknown as [
      [string, { cursor: SnapshotCursor | null }],
    ];
    return source.read(asked[1].cursor, 1);
  };
}

/** A replica that installs a snapshot of slot 5, and has asked for its first piece. */
function installing() {
  const driver = replicaOn();
  driver.progress('b', 5);
  const asked = driver.receive({ type: 'snapshotOffer', index: 5 }, SENDER);
  expect(driver.role.is('log.installing.asking')).to.equal(true);
  const pieceFor = snapshotOf(5);
  const give = (piece: SnapshotChunk, from = SENDER as never) =>
    driver.receive({ type: 'snapshotPiece', piece }, from);
  return { ...driver, asked, pieceFor, give };
}

function installAll({ asked, pieceFor, give, flush, role }: ReturnType<typeof installing>): void {
  for (let effects = asked; ; ) {
    effects = give(pieceFor(effects));
    if (role.is('log.installing.switching')) return;
    // It asks ahead of the disk, but not far.
    if (sent(effects, 'snapshotRequest').length === 0) effects = flush();
  }
}

describe('the replica, catching up', () => {
  describe('after its start', () => {
    it('asks how far the others are, again and again, and serves once a majority is no further', () => {
      const { role, pass, progress } = replicaOn();
      expect(receivers(role.started, 'askProgress')).to.deep.equal(['b/replica', 'c/replica']);
      expect(receivers(pass(lagMs), 'askProgress')).to.deep.equal(['b/replica', 'c/replica']);
      progress('c', 0);
      expect(role.is('log.current')).to.equal(true);
    });

    it('goes on from its disk', () => {
      const { state, progress, role } = replicaOn(diskWith(4));
      expect([state.applied, state.durable]).to.deep.equal([4, 4]);
      progress('b', 4);
      expect(role.is('log.current')).to.equal(true);
    });

    it('needs no other where it is alone', () => {
      const { role, progress } = replicaOn();
      progress('b', 7);
      expect(role.is('log.catchingUp')).to.equal(true);
    });
  });

  describe('by decisions', () => {
    it('asks one who is further, from the first slot that it lacks', () => {
      const { progress, pass } = replicaOn(diskWith(4));
      progress('b', 4);
      progress('c', 9);
      const asked = pass(lagMs);
      expect(sent(asked, 'catchUp')).to.deep.equal([['c/replica', { type: 'catchUp', fromSlot: 5 }]]);
    });

    it('asks another when the one who is further does not answer: it may be dead', () => {
      const { progress, pass } = replicaOn();
      progress('b', 9);
      progress('c', 9);
      const asked = new Set([...receivers(pass(lagMs), 'catchUp'), ...receivers(pass(lagMs), 'catchUp')]);
      expect([...asked]).to.have.members(['b/replica', 'c/replica']);
    });

    it('asks others too when the one who was furthest is gone, and nobody has more', () => {
      const { progress, pass } = replicaOn();
      progress('b', 9);
      progress('c', 8);
      const asked = new Set([...receivers(pass(lagMs), 'catchUp'), ...receivers(pass(lagMs), 'catchUp')]);
      expect([...asked]).to.have.members(['b/replica', 'c/replica']);
    });

    it('applies what it is sent, and asks the same one on until it has all', () => {
      const { progress, receive, state, role } = replicaOn();
      progress('b', 3);
      progress('c', 3);
      const batches = [[chunkOf(1)], [chunkOf(2)]];
      const effects = receive({ type: 'decisions', firstSlot: 1, batches }, 'c/replica');
      expect(state.applied).to.equal(2);
      expect(sent(effects, 'catchUp')).to.deep.equal([['c/replica', { type: 'catchUp', fromSlot: 3 }]]);
      receive({ type: 'decisions', firstSlot: 2, batches: [[chunkOf(2)], [chunkOf(3)]] }, 'c/replica');
      expect(state.applied).to.equal(3);
      expect(role.is('log.current')).to.equal(true);
    });

    it('lags when it learns of a decision that it lacks, and asks when that has not come', () => {
      const { decide, role, pass, progress } = currentReplica();
      decide(2);
      expect(role.is('log.lagging')).to.equal(true);
      progress('b', 2);
      expect(receivers(pass(lagMs), 'catchUp')).to.deep.equal(['b/replica']);
      decide(1);
      expect(role.is('log.current')).to.equal(true);
      expect(receivers(pass(lagMs * 3), 'catchUp')).to.deep.equal([]);
    });

    it('lags when another has applied more: the news of a decision may have been lost', () => {
      const { role, progress } = currentReplica();
      progress('c', 1);
      expect(role.is('log.lagging')).to.equal(true);
    });

    it('sends others what it has', () => {
      const { decide, catchUp } = currentReplica();
      for (const slot of [1, 2, 3]) decide(slot);
      expect(sent(catchUp('c', 2))).to.deep.equal([
        ['c/replica', { type: 'decisions', firstSlot: 2, batches: [[chunkOf(2)], [chunkOf(3)]] }],
      ]);
      expect(catchUp('c', 4), 'and nothing where there is no more').to.deep.equal([]);
    });
  });

  describe('by a snapshot', () => {
    it('is offered one by who has no longer the decisions, one sender for each that is behind', () => {
      const { catchUp, receive } = replicaOn(diskWith(5));
      const effects = catchUp('c', 3);
      expect(spawned(effects, 'snapshotSender').map(({ key }) => key)).to.deep.equal(['c']);
      const again = catchUp('c', 3);
      expect(spawned(again, 'snapshotSender')).to.deep.equal([]);
      expect(sent(again)).to.deep.equal([['a/snapshotSender/c', { type: 'offerAgain', applied: 2 }]]);
      receive({ type: 'done', output: undefined }, 'a/snapshotSender/c');
      expect(spawned(catchUp('c', 3), 'snapshotSender')).to.have.length(1);
    });

    it('is offered none of what is not on disk', () => {
      const { decide, catchUp } = currentReplica({ decisionBytesMax: 0 });
      decide(1);
      expect(catchUp('c', 1)).to.deep.equal([]);
    });

    it('takes it in piece by piece, and goes on from there', () => {
      const driver = installing();
      const { state, flush, role, progress, decide } = driver;
      installAll(driver);
      expect(state.applied, 'not in force before its last write is on disk').to.equal(0);
      flush();
      expect([state.applied, state.durable]).to.deep.equal([5, 5]);
      expect(state.query('counter', 'x')).to.deep.equal([['x', 4]]);
      progress('b', 5);
      expect(role.is('log.current')).to.equal(true);
      decide(6);
      expect(state.query('counter', 'x')).to.deep.equal([['x', 5]]);
    });

    it('applies what was decided meanwhile', () => {
      const driver = installing();
      driver.decide(6);
      expect(driver.state.applied).to.equal(0);
      installAll(driver);
      driver.flush();
      expect(driver.state.applied).to.equal(6);
    });

    it('takes no offer of what it has', () => {
      const { receive, progress, role } = replicaOn(diskWith(5));
      progress('b', 9);
      receive({ type: 'snapshotOffer', index: 5 }, SENDER);
      expect(role.is('log.catchingUp')).to.equal(true);
    });

    it('asks again for a piece that does not come', () => {
      const { asked, pass } = installing();
      expect(sent(pass(retryMs))).to.deep.include(sent(asked, 'snapshotRequest')[0]!);
    });

    it('asks again for a piece that was damaged, and keeps nothing of it', () => {
      const { asked, pieceFor, give, behind } = installing();
      const again = give({ ...pieceFor(asked), checksum: 1 });
      expect(behind[0]!.writes).to.deep.equal([]);
      expect(sent(again, 'snapshotRequest')).to.deep.equal(sent(asked, 'snapshotRequest'));
    });

    it('takes no piece twice, none of another snapshot, and none from another sender', () => {
      const { asked, pieceFor, give, flush, behind } = installing();
      const piece = pieceFor(asked);
      give({ ...piece, index: 6 });
      give(piece, 'c/snapshotSender/a' as never);
      expect(behind).to.have.length(0);
      give(piece);
      flush();
      give(piece);
      expect(behind).to.have.length(0);
    });

    it('gives up when nothing comes any more, and looks for another way', () => {
      const { pass, role, receive, state } = installing();
      pass(snapshotIdleMs);
      expect(role.is('log.catchingUp')).to.equal(true);
      expect(state.installing).to.equal(undefined);
      receive({ type: 'snapshotOffer', index: 5 }, 'c/snapshotSender/a');
      expect(role.is('log.installing')).to.equal(true);
    });

    it('answers no query meanwhile', () => {
      const driver = installing();
      expect(sent(driver.query(1, false))).to.deep.equal([]);
      installAll(driver);
      expect(sent(driver.flush(), 'answers')).to.have.length(1);
    });
  });

  describe('write-behind', () => {
    it('writes what is applied, some time later, in one transaction with the slot', () => {
      const { decide, pass, flush, behind, role, state, journal } = currentReplica();
      decide(1);
      decide(2);
      expect(role.is('writeBehind.dirty')).to.equal(true);
      expect(pass(writeBehindMs - 1).filter(({ effect }) => effect === 'persistBehind')).to.deep.equal([]);
      pass(1);
      expect(role.is('writeBehind.clean')).to.equal(true);
      expect(behind).to.have.length(1);
      expect(state.durable).to.equal(0);
      flush();
      expect(state.durable).to.equal(2);
      expect(new ReplicatedState(journal, [counter]).applied).to.equal(2);
    });

    it('writes at once when much waits', () => {
      const { decide, behind } = currentReplica({ writeBehindBytes: 1 });
      decide(1);
      expect(behind).to.have.length(1);
    });

    it('writes what is applied while earlier writes are on their way', () => {
      const { decide, pass, flush, state, behind } = currentReplica();
      decide(1);
      pass(writeBehindMs);
      decide(2);
      pass(writeBehindMs);
      expect(behind).to.have.length(2);
      expect(state.durable).to.equal(0);
      flush();
      expect(state.durable).to.equal(2);
    });

    it('holds off while a snapshot is put in force, and is clean after it', () => {
      const driver = replicaOn();
      driver.decide(1);
      driver.progress('b', 5);
      const asked = driver.receive({ type: 'snapshotOffer', index: 5 }, SENDER);
      const pieceFor = snapshotOf(5);
      installAll({
        ...driver,
        asked,
        pieceFor,
        give: (piece) => driver.receive({ type: 'snapshotPiece', piece }, SENDER),
      });
      driver.pass(writeBehindMs * 3);
      expect(driver.role.is('writeBehind.dirty')).to.equal(true);
      expect(driver.behind.at(-1)!.writes, 'the switch comes last, and alone').to.have.length(1);
      driver.flush();
      expect(driver.role.is('writeBehind.clean')).to.equal(true);
      // And it is not stuck: what comes next is written.
      driver.decide(6);
      driver.pass(writeBehindMs);
      driver.flush();
      expect(driver.state.durable).to.equal(6);
    });
  });

  describe('gossip', () => {
    it('tells the others how far it is, and the leader and the acceptor beside', () => {
      const { decide, pass } = currentReplica();
      decide(1);
      const effects = pass(progressMs);
      const progress = { type: 'progress', applied: 1, durable: 0 };
      expect(sent(effects, 'progress')).to.deep.equal([
        ['b/replica', progress],
        ['c/replica', progress],
      ]);
      const applied = { type: 'applied', slot: 1, durable: 0, heard: 1 };
      expect(sent(effects, 'applied')).to.deep.equal([
        ['a/leader', applied],
        ['a/acceptor', applied],
      ]);
    });

    it('answers who asks', () => {
      const { receive } = replicaOn(diskWith(3));
      expect(sent(receive({ type: 'askProgress' }, 'c/replica'))).to.deep.equal([
        ['c/replica', { type: 'progress', applied: 3, durable: 3 }],
      ]);
    });

    it('lets acceptor and leader forget what a majority has on disk (PMMC, section 4.2), and no more', () => {
      const { progress, pass } = replicaOn(diskWith(3));
      progress('b', 9, 0);
      expect(receivers(pass(progressMs), 'collect')).to.deep.equal([]);
      progress('c', 9, 7);
      expect(sent(pass(progressMs), 'collect')).to.deep.equal([
        ['a/acceptor', { type: 'collect', floor: 4 }],
        ['a/leader', { type: 'collect', floor: 4 }],
      ]);
      expect(receivers(pass(progressMs), 'collect'), 'once').to.deep.equal([]);
      progress('b', 9, 5);
      expect(sent(pass(progressMs), 'collect')[0]![1]).to.deep.equal({ type: 'collect', floor: 6 });
      progress('b', 2, 2);
      expect(receivers(pass(progressMs), 'collect'), 'late news').to.deep.equal([]);
    });
  });

  it('lets go of no decision before it is applied: nobody else may have it', () => {
    const { decide, state } = currentReplica({ decisionBytesMax: 1 });
    for (let slot = 2; slot <= 100; slot++) decide(slot);
    decide(1);
    expect(state.applied).to.equal(100);
  });
});
