import { expect } from 'chai';
import fc from 'fast-check';
import type { Entry } from '../../../machines/raft/log.ts';
import { LOG_ENTRIES_MAX } from '../../../machines/raft/records.ts';
import { bytesOf, NO_OP } from '../../../machines/replication/batch.ts';
import { early, persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, logWith, ServerDriver } from './server-driver.ts';
import { at, entry } from './values.ts';

const ENTRY_BYTES = bytesOf(entry(1, 1).batch);

function appendedTo(match: number, term = 3) {
  return [['1/server', { type: 'appended', term, match }]];
}

describe('a follower (thesis, section 3.5)', () => {
  describe('takes in entries', () => {
    it('and answers when they are on disk, not before (section 3.8)', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      const effects = driver.append(3, at(2, 3), [entry(3, 7), entry(3, 8)]);
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(4));
      expect(persisted(effects)).to.have.length(2);
      expect(early(effects)).to.deep.equal([]);
      expect(driver.termsOnDisk()).to.deep.equal([1, 3, 3, 3]);
    });

    it('that come again, with the same answer and without writing again', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      driver.append(3, at(2, 3), [entry(3, 7)]);
      const again = driver.append(3, at(2, 3), [entry(3, 7)]);
      expect(sent(again)).to.deep.equal(appendedTo(3));
      expect(persisted(again)).to.deep.equal([]);
    });

    it('of which it has the first, and writes the others', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      const effects = driver.append(3, at(0, 0), entriesOf([1, 3, 3]));
      expect(persisted(effects)).to.have.length(1);
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(3));
    });

    it('that begin before its base: what it has compacted is committed, and the same everywhere', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([3], at(5, 2)), applied: 5 });
      expect(sent(driver.append(3, at(3, 1), entriesOf([2, 2, 3, 3])), 'appended')).to.deep.equal(
        appendedTo(7),
      );
      expect(driver.termsOnDisk()).to.deep.equal([3, 3]);
    });

    it('and follows their leader, of which it tells the replica beside', () => {
      const driver = new ServerDriver({ term: 3 });
      expect(sent(driver.append(3, at(0, 0), entriesOf([3])), 'leadership')).to.deep.equal([
        ['0/replica', { type: 'leadership', leader: '1' }],
      ]);
      expect(receivers(driver.append(3, at(1, 3), entriesOf([3])), 'leadership'), 'once').to.deep.equal([]);
      const next = driver.append(4, at(2, 3), entriesOf([4]));
      expect(receivers(next, 'leadership'), 'and again for a new term of the same').to.have.length(1);
    });
  });

  describe('refuses what does not follow what it has', () => {
    it('after a gap: it tells where its log ends', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      expect(sent(driver.append(3, at(5, 3), entriesOf([3])), 'mismatched')).to.deep.equal([
        ['1/server', { type: 'mismatched', term: 3, previous: 5, conflict: at(3, 0) }],
      ]);
      expect(driver.termsOnDisk()).to.deep.equal([1, 3]);
    });

    it('after an entry of another term: it tells of the first of that term, and keeps all of them', () => {
      const driver = new ServerDriver({ term: 4, log: logOf([1, 2, 2, 2]) });
      expect(sent(driver.append(4, at(4, 3), entriesOf([4])), 'mismatched')).to.deep.equal([
        ['1/server', { type: 'mismatched', term: 4, previous: 4, conflict: at(2, 2) }],
      ]);
      expect(driver.termsOnDisk()).to.deep.equal([1, 2, 2, 2]);
    });

    it('to a probe as well, which it answers where its log matches', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 3]) });
      expect(receivers(driver.probe(3, at(2, 1)), 'mismatched')).to.deep.equal(['1/server']);
      expect(sent(driver.probe(3, at(1, 1)), 'appended')).to.deep.equal(appendedTo(1));
    });
  });

  describe('lets go of entries', () => {
    it('from the first one that conflicts, and on disk as well', () => {
      const driver = new ServerDriver({ term: 4, log: logOf([1, 2, 2, 2]) });
      const effects = driver.append(4, at(1, 1), entriesOf([2, 4]));
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(3, 4));
      expect(driver.termsOnDisk()).to.deep.equal([1, 2, 4]);
    });

    it('of none that follow entries of an older message that comes late', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.append(3, at(0, 0), entriesOf([3, 3, 3, 3]));
      const late = driver.append(3, at(0, 0), entriesOf([3, 3]));
      expect(sent(late)).to.deep.equal(appendedTo(2));
      expect(driver.termsOnDisk()).to.deep.equal([3, 3, 3, 3]);
    });

    it('of none for a probe', () => {
      const driver = new ServerDriver({ term: 4, log: logOf([1, 2, 2]) });
      driver.probe(4, at(1, 1));
      driver.probe(4, at(2, 4));
      expect(driver.termsOnDisk()).to.deep.equal([1, 2, 2]);
    });

    it('of none that is committed: it ends rather', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.append(3, at(0, 0), entriesOf([3, 3]));
      driver.commit(3, 1, at(2, 3));
      expect(() => driver.append(4, at(0, 0), entriesOf([4]))).to.throw('entry 1 is committed');
    });
  });

  describe('commits', () => {
    const committed = (first: number, entries: readonly Entry[]) => [
      ['0/replica', { type: 'committed', first, entries }],
    ];

    it('what its leader has committed, as far as it is known to be here, and hands it over in order, once', () => {
      const driver = new ServerDriver({ term: 3 });
      const entries = [entry(3, 1), entry(3, 2), entry(3, 3)];
      driver.append(3, at(0, 0), entries.slice(0, 2));
      expect(sent(driver.commit(3, 1, at(0, 0)), 'committed')).to.deep.equal(committed(1, [entries[0]!]));
      expect(sent(driver.commit(3, 3, at(0, 0)), 'committed')).to.deep.equal(committed(2, [entries[1]!]));
      expect(sent(driver.commit(3, 3, at(0, 0)), 'committed')).to.deep.equal([]);
      expect(sent(driver.append(3, at(2, 3), [entries[2]!]), 'committed')).to.deep.equal(
        committed(3, [entries[2]!]),
      );
    });

    it('nothing that a former leader has left here and that may not be as its leader has it (figure 3.7)', () => {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 2]) });
      driver.heartbeat(3);
      expect(sent(driver.commit(3, 2, at(0, 0)), 'committed')).to.deep.equal([]);
      expect(sent(driver.probe(3, at(1, 1)), 'committed')).to.deep.equal(committed(1, entriesOf([1])));
      expect(sent(driver.append(3, at(1, 1), entriesOf([3])), 'committed')).to.deep.equal(
        committed(2, entriesOf([3])),
      );
    });

    it('nothing that was known to match another leader', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.append(3, at(0, 0), entriesOf([3, 3]));
      driver.heartbeat(4, 1, '2');
      expect(sent(driver.commit(4, 2, at(0, 0), '2'), 'committed')).to.deep.equal([]);
      expect(sent(driver.probe(4, at(2, 3), '2'), 'committed')).to.have.length(1);
    });

    it('what it once had of this leader, having restarted since, where its log still has it', () => {
      const before = new ServerDriver({ term: 3 });
      before.append(3, at(0, 0), entriesOf([3, 3]));
      const after = before.restart();
      after.heartbeat(3);
      expect(sent(after.commit(3, 2, at(2, 4)), 'committed'), 'of another term').to.deep.equal([]);
      expect(sent(after.commit(3, 2, at(2, 3)), 'committed')).to.deep.equal(committed(1, entriesOf([3, 3])));
    });

    it('nothing at the word of a leader of another term', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.append(3, at(0, 0), entriesOf([3]));
      expect(driver.commit(2, 1, at(1, 3))).to.deep.equal([]);
      expect(driver.commit(4, 1, at(1, 3)), 'whose term it has yet to hear of').to.deep.equal([]);
    });

    it('and tells its leader how far it is, before the disk: what others have committed stays so', () => {
      const driver = new ServerDriver({ term: 3 });
      driver.append(3, at(0, 0), entriesOf([3, 3]));
      driver.commit(3, 1, at(2, 3));
      const effects = driver.heartbeat(3, 9);
      expect(sent(effects)).to.deep.equal([
        ['1/server', { type: 'heartbeatReply', term: 3, round: 9, commit: 1, leaderCommit: 1 }],
      ]);
      expect(early(effects)).to.deep.equal(['heartbeatReply']);
    });
  });

  describe('has bounds', () => {
    it('and takes of entries those that its ring has room for, until some are compacted', () => {
      const base = LOG_ENTRIES_MAX - 2;
      const log = logOf(Array.from({ length: base }, () => 3));
      const driver = new ServerDriver({ term: 3, log, applied: base });
      expect(sent(driver.append(3, at(base, 3), entriesOf([3, 3])), 'appended')).to.deep.equal(
        appendedTo(base + 1),
      );
      expect(sent(driver.append(3, at(base + 1, 3), entriesOf([3])), 'appended')).to.deep.equal(
        appendedTo(base + 1),
      );
      driver.durable(base);
      expect(sent(driver.append(3, at(base + 1, 3), entriesOf([3])), 'appended')).to.deep.equal(
        appendedTo(base + 2),
      );
    });

    it('and takes none when it keeps too many bytes; but it follows, and says how far the logs match', () => {
      const log = logWith([entry(3, 1), entry(3, 2)]);
      const driver = new ServerDriver({ term: 3, log, settings: { logBytesMax: ENTRY_BYTES * 2 } });
      const effects = driver.append(4, at(2, 3), [entry(4, 3)]);
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(2, 4));
      expect(driver.status().term).to.equal(4);
      expect(receivers(effects, 'leadership')).to.have.length(1);
      expect(sent(driver.probe(4, at(2, 3)), 'appended')).to.deep.equal(appendedTo(2, 4));
    });

    it('and commits what it has, restarted with a full log, so that there is room again', () => {
      const log = logWith([entry(3, 1), entry(3, 2)]);
      const driver = new ServerDriver({ term: 3, log, settings: { logBytesMax: ENTRY_BYTES * 2 } });
      driver.append(4, at(2, 3), [entry(4, 3)]);
      driver.commit(4, 2, at(2, 3));
      expect(driver.status().open).to.equal(0);
    });

    it('and takes what carries no commands all the same: else a new term could commit nothing, and nothing ever made room', () => {
      const log = logWith([entry(3, 1), entry(3, 2)]);
      const driver = new ServerDriver({ term: 3, log, settings: { logBytesMax: ENTRY_BYTES * 2 } });
      const effects = driver.append(4, at(2, 3), [{ term: 4, batch: NO_OP }, entry(4, 4)]);
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(3, 4));
    });

    it('and is full no longer where its entries make way for those of its leader', () => {
      const log = logWith([entry(3, 1), entry(3, 2)]);
      const driver = new ServerDriver({ term: 3, log, settings: { logBytesMax: ENTRY_BYTES * 2 } });
      const effects = driver.append(4, at(0, 0), [entry(4, 1), entry(4, 2), entry(4, 3)]);
      expect(sent(effects, 'appended')).to.deep.equal(appendedTo(2, 4));
    });
  });

  it('has the log of its leader as far as it says, in whatever order and however often entries come', () => {
    // One leader after the other; each goes on from some part of the log of the last, and appends in its own term.
    const reigns = fc.array(
      fc.record({
        kept: fc.double({ min: 0, max: 1, noNaN: true }),
        added: fc.integer({ min: 1, max: 5 }),
        messages: fc.array(
          fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), count: fc.nat(4) }),
          { maxLength: 12 },
        ),
        restart: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(reigns, (given) => {
        let driver = new ServerDriver();
        let leader: number[] = [];
        given.forEach(({ kept, added, messages, restart }, place) => {
          const term = place + 1;
          leader = leader.slice(0, Math.round(kept * leader.length));
          leader.push(...Array.from({ length: added }, () => term));
          let acknowledged = 0;
          for (const { from, count } of messages) {
            const previous = Math.round(from * leader.length);
            const entries = entriesOf(leader.slice(previous, previous + count));
            const before = driver.termsOnDisk();
            const effects = driver.append(term, at(previous, leader[previous - 1] ?? 0), entries);
            const after = driver.termsOnDisk();
            for (const [, reply] of sent(effects, 'appended') as unknown as [string, { match: number }][]) {
              acknowledged = Math.max(acknowledged, reply.match);
            }
            expect(after.slice(0, acknowledged)).to.deep.equal(leader.slice(0, acknowledged));
            const parts = before.findIndex((other, index) => after[index] !== other);
            if (parts !== -1)
              expect(leader[parts], 'truncated by a conflict alone').to.not.equal(before[parts]);
          }
          if (restart) driver = driver.restart();
        });
      }),
      { numRuns: 80 },
    );
  });
});
