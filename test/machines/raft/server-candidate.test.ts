import { expect } from 'chai';
import { persisted, sent } from '../role-driver.ts';
import { entriesOf, ServerDriver } from './server-driver.ts';

describe('a Raft candidate', () => {
  it('does not take the votes of one term into the next, that it hears of with fetched entries', () => {
    const driver = new ServerDriver({ term: 1 });
    driver.stand();
    expect(driver.is('candidate.vote')).to.equal(true);
    const effects = driver.receive(
      { type: 'fetched', term: 5, previous: { index: 0, term: 0 }, entries: entriesOf([5]), commit: 1 },
      '1/server',
    );
    expect(persisted(effects)).to.have.length(2);
    // It has not voted in term 5: it must not stand in it, nor lead.
    expect(sent(driver.pass(60), 'requestVote')).to.deep.equal([]);
    driver.receive({ type: 'voteReply', term: 5, granted: true }, '1/server');
    expect(driver.is('leader')).to.equal(false);
  });
});
