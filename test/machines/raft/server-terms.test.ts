import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { voteRecord } from '../../../machines/raft/records.ts';
import { early, persisted, sent } from '../role-driver.ts';
import { entriesOf, logOf, ServerDriver } from './server-driver.ts';
import { at, settings } from './values.ts';

const { electionTimeoutMs } = settings();

/** A follower in term 3 that has not heard of a leader lately. */
function lonely(): ServerDriver {
  const driver = new ServerDriver({ term: 3, votedFor: '0', log: logOf([1, 3]) });
  driver.pass(electionTimeoutMs);
  return driver;
}

/** Everything that a server in any state may hear of a newer term from. */
const NEWS: Readonly<Record<string, (driver: ServerDriver) => readonly Effect[]>> = {
  'a heartbeat': (driver) => driver.heartbeat(5),
  'entries that fit': (driver) => driver.append(5, at(2, 3), entriesOf([5])),
  'entries that do not fit': (driver) => driver.append(5, at(9, 5), entriesOf([5])),
  'a probe': (driver) => driver.probe(5, at(9, 5)),
  'a request for a vote that is granted': (driver) => driver.requestVote('1', 5, at(2, 3)),
  'a request for a vote that is refused': (driver) => driver.requestVote('1', 5, at(1, 1)),
  'a refused vote': (driver) => driver.voteReply('1', 5, false),
  'fetched entries': (driver) =>
    driver.receive(
      { type: 'fetched', term: 5, previous: at(0, 0), entries: entriesOf([1]), commit: 1 },
      '1/server',
    ),
};

describe('the term of a server (thesis, section 3.3)', () => {
  for (const [what, tell] of Object.entries(NEWS)) {
    it(`goes up to a newer one with ${what}, and is on disk in the step that answers (section 3.8)`, () => {
      const driver = lonely();
      const effects = tell(driver);
      expect(driver.status().term).to.equal(5);
      expect(persisted(effects)[0]).to.deep.equal(voteRecord(5, undefined));
      expect(early(effects).filter((type) => type !== 'heartbeatReply')).to.deep.equal([]);
      expect(driver.restart().status().term).to.equal(5);
    });
  }

  it('goes up when it stands for election, with the vote for itself, on disk in the step that asks', () => {
    const driver = lonely();
    const effects = driver.stand();
    expect(persisted(effects)).to.deep.equal([voteRecord(4, '0')]);
    expect(early(effects)).to.deep.equal([]);
    expect(driver.restart().status().term).to.equal(4);
  });

  it('takes its vote of the term before away', () => {
    const driver = lonely();
    driver.requestVote('1', 5, at(2, 3));
    expect(driver.onDisk()).to.include({ term: 5, votedFor: '1' });
  });

  it('makes a leader a follower, whichever answer brings it', () => {
    for (const tell of [
      (driver: ServerDriver) => driver.appended('1', 7, 0),
      (driver: ServerDriver) => driver.beatReply('1', 7, 1),
      (driver: ServerDriver) => driver.voteReply('1', 7, false),
      (driver: ServerDriver) => driver.heartbeat(7),
      (driver: ServerDriver) => driver.append(7, at(0, 0), []),
    ]) {
      const driver = new ServerDriver();
      driver.lead();
      expect(driver.status()).to.include({ leads: true, term: 1 });
      tell(driver);
      expect(driver.status()).to.include({ leads: false, term: 7 });
      expect(driver.is('follower')).to.equal(true);
      expect(driver.restart().status().term).to.equal(7);
    }
  });

  it('makes a candidate a follower', () => {
    const driver = lonely();
    driver.stand();
    driver.voteReply('1', 9, false);
    expect(driver.is('follower')).to.equal(true);
    expect(driver.status().term).to.equal(9);
  });

  describe('never goes back', () => {
    it('for a leader of an older one: it is told, writes nothing here and is not followed', () => {
      const driver = lonely();
      expect(sent(driver.heartbeat(2, 8))).to.deep.equal([
        ['1/server', { type: 'heartbeatReply', term: 3, round: 8, commit: 0, leaderCommit: 0 }],
      ]);
      const told = [['1/server', { type: 'appended', term: 3, match: 0 }]];
      expect(sent(driver.append(2, at(2, 3), entriesOf([2])))).to.deep.equal(told);
      expect(sent(driver.probe(2, at(2, 3)))).to.deep.equal(told);
      expect(driver.commit(2, 2, at(2, 3)), 'nor believed').to.deep.equal([]);
      expect(driver.termsOnDisk()).to.deep.equal([1, 3]);
      expect(driver.status().term).to.equal(3);
      expect(driver.is('follower.suspecting')).to.equal(true);
    });

    it('for a candidate of an older one, which is told', () => {
      const driver = lonely();
      const effects = driver.requestVote('1', 2, at(9, 2));
      expect(sent(effects)).to.deep.equal([['1/server', { type: 'voteReply', term: 3, granted: false }]]);
      expect(persisted(effects)).to.deep.equal([]);
    });

    it('for answers to what it asked in an older one', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.lead();
      driver.appended('1', 3, 1);
      driver.mismatched('1', 3, 1, at(1, 0));
      driver.beatReply('1', 3, 1);
      driver.voteReply('2', 3, true);
      expect(driver.status()).to.include({ leads: true, term: 4, open: 1 });
    });
  });
});
