import { expect } from 'chai';
import fc from 'fast-check';
import type { Effect } from '../../../actors/effects.ts';
import { voteRecord } from '../../../machines/raft/records.ts';
import { early, persisted, sent } from '../role-driver.ts';
import { logOf, ServerDriver } from './server-driver.ts';
import { at, settings } from './values.ts';

const { electionTimeoutMs } = settings();

/** A server in term 2 whose log ends with entry 3 of term 2, and that has not heard of a leader lately. */
function free(driver = new ServerDriver({ term: 2, log: logOf([1, 2, 2]) })): ServerDriver {
  driver.pass(electionTimeoutMs);
  return driver;
}

function isGranted(effects: readonly Effect[]): boolean {
  const [[, reply]] = sent(effects, 'voteReply') as unknown as [[string, { granted: boolean }]];
  return reply.granted;
}

describe('the vote of a server', () => {
  describe('is one in each term (thesis, section 3.4)', () => {
    it('for the first that asks, on disk in the step that answers, and not before the disk (section 3.8)', () => {
      const effects = free().requestVote('1', 3, at(3, 2));
      expect(persisted(effects)).to.deep.equal([voteRecord(3, undefined), voteRecord(3, '1')]);
      expect(sent(effects, 'voteReply')).to.deep.equal([
        ['1/server', { type: 'voteReply', term: 3, granted: true }],
      ]);
      expect(early(effects)).to.deep.equal([]);
    });

    it('not for a second, who hears so', () => {
      const driver = free();
      driver.requestVote('1', 3, at(3, 2));
      expect(isGranted(driver.requestVote('2', 3, at(9, 2)))).to.equal(false);
      expect(driver.onDisk().votedFor).to.equal('1');
    });

    it('for the same one again, without another write', () => {
      const driver = free();
      driver.requestVote('1', 3, at(3, 2));
      const again = driver.requestVote('1', 3, at(3, 2));
      expect(isGranted(again)).to.equal(true);
      expect(persisted(again)).to.deep.equal([]);
    });

    it('for itself when it stands', () => {
      const driver = free();
      driver.stand();
      expect(isGranted(driver.requestVote('1', 3, at(9, 2)))).to.equal(false);
    });

    it('also after a restart', () => {
      const before = free();
      before.requestVote('1', 3, at(3, 2));
      const after = free(before.restart());
      expect(isGranted(after.requestVote('2', 3, at(9, 2)))).to.equal(false);
      expect(isGranted(after.requestVote('1', 3, at(3, 2)))).to.equal(true);
      expect(isGranted(after.requestVote('2', 4, at(3, 2))), 'and anew in the next term').to.equal(true);
    });

    it('whatever is asked, in whatever order, with restarts in between', () => {
      const ask = fc.record({
        from: fc.constantFrom('1', '2'),
        term: fc.integer({ min: 1, max: 6 }),
        last: fc.constantFrom(at(3, 2), at(2, 2), at(4, 2), at(1, 3)),
        isTransfer: fc.boolean(),
        next: fc.constantFrom('nothing', 'restart', 'wait'),
      });
      fc.assert(
        fc.property(fc.array(ask, { maxLength: 30 }), (asked) => {
          const votes = new Map<number, string>();
          let driver = free();
          let { term } = driver.status();
          for (const { from, term: wanted, last, isTransfer, next } of asked) {
            const effects = driver.requestVote(from, wanted, last, isTransfer);
            if (sent(effects, 'voteReply').length > 0 && isGranted(effects)) {
              expect(votes.get(wanted) ?? from).to.equal(from);
              votes.set(wanted, from);
              expect(driver.onDisk()).to.include({ term: wanted, votedFor: from });
            }
            if (next === 'restart') driver = driver.restart();
            if (next === 'wait') driver.pass(electionTimeoutMs);
            expect(driver.status().term).to.be.at.least(term);
            ({ term } = driver.status());
          }
        }),
        { numRuns: 60 },
      );
    });
  });

  describe('is for a log that has all that may be committed (section 3.6.1)', () => {
    for (const [last, isEnough] of [
      [at(3, 2), true],
      [at(4, 2), true],
      [at(1, 3), true],
      [at(2, 2), false],
      [at(9, 1), false],
      [at(0, 0), false],
    ] as const) {
      it(`${isEnough ? 'so' : 'not'} for one that ends with entry ${last.index} of term ${last.term}`, () => {
        const driver = free();
        expect(isGranted(driver.requestVote('1', 3, last))).to.equal(isEnough);
        expect(driver.status().term, 'the term is taken over all the same').to.equal(3);
        expect(driver.onDisk().votedFor).to.equal(isEnough ? '1' : undefined);
      });
    }

    it('by where a compacted log ends', () => {
      const driver = free(new ServerDriver({ term: 2, log: logOf([], at(8, 2)), applied: 8 }));
      expect(isGranted(driver.requestVote('1', 3, at(7, 2)))).to.equal(false);
      expect(isGranted(driver.requestVote('1', 4, at(8, 2)))).to.equal(true);
    });

    it('still free for another in the term, where one was refused', () => {
      const driver = free();
      driver.requestVote('1', 3, at(1, 1));
      expect(isGranted(driver.requestVote('2', 3, at(3, 2)))).to.equal(true);
    });
  });

  describe('is refused without a word while it hears a leader: a removed server would disturb (section 4.2.3)', () => {
    it('and its term is not taken over', () => {
      const driver = free();
      driver.heartbeat(2);
      driver.pass(electionTimeoutMs - 1);
      expect(driver.requestVote('2', 9, at(9, 8))).to.deep.equal([]);
      expect(driver.status().term).to.equal(2);
      driver.pass(1);
      expect(isGranted(driver.requestVote('2', 9, at(9, 8)))).to.equal(true);
    });

    it('whatever it hears of the leader', () => {
      for (const hear of [
        (driver: ServerDriver) => driver.append(2, at(3, 2), []),
        (driver: ServerDriver) => driver.probe(2, at(3, 2)),
        (driver: ServerDriver) => driver.commit(2, 0, at(0, 0)),
      ]) {
        const driver = free();
        hear(driver);
        expect(driver.requestVote('2', 9, at(9, 8))).to.deep.equal([]);
      }
    });

    it('by the leader itself as well', () => {
      const driver = new ServerDriver();
      driver.lead();
      driver.pass(electionTimeoutMs / 2);
      expect(driver.requestVote('2', 9, at(9, 8))).to.deep.equal([]);
      expect(driver.status()).to.include({ leads: true, term: 1 });
    });

    it('after a restart, when it may have heard one just before (section 6.4.1)', () => {
      const driver = new ServerDriver({ term: 2, log: logOf([1, 2, 2]) });
      driver.pass(electionTimeoutMs - 1);
      expect(driver.requestVote('2', 3, at(3, 2))).to.deep.equal([]);
      driver.pass(1);
      expect(isGranted(driver.requestVote('2', 3, at(3, 2)))).to.equal(true);
    });

    it('not by one that has never run', () => {
      const driver = new ServerDriver({ isNew: true });
      expect(isGranted(driver.requestVote('2', 1, at(0, 0)))).to.equal(true);
    });

    it('not where the leader itself told the candidate to stand (section 3.10)', () => {
      const driver = free();
      driver.heartbeat(2);
      expect(isGranted(driver.requestVote('2', 3, at(3, 2), true))).to.equal(true);
    });
  });

  it('given away, it waits for the one who has it before it stands itself (section 3.4)', () => {
    const driver = free();
    driver.requestVote('1', 3, at(3, 2));
    expect(driver.is('follower.following')).to.equal(true);
    driver.pass(electionTimeoutMs - 1);
    expect(driver.is('follower.following')).to.equal(true);
    driver.pass(1);
    expect(driver.is('follower.suspecting')).to.equal(true);
  });
});
