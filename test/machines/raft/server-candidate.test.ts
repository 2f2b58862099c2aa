import { expect } from 'chai';
import { voteRecord } from '../../../machines/raft/records.ts';
import { early, persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, ServerDriver } from './server-driver.ts';
import { at, settings } from './values.ts';

const { electionTimeoutMs, electionSpreadMs, retryMs } = settings();
const FIVE = ['0', '1', '2', '3', '4'];

/** A server that has just begun to ask around. */
function asking(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver({ term: 3, ...options });
  const effects = driver.pass(electionTimeoutMs + electionSpreadMs / 2);
  expect(driver.is('candidate.preVote')).to.equal(true);
  return { driver, effects };
}

describe('a server without a leader', () => {
  it('misses it after the election timeout, and then waits by chance (thesis, section 3.4)', () => {
    for (const chance of [0.1, 0.5, 0.9]) {
      const driver = new ServerDriver({ term: 3, chance });
      driver.heartbeat(3);
      driver.pass(electionTimeoutMs - 1);
      expect(driver.is('follower.following')).to.equal(true);
      expect(sent(driver.pass(1), 'leadership')).to.deep.equal([
        ['0/replica', { type: 'leadership', leader: undefined }],
      ]);
      expect(receivers(driver.pass(electionSpreadMs * chance - 1), 'preVote')).to.deep.equal([]);
      expect(receivers(driver.pass(1), 'preVote')).to.deep.equal(['1/server', '2/server']);
    }
  });

  it('misses none while it hears one', () => {
    const driver = new ServerDriver({ term: 3 });
    for (let beat = 1; beat < 20; beat++) {
      driver.heartbeat(3, beat);
      expect(sent(driver.pass(electionTimeoutMs - 1), 'preVote')).to.deep.equal([]);
    }
  });

  it('stands at once where it is the first of a new cluster; the others wait long for it', () => {
    const first = new ServerDriver({ leadsFirst: true, isNew: true });
    expect(persisted(first.started)).to.deep.equal([voteRecord(1, '0')]);
    expect(receivers(first.started, 'requestVote')).to.deep.equal(['1/server', '2/server']);
    const other = new ServerDriver({ isNew: true });
    expect(sent(other.pass(electionTimeoutMs * 10), 'preVote')).to.deep.equal([]);
    expect(sent(other.pass(electionSpreadMs), 'preVote')).to.have.length(2);
  });

  it('does not stand where it has no vote', () => {
    for (const voters of [[], ['1', '2', '3']]) {
      const driver = new ServerDriver({ term: 3, voters });
      expect(sent(driver.pass(electionTimeoutMs * 20), 'preVote')).to.deep.equal([]);
    }
  });

  it('does not stand where its state on disk is lost, and its log begins after it', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([3], at(7, 2)), applied: 0 });
    expect(sent(driver.pass(electionTimeoutMs * 20), 'preVote')).to.deep.equal([]);
  });
});

describe('a Raft candidate', () => {
  describe('asks first whether it would be elected (thesis, section 9.6)', () => {
    it('in the next term, without going there, and before the disk: it says nothing', () => {
      const { driver, effects } = asking({ log: logOf([1, 3]) });
      const message = { type: 'preVote', term: 4, last: at(2, 3) };
      expect(sent(effects, 'preVote')).to.deep.equal([
        ['1/server', message],
        ['2/server', message],
      ]);
      expect(early(effects)).to.deep.equal(['preVote', 'preVote']);
      expect(persisted(effects)).to.deep.equal([]);
      expect(driver.status().term).to.equal(3);
    });

    it('and stands once a majority would, itself counted', () => {
      const { driver } = asking({ voters: FIVE });
      driver.preVoteReply('1', 4, true);
      driver.preVoteReply('1', 4, true);
      driver.preVoteReply('2', 4, false);
      expect(driver.is('candidate.preVote'), 'one twice, and one refused').to.equal(true);
      const effects = driver.preVoteReply('3', 4, true);
      expect(driver.is('candidate.vote')).to.equal(true);
      expect(persisted(effects)).to.deep.equal([voteRecord(4, '0')]);
    });

    it('and counts no answer to an earlier question', () => {
      const { driver } = asking();
      driver.preVoteReply('1', 3, true);
      expect(driver.is('candidate.preVote')).to.equal(true);
    });

    it('and asks those again that are silent', () => {
      const { driver } = asking({ voters: FIVE });
      driver.preVoteReply('1', 4, true);
      expect(receivers(driver.pass(retryMs), 'preVote')).to.deep.equal(['2/server', '3/server', '4/server']);
    });

    it('and never raises its term while it is cut off, however long', () => {
      const { driver } = asking();
      const effects = driver.pass(20_000);
      expect(receivers(effects, 'preVote').length).to.be.above(100);
      expect(persisted(effects)).to.deep.equal([]);
      expect(driver.status().term).to.equal(3);
    });

    it('and adopts the term of one who refuses, to ask anew', () => {
      const { driver } = asking();
      driver.preVoteReply('1', 4, false, { term: 8 });
      expect(driver.status().term).to.equal(8);
      const again = sent(driver.pass(electionSpreadMs), 'preVote');
      expect(again.map(([, message]) => message)).to.deep.include({
        type: 'preVote',
        term: 9,
        last: at(0, 0),
      });
    });

    it('and needs nobody where it is alone', () => {
      const driver = new ServerDriver({ term: 3, voters: ['0'] });
      driver.pass(electionTimeoutMs + electionSpreadMs / 2);
      expect(driver.status()).to.include({ leads: true, term: 4 });
    });
  });

  describe('is told whether others would vote for it (section 9.6)', () => {
    const reply = (granted: boolean, asked = 4) => ({
      type: 'preVoteReply',
      asked,
      term: 3,
      granted,
      commit: 0,
      isMember: true,
    });

    it('before the disk, by one that binds itself to nothing: to several at once', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      driver.pass(electionTimeoutMs);
      for (const candidate of ['1', '2']) {
        const effects = driver.preVote(candidate, 4, at(2, 3));
        expect(sent(effects)).to.deep.equal([[`${candidate}/server`, reply(true)]]);
        expect(early(effects)).to.deep.equal(['preVoteReply']);
        expect(persisted(effects)).to.deep.equal([]);
      }
      expect(driver.status().term).to.equal(3);
    });

    it('not by one that hears a leader', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      expect(sent(driver.preVote('1', 4, at(2, 3))), 'as it may have before its restart').to.deep.equal([
        ['1/server', reply(false)],
      ]);
      driver.pass(electionTimeoutMs);
      driver.heartbeat(3, 1, '2');
      expect(sent(driver.preVote('1', 4, at(2, 3)))).to.deep.equal([['1/server', reply(false)]]);
    });

    it('not by one whose log has more, nor for a term that is over', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      driver.pass(electionTimeoutMs);
      expect(sent(driver.preVote('1', 4, at(1, 1)))).to.deep.equal([['1/server', reply(false)]]);
      expect(sent(driver.preVote('1', 3, at(2, 3)))).to.deep.equal([['1/server', reply(false, 3)]]);
    });
  });

  describe('asks for votes (section 3.4)', () => {
    it('not before its own is on disk, which another could complete to a majority', () => {
      const { driver } = asking({ log: logOf([1, 3]) });
      const effects = driver.preVoteReply('1', 4, true);
      const message = { type: 'requestVote', term: 4, last: at(2, 3), isTransfer: false };
      expect(sent(effects, 'requestVote')).to.deep.equal([
        ['1/server', message],
        ['2/server', message],
      ]);
      expect(early(effects)).to.deep.equal([]);
      expect(persisted(effects)).to.deep.equal([voteRecord(4, '0')]);
    });

    it('again of those that are silent', () => {
      const driver = new ServerDriver({ voters: FIVE });
      driver.stand('1', '2');
      driver.voteReply('3', 1, true);
      expect(receivers(driver.pass(retryMs), 'requestVote')).to.deep.equal([
        '1/server',
        '2/server',
        '4/server',
      ]);
    });

    it('and leads with those of a majority, itself counted: each once, of this term, and given', () => {
      const driver = new ServerDriver({ voters: FIVE, term: 3 });
      driver.stand('1', '2');
      driver.voteReply('1', 4, true);
      driver.voteReply('1', 4, true);
      driver.voteReply('2', 4, false);
      driver.voteReply('3', 3, true);
      driver.preVoteReply('4', 4, true);
      expect(driver.is('candidate.vote')).to.equal(true);
      const effects = driver.voteReply('4', 4, true);
      expect(driver.status()).to.include({ leads: true, term: 4 });
      expect(sent(effects, 'leadership')).to.deep.equal([['0/replica', { type: 'leadership', leader: '0' }]]);
    });

    it('in vain where votes are split: it asks around again, for the term after', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.stand();
      const effects = driver.pass(electionTimeoutMs + electionSpreadMs / 2);
      expect(driver.is('candidate.preVote')).to.equal(true);
      expect(sent(effects, 'preVote')[0]![1]).to.deep.include({ term: 5 });
    });

    it('no more when another leads in the same term (section 3.4), nor when one of a newer asks for its vote', () => {
      const beaten = new ServerDriver({ term: 3 });
      beaten.stand();
      expect(sent(beaten.heartbeat(4, 1, '2'), 'leadership')).to.deep.equal([
        ['0/replica', { type: 'leadership', leader: '2' }],
      ]);
      expect(beaten.is('follower.following')).to.equal(true);
      beaten.voteReply('1', 4, true);
      expect(beaten.status().leads, 'a vote that comes late').to.equal(false);

      const outbid = new ServerDriver({ term: 3 });
      outbid.stand();
      outbid.requestVote('2', 5, at(0, 0));
      expect(outbid.is('follower.following')).to.equal(true);
    });
  });

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
