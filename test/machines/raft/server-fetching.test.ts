import { expect } from 'chai';
import { LOG_ENTRIES_MAX } from '../../../machines/raft/records.ts';
import { persisted } from '../role-driver.ts';
import { entriesOf, logOf, ServerDriver } from './server-driver.ts';

describe('a Raft server that fetches from another', () => {
  it('takes no more than its ring of records has room for', () => {
    const held = LOG_ENTRIES_MAX - 2;
    const log = logOf(Array.from({ length: held }, () => 1));
    const driver = new ServerDriver({ term: 1, log, applied: held });
    const fetched = (count: number) => ({
      type: 'fetched' as const,
      term: 1,
      previous: { index: held, term: 1 },
      entries: entriesOf(Array.from({ length: count }, () => 1)),
      commit: held + count,
    });
    expect(persisted(driver.receive(fetched(2), '1/server'))).to.deep.equal([]);
    expect(persisted(driver.receive(fetched(1), '1/server'))).to.have.length(1);
  });
});
