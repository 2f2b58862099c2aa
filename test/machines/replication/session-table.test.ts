import { expect } from 'chai';
import {
  resultOf,
  SESSION_RESULT_BYTES_MAX,
  SESSION_RESULTS_MAX,
  type Session,
  SessionTable,
} from '../../../machines/replication/session-table.ts';

const FORGOTTEN = { refused: 'SYNOD_RESULT_FORGOTTEN' };

/** The table as a restart would find it; `records` holds what was written before. */
function restarted(
  table: SessionTable,
  records = new Map<number, Uint8Array>(),
  sessionsMax?: number,
): SessionTable {
  for (const [session, record] of table.takeDirty()) {
    if (record === undefined) records.delete(session);
    else records.set(session, record);
  }
  return SessionTable.restore(table.counters, records, sessionsMax);
}

function used(table: SessionTable, number: number): Session {
  const session = table.use(number);
  if (session === undefined) throw new Error(`session ${number} is not known`);
  return session;
}

describe('the session table', () => {
  it('gives numbers in order and never one twice, also after a restart', () => {
    const table = new SessionTable();
    expect([table.open(), table.open()]).to.deep.equal([1, 2]);
    expect(restarted(table).open()).to.equal(3);
  });

  it('keeps results until the client has acknowledged them', () => {
    const table = new SessionTable();
    const session = used(table, table.open());
    for (const result of ['a', 'b', 'c']) table.keep(session, result);
    table.acknowledge(session, 2);
    expect([1, 2, 3].map((number) => resultOf(session, number))).to.deep.equal([FORGOTTEN, FORGOTTEN, 'c']);
    table.acknowledge(session, 1);
    expect(resultOf(session, 3)).to.equal('c');
    table.acknowledge(session, 1000);
    expect(session).to.deep.include({ last: 3, forgotten: 3, results: [], resultBytes: 0 });
  });

  it('is the same after a restart', () => {
    const table = new SessionTable();
    const session = used(table, table.open());
    table.keep(session, { slot: 1 });
    table.keep(session, null);
    table.acknowledge(session, 1);
    const again = restarted(table);
    expect(again.counters).to.deep.equal(table.counters);
    expect(used(again, 1)).to.deep.equal(used(table, 1));
  });

  it('forgets the session used longest ago when there are too many', () => {
    const table = new SessionTable(3);
    for (let opened = 0; opened < 3; opened += 1) table.open();
    table.use(1);
    table.open();
    expect([1, 2, 3, 4].map((number) => table.use(number) !== undefined)).to.deep.equal([
      true,
      false,
      true,
      true,
    ]);
    expect(table.size).to.equal(3);
  });

  it('forgets in the same order whether it was restarted or not', () => {
    const table = new SessionTable(4);
    const records = new Map<number, Uint8Array>();
    for (let opened = 0; opened < 4; opened += 1) table.open();
    for (const number of [3, 1, 4, 2]) table.use(number);
    const again = restarted(table, records, 4);
    for (const each of [table, again]) for (let opened = 0; opened < 3; opened += 1) each.open();
    const left = [1, 2, 3, 4, 5, 6, 7].filter((number) => table.use(number) !== undefined);
    expect(left).to.deep.equal([2, 5, 6, 7]);
    expect(left.every((number) => again.use(number) !== undefined)).to.equal(true);
    expect(again.size).to.equal(4);
  });

  it('takes a forgotten session off the disk', () => {
    const table = new SessionTable(1);
    table.open();
    table.takeDirty();
    table.open();
    expect(table.takeDirty().map(([number, record]) => [number, record !== undefined])).to.have.deep.members([
      [1, false],
      [2, true],
    ]);
    expect(table.takeDirty()).to.deep.equal([]);
    expect(table.dirtyBytes).to.equal(0);
  });

  it('bounds what it keeps of a client that never acknowledges, by number and by bytes', () => {
    const table = new SessionTable();
    const many = used(table, table.open());
    for (let number = 1; number <= SESSION_RESULTS_MAX + 1; number += 1) table.keep(many, number);
    expect(many.results.length).to.be.at.most(SESSION_RESULTS_MAX);
    expect(many.last).to.equal(SESSION_RESULTS_MAX + 1);
    expect(resultOf(many, many.last)).to.equal(many.last);
    expect(resultOf(many, 1)).to.deep.equal(FORGOTTEN);

    const large = used(table, table.open());
    const result = 'x'.repeat(SESSION_RESULT_BYTES_MAX / 4);
    for (let number = 1; number <= 100; number += 1) table.keep(large, result);
    expect(large.resultBytes).to.be.at.most(SESSION_RESULT_BYTES_MAX);
    expect(resultOf(large, 100)).to.equal(result);
    table.acknowledge(large, 100);
    expect(large.resultBytes).to.equal(0);
  });

  it('does not take a broken record for a session', () => {
    expect(() =>
      SessionTable.restore({ nextSession: 2, uses: 1 }, [[1, Buffer.from([0x93, 1, 2, 3])]]),
    ).to.throw(TypeError);
  });
});
