import { expect } from 'chai';
import { nextAfterConflict } from '../../../machines/raft/log.ts';
import { logOf } from './server-driver.ts';

describe("a Raft leader's next entry for a follower whose log conflicts", () => {
  it('comes after the last entry that both may have of the conflicting term', () => {
    const log = logOf([1, 1, 3, 3, 5]);
    expect(nextAfterConflict(log, { index: 2, term: 3 })).to.equal(5);
  });

  it('comes at the first entry of that term where the leader has none of it', () => {
    const log = logOf([1, 1, 3, 3, 5]);
    expect(nextAfterConflict(log, { index: 3, term: 2 })).to.equal(3);
    expect(nextAfterConflict(log, { index: 4, term: 4 })).to.equal(4);
  });

  it('comes after the end of a log that is short', () => {
    expect(nextAfterConflict(logOf([1, 1]), { index: 1, term: 0 })).to.equal(1);
  });

  it('comes after the base, where that is of the conflicting term: no snapshot is needed', () => {
    const log = logOf([5, 5], { index: 100, term: 3 });
    expect(nextAfterConflict(log, { index: 50, term: 3 })).to.equal(101);
  });
});
