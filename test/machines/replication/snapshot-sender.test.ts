import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import type {
  SnapshotChunk,
  SnapshotCursor,
  SnapshotSource,
} from '../../../machines/replication/snapshot.ts';
import { snapshotSender } from '../../../machines/replication/snapshot-sender.ts';
import { early, RoleDriver, sent } from '../role-driver.ts';
import { addChunk, applyNext, counter, openChunk } from './counter.ts';

const IDLE_MS = 2000;
const RECEIVER = 'c/replica';
const OFFER = [[RECEIVER, { type: 'snapshotOffer', index: 2 }]];

/** A sender of a snapshot of slot 2, in pieces of one record each. */
function sending() {
  const journal = new MemoryJournal();
  const state = new ReplicatedState(journal, [counter]);
  applyNext(state, openChunk());
  applyNext(state, addChunk(1, 1, [['x', 1]]));
  journal.commit(state.takeDirty()!, () => state.persisted());
  let disposed = 0;
  const opened = state.openSnapshot();
  const source = {
    index: opened.index,
    read: (cursor: SnapshotCursor | null, bytesMax: number) => opened.read(cursor, bytesMax),
    [Symbol.dispose]: () => {
      disposed += 1;
    },
  } as unknown as SnapshotSource;
  const input = { source, to: RECEIVER, pieceBytesMax: 1, idleMs: IDLE_MS };
  const role = new RoleDriver(snapshotSender, 'b/snapshotSender/c', input);
  return {
    role,
    disposed: () => disposed,
    request: (cursor: SnapshotCursor | null, index = 2) =>
      role.receive({ type: 'snapshotRequest', index, cursor } as never, RECEIVER),
    offerAgain: (applied: number) => role.receive({ type: 'offerAgain', applied } as never, 'b/replica'),
  };
}

function pieceIn(effects: readonly Effect[]): SnapshotChunk {
  const [message] = sent(effects, 'snapshotPiece') as unknown as [[string, { piece: SnapshotChunk }]];
  return message[1].piece;
}

describe('the sender of a snapshot', () => {
  it('offers it', () => {
    const { role } = sending();
    expect(sent(role.started)).to.deep.equal(OFFER);
    expect(early(role.started)).to.deep.equal([]);
  });

  it('offers it again to one who may not have heard', () => {
    expect(sent(sending().offerAgain(1))).to.deep.equal(OFFER);
  });

  it('sends the pieces that it is asked for, in the pace of the asker, the same one again when asked again', () => {
    const { request, role } = sending();
    const first = pieceIn(request(null));
    expect(role.state).to.equal('sending');
    expect([first.index, first.sequence]).to.deep.equal([2, 0]);
    const second = pieceIn(request(first.next));
    expect(second.sequence).to.equal(1);
    expect(pieceIn(request(first.next))).to.deep.equal(second);
    let last = second;
    while (last.next !== null) last = pieceIn(request(last.next));
    expect(last.sequence).to.equal(2);
  });

  it('sends nothing to one who asks for another snapshot, long ago: its cursor would leave records out', () => {
    const { request, role } = sending();
    const { next } = pieceIn(request(null));
    expect(sent(request(next, 1))).to.deep.equal([]);
    expect(role.state).to.equal('sending');
  });

  it('offers it again to one who has lost what it had taken in, by a crash', () => {
    const { request, offerAgain } = sending();
    request(null);
    expect(sent(offerAgain(0))).to.deep.equal(OFFER);
  });

  it('ends, and lets go of the disk, once the other side has more than this: it needs a newer one', () => {
    for (const asked of [false, true]) {
      const { request, offerAgain, role, disposed } = sending();
      if (asked) request(null);
      expect(sent(offerAgain(2))).to.deep.equal([]);
      expect(role.state).to.equal('closed');
      expect(disposed()).to.equal(1);
    }
  });

  it('ends, and lets go of the disk, when nothing is asked for any more', () => {
    const { request, role, disposed } = sending();
    role.pass(IDLE_MS - 1);
    const first = pieceIn(request(null));
    role.pass(IDLE_MS - 1);
    request(first.next);
    role.pass(IDLE_MS - 1);
    expect(disposed()).to.equal(0);
    role.pass(1);
    expect(role.state).to.equal('closed');
    expect(disposed()).to.equal(1);
    expect(role.timersMs).to.deep.equal([]);
  });
});
