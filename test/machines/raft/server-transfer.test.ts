import { expect } from 'chai';
import { persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, ServerDriver } from './server-driver.ts';
import { at, settings } from './values.ts';

const { electionTimeoutMs, electionSpreadMs, retryMs } = settings();
const FIVE = ['0', '1', '2', '3', '4'];

/** Leads in term 1; server 1 has all of its log, server 2 nothing. */
function leading(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver(options);
  driver.lead();
  driver.appended('1', 1, 1);
  return driver;
}

const STAND = { type: 'timeoutNow', term: 1 };

describe('a leader hands over leadership (thesis, section 3.10)', () => {
  it('by telling one that has all of its log to stand', () => {
    expect(sent(leading().transfer('1'))).to.deep.equal([['1/server', STAND]]);
  });

  it('once that one has all of its log', () => {
    const driver = leading();
    expect(driver.transfer('2')).to.deep.equal([]);
    expect(sent(driver.appended('2', 1, 1), 'timeoutNow')).to.deep.equal([['2/server', STAND]]);
  });

  it('to whichever is furthest, where nobody is named', () => {
    const driver = new ServerDriver({ voters: FIVE });
    driver.lead('1', '2');
    driver.propose(7);
    driver.appended('1', 1, 1);
    driver.appended('3', 1, 2);
    driver.appended('2', 1, 1);
    expect(receivers(driver.transfer(), 'timeoutNow')).to.deep.equal(['3/server']);
  });

  it('and rather to one that was heard of lately than to one that may be down', () => {
    const driver = leading();
    driver.appended('2', 1, 1);
    driver.pass(settings().quorumTimeoutMs - 1);
    driver.beatReply('2', 1, 1);
    driver.pass(1);
    driver.beatReply('2', 1, 1);
    expect(receivers(driver.transfer(), 'timeoutNow')).to.deep.equal(['2/server']);
  });

  it('appending nothing meanwhile, commands least of all, which wait', () => {
    const driver = leading();
    driver.transfer('2');
    expect(persisted(driver.propose(7))).to.deep.equal([]);
    expect(persisted(driver.appended('1', 1, 1))).to.deep.equal([]);
    expect(driver.status()).to.include({ open: 0, pending: 1 });
  });

  it('nor a configuration: whom it has told would lack it', () => {
    const driver = leading();
    driver.transfer('2');
    expect(persisted(driver.setMembers('0', '1'))).to.deep.equal([]);
    expect(persisted(driver.pass(retryMs))).to.deep.equal([]);
    // Given up, it goes on with that.
    expect(persisted(driver.pass(electionTimeoutMs)).length).to.be.above(0);
  });

  it('and goes on when the other has not taken over in the time of an election', () => {
    const driver = leading();
    driver.transfer('2');
    driver.propose(7);
    expect(persisted(driver.pass(electionTimeoutMs - 1))).to.deep.equal([]);
    expect(persisted(driver.pass(1))).to.have.length(1);
    expect(driver.status()).to.include({ leads: true, open: 1, pending: 0 });
    expect(receivers(driver.appended('2', 1, 2), 'timeoutNow'), 'to whom that is over').to.deep.equal([]);
    expect(receivers(driver.transfer('1'), 'timeoutNow')).to.deep.equal([]);
    expect(receivers(driver.appended('1', 1, 2), 'timeoutNow'), 'and may try anew').to.deep.equal([
      '1/server',
    ]);
  });

  it('and follows it when it is elected', () => {
    const driver = leading();
    driver.transfer('1');
    const effects = driver.requestVote('1', 2, at(1, 1), true);
    expect(sent(effects, 'voteReply')).to.deep.equal([
      ['1/server', { type: 'voteReply', term: 2, granted: true }],
    ]);
    expect(driver.is('follower.following')).to.equal(true);
  });

  it('to no stranger, to no learner, and not to itself', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    for (const node of ['9', '3', '0']) {
      expect(driver.transfer(node), node).to.deep.equal([]);
      expect(persisted(driver.propose(7)), 'and goes on').to.have.length(1);
    }
  });

  it('to nobody where it is alone', () => {
    const driver = new ServerDriver({ voters: ['0'] });
    driver.pass(500);
    expect(driver.transfer()).to.deep.equal([]);
    expect(persisted(driver.propose(7))).to.have.length(1);
  });
});

describe('a server that is told to stand (thesis, section 3.10)', () => {
  /** Follows server 1 in term 3, whom it has just heard. */
  function following(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 3]), ...options });
    driver.heartbeat(3);
    return driver;
  }
  const told = (driver: ServerDriver, term = 3) => driver.receive({ type: 'timeoutNow', term }, '1/server');

  it('asks for votes at once, without asking around, and says by whose leave (section 4.2.3)', () => {
    const driver = following();
    const effects = told(driver);
    const message = { type: 'requestVote', term: 4, last: at(2, 3), isTransfer: true };
    expect(sent(effects, 'requestVote')).to.deep.equal([
      ['1/server', message],
      ['2/server', message],
    ]);
    driver.voteReply('1', 4, true);
    expect(driver.status()).to.include({ leads: true, term: 4 });
  });

  it('does so in the term of who says it alone', () => {
    for (const term of [2, 4]) expect(told(following(), term)).to.deep.equal([]);
  });

  it('stands by that leave once: not when it has failed', () => {
    const driver = following();
    told(driver);
    driver.pass(electionTimeoutMs + electionSpreadMs);
    expect(driver.is('candidate.preVote')).to.equal(true);
    const effects = driver.preVoteReply('2', 5, true);
    expect(sent(effects, 'requestVote')[0]![1]).to.deep.include({ term: 5, isTransfer: false });
  });

  it('does not stand where it may not: its state is lost, or it is no voter', () => {
    const lost = following({ log: logOf([3], at(7, 2)), applied: 0 });
    expect(receivers(told(lost), 'requestVote')).to.deep.equal([]);
    const learner = new ServerDriver({ term: 3, voters: ['1', '2', '3'] });
    learner.append(3, at(0, 0), entriesOf([3]));
    expect(receivers(told(learner), 'requestVote')).to.deep.equal([]);
  });
});
