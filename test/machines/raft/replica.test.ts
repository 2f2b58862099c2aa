import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import type { SnapshotChunk, SnapshotCursor } from '../../../machines/replication/snapshot.ts';
import { counter, openChunk } from '../replication/counter.ts';
import { receivers, sent, spawned } from '../role-driver.ts';
import {
  CLIENT,
  commandAt,
  commandsFrom,
  currentReplica,
  FOUNDED,
  replicaOn,
  storeWith,
} from './replica-driver.ts';
import { changeTo, configuration, settings } from './values.ts';

const { retryMs, snapshotIdleMs, writeBehindMs } = settings();
const SENDER = '1/snapshotSender/0';

function answers(effects: readonly Effect[]) {
  return sent(effects, 'answers').map(([, message]) => message);
}

function answer(id: number, sum: number | undefined) {
  return { type: 'answers', id, first: 0, answers: [[sum === undefined ? [] : [['x', sum]]]] };
}

/** Pieces of the snapshot of another replica that has applied so many entries, the smallest that there are. */
function snapshotOf(count: number) {
  const source = new ReplicatedState(storeWith(count), [counter]).openSnapshot();
  return (asked: readonly Effect[]): SnapshotChunk => {
    const [[, request]] = sent(asked, 'snapshotRequest') as unknown as [
      [string, { cursor: SnapshotCursor | null }],
    ];
    return source.read(request.cursor, 1);
  };
}

/** A replica that takes in a snapshot of entry 5, and has asked for its first piece. */
function installing(driver = replicaOn()) {
  const asked = driver.offer(5);
  expect(driver.role.is('log.installing.asking')).to.equal(true);
  const pieceFor = snapshotOf(5);
  const give = (piece: SnapshotChunk, from: typeof SENDER | '2/snapshotSender/0' = SENDER) =>
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

describe('the replica of a Raft node', () => {
  describe('applies what is committed (thesis, section 3.6.3: state machine safety)', () => {
    it('in order, each entry once, no-ops and changes of members too', () => {
      const { committed, state } = currentReplica();
      committed(1, commandsFrom(1, 2));
      committed(3, [{ term: 2, batch: [] }, changeTo(2, ['0', '1'])]);
      committed(1, commandsFrom(1, 2));
      expect(state.applied).to.equal(4);
      expect(state.query('counter', 'x')).to.deep.equal([['x', 1]]);
    });

    it('and nothing after a gap', () => {
      const { committed, state } = currentReplica();
      committed(3, commandsFrom(3, 2));
      expect(state.applied).to.equal(0);
      committed(1, commandsFrom(1, 4));
      expect(state.applied).to.equal(4);
    });

    it('and keeps, with its state, the term and the configuration of the last one (figure 5.3)', () => {
      const { committed, state, pass, flush, store } = currentReplica();
      committed(1, [commandAt(1)]);
      expect(state.anchor).to.deep.equal({ term: 1, configuration: FOUNDED });
      committed(2, [changeTo(2, ['0', '1']), { term: 3, batch: [] }]);
      const anchor = { term: 3, configuration: configuration(['0', '1']) };
      expect(state.anchor).to.deep.equal(anchor);
      pass(writeBehindMs);
      flush();
      const next = replicaOn(store);
      next.committed(4, [{ term: 3, batch: [] }]);
      expect(next.state.anchor, 'also in its next life').to.deep.equal(anchor);
    });

    it('and answers the client beside the leader, and nobody elsewhere', () => {
      const request = { type: 'request', chunk: openChunk(), key: 'nonce' };
      const beside = currentReplica();
      beside.leads('0');
      expect(receivers(beside.receive(request, CLIENT), 'propose')).to.deep.equal(['0/server']);
      expect(sent(beside.committed(1, commandsFrom(1, 1)), 'reply')).to.deep.equal([
        [CLIENT, { type: 'reply', outcome: { kind: 'opened', nonce: 'nonce', session: 1 } }],
      ]);
      const elsewhere = currentReplica();
      elsewhere.leads('2');
      expect(receivers(elsewhere.receive(request, CLIENT), 'request')).to.deep.equal(['2/replica']);
      expect(sent(elsewhere.committed(1, commandsFrom(1, 1)), 'reply')).to.deep.equal([]);
    });
  });

  describe('catches up', () => {
    it('with what follows its disk, of which it tells the server beside', () => {
      const fresh = replicaOn();
      expect(sent(fresh.role.started)).to.deep.equal([['0/server', { type: 'handOver', index: 0 }]]);
      const { role, state } = replicaOn(storeWith(4));
      expect(sent(role.started)).to.deep.equal([['0/server', { type: 'handOver', index: 4 }]]);
      expect([state.applied, state.durable]).to.deep.equal([4, 4]);
    });

    it('and answers no query before, whatever its kind', () => {
      const { query, committed, caughtUp } = replicaOn(storeWith(2));
      expect(query(7, false)).to.deep.equal([]);
      expect(answers(committed(3, commandsFrom(3, 1)))).to.deep.equal([]);
      expect(answers(caughtUp())).to.deep.equal([answer(7, 2)]);
      expect(answers(query(8, false))).to.deep.equal([answer(8, 2)]);
    });

    it('and answers a linearizable query when it has applied what its leader named', () => {
      const { query, committed, leads, receive } = currentReplica();
      leads('1');
      const asked = query(7, true);
      const [[to, message]] = sent(asked, 'confirmRead') as unknown as [[string, { ticket: string }]];
      expect(to).to.equal('1/server');
      const { ticket } = message;
      expect(answers(receive({ type: 'readConfirmed', ticket, index: 2 }, '1/server'))).to.deep.equal([]);
      expect(answers(committed(1, commandsFrom(1, 1)))).to.deep.equal([]);
      expect(answers(committed(2, commandsFrom(2, 1)))).to.deep.equal([answer(7, 1)]);
    });
  });

  describe('writes behind (chapter 5: the state on disk is the snapshot)', () => {
    it('what is applied, some time later, and tells the server beside how far it is on disk', () => {
      const { committed, pass, flush, behind, state, store } = currentReplica();
      committed(1, commandsFrom(1, 3));
      pass(writeBehindMs - 1);
      expect(behind).to.have.length(0);
      pass(1);
      expect(behind).to.have.length(1);
      expect(state.durable).to.equal(0);
      expect(sent(flush(), 'durable')).to.deep.equal([['0/server', { type: 'durable', index: 3 }]]);
      expect(new ReplicatedState(store, [counter]).applied).to.equal(3);
    });

    it('at once when much waits', () => {
      const { committed, behind } = currentReplica({ writeBehindBytes: 1 });
      committed(1, commandsFrom(1, 1));
      expect(behind).to.have.length(1);
    });
  });

  describe('sends a snapshot', () => {
    it('to whom the server says, one sender for each; one that is told again offers again', () => {
      const { receive } = replicaOn(storeWith(5));
      const send = (to: string, applied: number) =>
        receive({ type: 'sendSnapshot', to, applied }, '0/server');
      const [sender] = spawned(send('2', 3), 'snapshotSender');
      expect(sender).to.deep.include({ key: '2' });
      expect(sender!.input).to.deep.include({ to: '2/replica' });
      expect(sent(send('2', 4))).to.deep.equal([['0/snapshotSender/2', { type: 'offerAgain', applied: 4 }]]);
      expect(spawned(send('1', 3), 'snapshotSender')).to.have.length(1);
      receive({ type: 'done', output: undefined }, '0/snapshotSender/2');
      expect(spawned(send('2', 3), 'snapshotSender')).to.have.length(1);
    });
  });

  describe('takes in a snapshot', () => {
    it('piece by piece; in force with its last write, from where it has the server go on', () => {
      const driver = installing();
      const { state, flush, role, caughtUp, committed } = driver;
      installAll(driver);
      expect(state.applied, 'not before the disk').to.equal(0);
      const effects = flush();
      expect([state.applied, state.durable]).to.deep.equal([5, 5]);
      expect(sent(effects)).to.deep.include.members([
        ['0/server', { type: 'installed', index: 5, anchor: { term: 2, configuration: FOUNDED } }],
        ['0/server', { type: 'handOver', index: 5 }],
      ]);
      expect(state.query('counter', 'x')).to.deep.equal([['x', 4]]);
      caughtUp();
      expect(role.is('log.current')).to.equal(true);
      committed(6, commandsFrom(6, 1, 2));
      expect(state.anchor).to.deep.equal({ term: 2, configuration: FOUNDED });
    });

    it('also when it was current, and answers then those who wait for what it brings', () => {
      const driver = installing(currentReplica());
      driver.leads('1');
      const [[, message]] = sent(driver.query(7, true), 'confirmRead') as unknown as [
        [string, { ticket: string }],
      ];
      driver.receive({ type: 'readConfirmed', ticket: message.ticket, index: 5 }, '1/server');
      installAll(driver);
      expect(answers(driver.flush())).to.deep.equal([answer(7, 4)]);
    });

    it('not of what it has', () => {
      const { offer, role } = replicaOn(storeWith(5));
      expect(offer(5)).to.deep.equal([]);
      expect(role.is('log.catchingUp')).to.equal(true);
    });

    it('and lets go what is committed meanwhile, which it asks for afterwards', () => {
      const driver = installing();
      driver.committed(1, commandsFrom(1, 6));
      expect(driver.state.applied).to.equal(0);
      installAll(driver);
      expect(sent(driver.flush(), 'handOver')).to.deep.equal([['0/server', { type: 'handOver', index: 5 }]]);
    });

    it('and asks again for a piece that does not come, or comes damaged', () => {
      const { asked, pass, pieceFor, give, behind } = installing();
      const request = sent(asked, 'snapshotRequest');
      expect(sent(pass(retryMs), 'snapshotRequest')).to.deep.equal(request);
      const again = give({ ...pieceFor(asked), checksum: 1 });
      expect(behind[0]!.writes).to.deep.equal([]);
      expect(sent(again, 'snapshotRequest')).to.deep.equal(request);
    });

    it('and takes no piece of another one, nor from another sender', () => {
      const { asked, pieceFor, give, behind } = installing();
      const piece = pieceFor(asked);
      give({ ...piece, index: 6 });
      give(piece, '2/snapshotSender/0');
      expect(behind).to.have.length(0);
    });

    it('and gives up when nothing comes any more: then it asks the server for what it can hand over', () => {
      const { pass, role, offer, state } = installing();
      const effects = pass(snapshotIdleMs);
      expect(role.is('log.catchingUp')).to.equal(true);
      expect(state.installing).to.equal(undefined);
      expect(sent(effects, 'handOver')).to.deep.equal([['0/server', { type: 'handOver', index: 0 }]]);
      offer(5, '2/snapshotSender/0');
      expect(role.is('log.installing')).to.equal(true);
    });
  });

  it('reports how far it is, and whether it is whole', () => {
    const report = (driver: Pick<ReturnType<typeof replicaOn>, 'receive'>) =>
      sent(driver.receive({ type: 'status', id: 5 }, CLIENT), 'replicaStatus');
    const status = { type: 'replicaStatus', id: 5, leader: undefined, applied: 4, durable: 4, current: true };
    const driver = replicaOn(storeWith(4));
    expect(report(driver)).to.deep.equal([[CLIENT, status]]);
    driver.offer(9);
    expect(report(driver)).to.deep.equal([[CLIENT, { ...status, current: false }]]);
  });
});
