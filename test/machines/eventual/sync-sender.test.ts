import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { Held } from '../../../machines/eventual/held.ts';
import { RunReader } from '../../../machines/eventual/run.ts';
import { syncSender } from '../../../machines/eventual/sync-sender.ts';
import { RoleDriver } from '../role-driver.ts';
import { posted } from './replica-driver.ts';
import { TestServer } from './values.ts';

const IDLE_MS = 1000;

function sender(server: TestServer, theirs: Held, pieceBytesMax = 1000) {
  const { state } = server;
  return new RoleDriver(syncSender, '1/syncSender/2', {
    server: 1,
    to: 2,
    sync: 5,
    state,
    theirs,
    list: state.versions.index.notIn(theirs),
    held: state.held.ranges,
    seen: state.seen,
    members: () => [1, 2],
    pieceBytesMax,
    idleMs: IDLE_MS,
  });
}

/** The one piece that some effects send. */
function pieceIn(effects: readonly Effect[]) {
  const [piece, ...others] = posted(effects, 'syncPiece');
  expect(others).to.deep.equal([]);
  const { run, end, piece: number } = piece!.message;
  const writes: string[] = [];
  const reader = new RunReader(run);
  while (reader.next()) writes.push(`${reader.key} ${reader.origin}.${reader.counter}`);
  return { number, writes, end, run };
}

const next = (piece: number) => ({ type: 'syncNext', sender: 2, members: [], sync: 5, piece });

describe('one that sends what another server lacks', () => {
  it('sends what lives of it, by origin and counter, and with the last piece what was held', () => {
    const [one, two] = [new TestServer(1), new TestServer(2)];
    for (let round = 0; round < 3; round++) for (const key of ['a', 'b']) one.put(key, round);
    two.put('c', 1);
    one.hear(two);
    const theirs = new Held([[1, 5, 5]]);
    expect(pieceIn(sender(one, theirs).started)).to.deep.include({
      number: 0,
      writes: ['b 1.6', 'c 2.1'],
      end: {
        held: [
          [1, 1, 6],
          [2, 1, 1],
        ],
        seen: [1, 6, 2, 1],
      },
    });
  });

  it('sends bounded pieces, one for each request, and again the same', () => {
    const one = new TestServer(1);
    for (const key of ['a', 'b', 'c', 'd', 'e']) one.put(key, 'x'.repeat(100));
    const role = sender(one, new Held(), 150);
    const pieces = [pieceIn(role.started)];
    for (let piece = 1; pieces.at(-1)!.end === undefined; piece++) {
      pieces.push(pieceIn(role.receive(next(piece), '1/replica')));
      expect(pieceIn(role.receive(next(piece), '1/replica')), 'asked for again').to.deep.equal(pieces.at(-1));
    }
    expect(pieces.map(({ writes }) => writes)).to.deep.equal([
      ['a 1.1', 'b 1.2'],
      ['c 1.3', 'd 1.4'],
      ['e 1.5'],
    ]);
    expect(role.receive(next(9), '1/replica'), 'ahead of what was asked').to.deep.equal([]);
  });

  it('sends in the place of a version those that have taken its place since', () => {
    const one = new TestServer(1);
    for (const key of ['a', 'b', 'c']) one.put(key, 'x'.repeat(100));
    const role = sender(one, new Held(), 50);
    one.put('b', 'new');
    one.put('c', undefined);
    expect(pieceIn(role.receive(next(1), '1/replica')).writes).to.deep.equal(['b 1.4', 'c 1.5']);
    const [other] = [new TestServer(2)];
    const { end, run } = pieceIn(role.receive(next(1), '1/replica'));
    other.state.takeVersions(pieceIn(role.receive(next(0), '1/replica')).run);
    other.state.takeVersions(run);
    other.state.takeHeld(end!.held, end!.seen, new Held([[1, 1, 5]]));
    expect(other.state.held.ranges, 'as of when it began').to.deep.equal([[1, 1, 3]]);
    expect(other.value('b')).to.equal('new');
  });

  it('a piece that was asked for again ends where it did, though it has become smaller', () => {
    const one = new TestServer(1);
    for (const key of ['a', 'b', 'c', 'd']) one.put(key, 'x'.repeat(100));
    const role = sender(one, new Held(), 150);
    one.put('a', 'short');
    one.put('b', 'short');
    expect(pieceIn(role.receive(next(0), '1/replica')).writes).to.deep.equal(['a 1.5', 'b 1.6']);
    expect(pieceIn(role.receive(next(1), '1/replica')).writes).to.deep.equal(['c 1.3', 'd 1.4']);
  });

  it('ends when nothing is asked for a while', () => {
    const one = new TestServer(1);
    one.put('a', 1);
    const role = sender(one, new Held());
    role.pass(IDLE_MS - 1);
    role.receive(next(0), '1/replica');
    role.pass(IDLE_MS - 1);
    expect(role.is('sending')).to.equal(true);
    role.pass(1);
    expect(role.is('closed')).to.equal(true);
  });
});
