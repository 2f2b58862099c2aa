import { expect } from 'chai';
import fc from 'fast-check';
import { packFrame, unpackFrame } from '../../../actors/codec.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryDisk, MemoryJournal } from '../../../actors/memory-journal.ts';
import { CorruptSnapshotError } from '../../../machines/replication/errors.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import type { SnapshotChunk, SnapshotCursor } from '../../../machines/replication/snapshot.ts';
import { addChunk, applyNext, counter, openChunk } from './counter.ts';

interface Replica {
  readonly journal: MemoryJournal;
  state: ReplicatedState;
}

function replica(disk = new MemoryDisk()): Replica {
  const journal = new MemoryJournal({ disk });
  return { journal, state: new ReplicatedState(journal, [counter]) };
}

function flush({ journal, state }: Replica): void {
  const writes = state.takeDirty();
  if (writes !== undefined) journal.commit(writes, () => state.persisted());
}

function write({ journal }: Replica, writes: readonly JournalWrite[]): void {
  journal.commit(writes, () => {});
}

/** Counters `name-0` ... of one session, on disk. */
function filled(names: number, name = 'counter'): Replica {
  const filled = replica();
  const adds = Array.from({ length: names }, (_, i) => [`${name}-${i}`, i + 1] as const);
  applyNext(filled.state, openChunk(), addChunk(1, 1, adds));
  flush(filled);
  return filled;
}

/** Through the codec, as between nodes. */
function carried(chunk: SnapshotChunk): SnapshotChunk {
  const [envelope] = unpackFrame(
    packFrame([
      { to: 'b/replica', from: 'a/replica', message: { type: 'piece', ...chunk } as { type: string } },
    ]),
  );
  return envelope!.message as unknown as SnapshotChunk;
}

function piecesOf({ state }: Replica, bytesMax: number): SnapshotChunk[] {
  using source = state.openSnapshot();
  const pieces: SnapshotChunk[] = [];
  let cursor: SnapshotCursor | null = null;
  do {
    const piece = carried(source.read(cursor, bytesMax));
    pieces.push(piece);
    cursor = piece.next;
  } while (cursor !== null);
  return pieces;
}

function installAll(target: Replica, pieces: readonly SnapshotChunk[]): void {
  target.state.beginInstall(pieces[0]!.index);
  for (const piece of pieces) write(target, target.state.install(piece));
  write(target, target.state.finishInstall());
  target.state.installed();
}

function recordsBelow({ journal }: Replica, table: string): string[] {
  return Array.from(journal.range([table]), ([key]) => key.join('/'));
}

function damaged(piece: SnapshotChunk): SnapshotChunk {
  const entries = new Uint8Array(piece.entries);
  entries[entries.length - 1]! ^= 1;
  return { ...piece, entries };
}

describe('a snapshot', () => {
  it('brings a replica to the same state, sessions and all, whatever the size of the pieces', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 3000 }), fc.boolean(), (names, bytesMax, used) => {
        const source = filled(names + 1);
        const target = used ? filled(3, 'old') : replica();
        applyNext(source.state);
        flush(source);
        installAll(target, piecesOf(source, bytesMax));
        const restarted = replica(target.journal.disk);
        for (const { state } of [target, restarted]) {
          expect([state.applied, state.durable]).to.deep.equal([source.state.applied, source.state.applied]);
          expect(state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
          expect(state.version('counter')).to.equal(names + 1);
        }
        const again = addChunk(1, 1, [
          ['counter-0', 1],
          ['counter-1', 2],
        ]);
        expect(applyNext(target.state, again, openChunk())).to.deep.equal(
          applyNext(source.state, again, openChunk()),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('comes in pieces of about the size asked for', () => {
    const pieces = piecesOf(filled(200), 1000);
    expect(pieces.length).to.be.above(5);
    expect(pieces.map(({ sequence }) => sequence)).to.deep.equal(pieces.map((_, position) => position));
    for (const { entries } of pieces.slice(1, -1)) expect(entries.byteLength).to.be.within(100, 1500);
  });

  it('shows what was durable when it was opened, whatever comes later', () => {
    const source = filled(5);
    applyNext(source.state, addChunk(1, 6, [['not durable', 1]]));
    const snapshot = source.state.openSnapshot();
    flush(source);
    expect(snapshot.index).to.equal(1);
    const first = snapshot.read(null, 1);
    applyNext(source.state, addChunk(1, 7, [['counter-0', 1000]]));
    flush(source);
    const rest = snapshot.read(first.next, 1_000_000);
    const target = replica();
    installAll(target, [first, rest]);
    expect(target.state.applied).to.equal(1);
    expect(target.state.query('counter', 'counter-0')).to.deep.equal([['counter-0', 1]]);
    expect(target.state.query('counter', 'not')).to.deep.equal([]);
  });

  it('is empty at 0 when nothing is durable', () => {
    const pieces = piecesOf(replica(), 1000);
    expect(pieces.length).to.equal(1);
    expect([pieces[0]!.index, pieces[0]!.next]).to.deep.equal([0, null]);
  });

  it('goes on from a cursor with another source of the same index', () => {
    const source = filled(50);
    const target = replica();
    target.state.beginInstall(1);
    let cursor = target.state.installCursor;
    while (cursor !== undefined) {
      using snapshot = source.state.openSnapshot();
      write(target, target.state.install(carried(snapshot.read(cursor, 300))));
      cursor = target.state.installCursor;
    }
    write(target, target.state.finishInstall());
    target.state.installed();
    expect(target.state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
  });

  it('takes a piece that comes twice once', () => {
    const [first] = piecesOf(filled(50), 300);
    const { state } = replica();
    state.beginInstall(1);
    expect(state.install(first!)).to.have.length.above(0);
    expect(state.install(first!)).to.deep.equal([]);
  });

  it('refuses a damaged piece, one out of turn and one of another snapshot, and goes on with the right one', () => {
    const source = filled(50);
    const pieces = piecesOf(source, 300);
    const target = replica();
    target.state.beginInstall(1);
    const bad = [damaged(pieces[0]!), { ...pieces[0]!, next: null }, pieces[1]!, { ...pieces[0]!, index: 2 }];
    for (const piece of bad) {
      expect(() => target.state.install(piece))
        .to.throw(CorruptSnapshotError)
        .with.property('code', 'SYNOD_CORRUPT_SNAPSHOT');
    }
    target.state.abortInstall();
    installAll(target, pieces);
    expect(target.state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
  });

  it('is not put in force before its end', () => {
    const [first] = piecesOf(filled(50), 300);
    const { state } = replica();
    state.beginInstall(1);
    state.install(first!);
    expect(() => state.finishInstall()).to.throw('before its end');
  });

  it('never takes a replica back', () => {
    const { state } = filled(1);
    expect(() => state.beginInstall(1)).to.throw('back');
  });

  it('leaves the old state when the node dies at any piece, and its leftovers are cleared', () => {
    const source = filled(30, 'new');
    applyNext(source.state);
    flush(source);
    const pieces = piecesOf(source, 300);
    for (let survived = 0; survived <= pieces.length; survived += 1) {
      const target = filled(3, 'old');
      target.state.beginInstall(2);
      for (const piece of pieces.slice(0, survived)) write(target, target.state.install(piece));
      const restarted = replica(target.journal.disk);
      expect(restarted.state.applied).to.equal(1);
      expect(restarted.state.query('counter', 'new')).to.deep.equal([]);
      expect(restarted.state.query('counter', 'old')).to.have.length(3);
      flush(restarted);
      expect(recordsBelow(restarted, 'data')).to.have.length(3);
      expect(recordsBelow(restarted, 'session')).to.have.length(1);
      expect(restarted.state.takeDirty()).to.equal(undefined);
      installAll(restarted, pieces);
      expect(restarted.state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
    }
  });

  it('clears the old state once the new one is in force, also when the node dies in between', () => {
    const source = filled(3, 'new');
    applyNext(source.state);
    flush(source);
    for (const dies of [false, true]) {
      const target = filled(30, 'old');
      installAll(target, piecesOf(source, 300));
      const survivor = dies ? replica(target.journal.disk) : target;
      flush(survivor);
      expect(recordsBelow(survivor, 'data')).to.have.length(3);
      expect(recordsBelow(survivor, 'session')).to.have.length(1);
      expect(survivor.state.query('counter', '')).to.have.length(3);
    }
  });

  it('may be dropped and begun anew, without a trace of the first', () => {
    const source = filled(5, 'new');
    applyNext(source.state);
    flush(source);
    const target = replica();
    target.state.beginInstall(1);
    for (const piece of piecesOf(filled(30, 'dropped'), 300).slice(0, 3))
      write(target, target.state.install(piece));
    target.state.beginInstall(2);
    const [first, ...rest] = piecesOf(source, 200);
    write(target, target.state.install(first!));
    flush(target);
    for (const piece of rest) write(target, target.state.install(piece));
    write(target, target.state.finishInstall());
    target.state.installed();
    flush(target);
    expect(target.state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
    expect(recordsBelow(target, 'data')).to.have.length(5);
  });

  it('lets the replica go on applying and writing until it is put in force, and then not', () => {
    const source = filled(5, 'new');
    for (let slot = 0; slot < 3; slot += 1) applyNext(source.state);
    flush(source);
    const target = filled(2, 'old');
    target.state.beginInstall(4);
    for (const piece of piecesOf(source, 1000)) write(target, target.state.install(piece));
    applyNext(target.state, addChunk(1, 3, [['old-0', 100]]));
    const writes = target.state.takeDirty()!;
    write(target, writes);
    target.state.persisted();
    expect(target.state.query('counter', 'old-0')).to.deep.equal([['old-0', 101]]);
    const last = target.state.finishInstall();
    expect(target.state.takeDirty()).to.equal(undefined);
    expect(() => applyNext(target.state)).to.throw('put in force');
    write(target, last);
    target.state.installed();
    expect(target.state.query('counter', '')).to.deep.equal(source.state.query('counter', ''));
  });
});
