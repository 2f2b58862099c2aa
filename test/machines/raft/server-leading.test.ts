import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { AppendEntries } from '../../../machines/raft/messages.ts';
import { LOG_ENTRIES_MAX } from '../../../machines/raft/records.ts';
import { bytesOf, NO_OP } from '../../../machines/replication/batch.ts';
import { early, persisted, receivers, sent } from '../role-driver.ts';
import { CLIENT, logOf, ServerDriver } from './server-driver.ts';
import { at, entry, settings } from './values.ts';

const { heartbeatMs, retryMs, quorumTimeoutMs, electionTimeoutMs } = settings();
const ENTRY_BYTES = bytesOf(entry(1, 1).batch);

/** What a server is sent of the log: after which entry, and the commands, a no-op as 0. */
function sentTo(node: string, effects: readonly Effect[]): [previous: number, ...bytes: number[]][] {
  return [...sent(effects, 'appendEntries'), ...sent(effects, 'probe')]
    .filter(([to]) => to === `${node}/server`)
    .map(([, message]) => {
      const { previous, entries } = message as AppendEntries;
      return [previous.index, ...entries.map(({ batch }) => batch[0]?.[0] ?? 0)];
    });
}

/** Leads in term 1, and server 1 is known to have the no-op. */
function leading(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver(options);
  driver.lead();
  driver.appended('1', 1, 1);
  return driver;
}

describe('a Raft leader', () => {
  it('begins with a no-op, which it sends before its disk has it: the others write meanwhile (section 10.2.1)', () => {
    const driver = new ServerDriver({ log: logOf([1, 1]), term: 1 });
    const effects = driver.lead();
    const message = {
      type: 'appendEntries',
      term: 2,
      previous: at(2, 1),
      entries: [{ term: 2, batch: NO_OP }],
    };
    expect(sent(effects, 'appendEntries')).to.deep.equal([
      ['1/server', message],
      ['2/server', message],
    ]);
    expect(early(effects)).to.include('appendEntries');
    expect(driver.termsOnDisk()).to.deep.equal([1, 1, 2]);
  });

  it('sends nothing before the disk where it is alone: it has asked nobody for its term', () => {
    const driver = new ServerDriver({ voters: ['0'] });
    driver.pass(electionTimeoutMs * 2);
    expect(driver.status().leads).to.equal(true);
    driver.setMembers('0', '1');
    const effects = [...driver.mismatched('1', 1, 2, at(1, 0)), ...driver.pass(heartbeatMs)];
    expect(receivers(effects, 'appendEntries')).to.deep.equal(['1/server']);
    expect(receivers(effects, 'heartbeat')).to.deep.equal(['1/server']);
    expect(early(effects)).to.deep.equal([]);
  });

  it('tells the others that it leads, at once and on', () => {
    const driver = new ServerDriver();
    const [first] = sent(driver.lead(), 'heartbeat');
    expect(first).to.deep.equal(['1/server', { type: 'heartbeat', term: 1, round: 1 }]);
    const effects = driver.pass(heartbeatMs);
    expect(sent(effects, 'heartbeat')).to.deep.equal([
      ['1/server', { type: 'heartbeat', term: 1, round: 2 }],
      ['2/server', { type: 'heartbeat', term: 1, round: 2 }],
    ]);
    expect(early(effects)).to.deep.equal(['heartbeat', 'heartbeat']);
  });

  it('steps down when it has heard no majority for long (check quorum, section 6.2)', () => {
    const driver = leading();
    for (let round = 1; round < 5; round++) {
      driver.beatReply('2', 1, round);
      driver.pass(quorumTimeoutMs);
      expect(driver.status().leads, 'itself and another').to.equal(true);
    }
    const effects = driver.pass(quorumTimeoutMs);
    expect(driver.is('follower.suspecting')).to.equal(true);
    expect(sent(effects, 'leadership')).to.deep.equal([
      ['0/replica', { type: 'leadership', leader: undefined }],
    ]);
    expect(driver.status()).to.include({ leads: false, term: 1 });
  });

  it('drops what waits when it leads no longer, and says so to whoever comes then', () => {
    const driver = leading({ settings: { uncommittedMax: 1 } });
    driver.propose(7);
    driver.propose(8);
    expect(driver.status().pending).to.equal(1);
    driver.heartbeat(2);
    expect(driver.status().pending).to.equal(0);
    expect(receivers(driver.propose(9), 'refused')).to.deep.equal([CLIENT]);
  });

  describe('appends (section 3.5)', () => {
    it('all commands of a turn as one entry, on disk in the step that sends them', () => {
      const driver = leading();
      const effects = driver.propose(1, 2, 3);
      expect(receivers(effects, 'appendPending')).to.deep.equal(['0/server']);
      const [[, message]] = sent(effects, 'appendEntries') as unknown as [[string, AppendEntries]];
      expect(message.entries[0]!.batch.map((chunk) => chunk[0])).to.deep.equal([1, 2, 3]);
      expect(persisted(effects)).to.have.length(1);
    });

    it('several entries where that is too much for one', () => {
      const driver = leading({ settings: { slotBytesMax: 2 } });
      driver.propose(1, 2, 3);
      expect(driver.onDisk().log.entries.map(({ batch }) => batch.length)).to.deep.equal([0, 2, 1]);
    });

    it('no more than may be uncommitted; a commitment makes room for what waits', () => {
      const driver = leading({ settings: { uncommittedMax: 2 } });
      for (const byte of [1, 2, 3, 4]) driver.propose(byte);
      expect(driver.status()).to.include({ open: 2, pending: 2 });
      const effects = driver.appended('1', 1, 2);
      expect(sentTo('1', effects)).to.deep.equal([[3, 3]]);
      expect(driver.status()).to.include({ open: 2, pending: 0 });
    });

    it('no more than half of what a follower can keep', () => {
      const full = LOG_ENTRIES_MAX / 2;
      const log = logOf(Array.from({ length: full - 1 }, () => 1));
      const driver = new ServerDriver({ term: 1, log, applied: full - 1 });
      driver.lead();
      driver.appended('1', 2, full);
      expect(persisted(driver.propose(1))).to.deep.equal([]);
      expect(persisted(driver.durable(full - 1)), 'the base, and the entry').to.have.length(2);
    });

    it('nothing that is too much to wait: it refuses', () => {
      const driver = leading({ settings: { uncommittedMax: 0, pendingBytesMax: 1 } });
      expect(receivers(driver.propose(1), 'refused')).to.deep.equal([]);
      expect(receivers(driver.propose(2), 'refused')).to.deep.equal([CLIENT]);
    });

    it('what waits when its log has room again', () => {
      const driver = new ServerDriver({ settings: { logBytesMax: 2000, logKeptBytes: 0 } });
      driver.lead();
      for (let chunk = 0; chunk < 2; chunk++) {
        driver.proposeChunks(new Uint8Array(1000));
        driver.appended('1', 1, 2);
        driver.appended('2', 1, 2);
      }
      expect(receivers(driver.durable(2), 'appendEntries')).to.deep.equal(['1/server', '2/server']);
    });
  });

  describe('finds out where the logs meet (section 3.5)', () => {
    /** Leads in term 6 with a log of these terms, and a no-op. */
    function diverged() {
      const driver = new ServerDriver({ term: 5, log: logOf([1, 1, 4, 4, 5]) });
      return { driver, effects: driver.lead() };
    }

    it('with one message at a time', () => {
      const { driver, effects } = diverged();
      expect(sentTo('1', effects)).to.deep.equal([[5, 0]]);
      expect(sentTo('1', driver.propose(7))).to.deep.equal([]);
      expect(sentTo('1', driver.appended('1', 6, 6))).to.deep.equal([[6, 7]]);
    });

    it('at the end of a log that is short', () => {
      const { driver } = diverged();
      expect(sentTo('1', driver.mismatched('1', 6, 5, at(3, 0)))[0]![0]).to.equal(2);
    });

    it('past all entries of a term that it has not, in one step', () => {
      const { driver } = diverged();
      expect(sentTo('1', driver.mismatched('1', 6, 5, at(3, 2)))[0]![0]).to.equal(2);
    });

    it('after the last entry of a term that both have', () => {
      const { driver } = diverged();
      expect(sentTo('1', driver.mismatched('1', 6, 5, at(3, 4)))[0]![0]).to.equal(4);
    });

    it('by a probe where there is nothing new to send, as to one that is just taken in', () => {
      const { driver } = diverged();
      driver.appended('1', 6, 6);
      expect(sentTo('3', driver.setMembers('0', '1', '2', '3'))).to.deep.equal([[7]]);
      expect(sentTo('3', driver.mismatched('3', 6, 7, at(6, 4)))[0]![0]).to.equal(4);
    });

    it('and goes back no further for answers to what it sent before, nor below what is known to match', () => {
      const { driver } = diverged();
      driver.appended('1', 6, 6);
      expect(sentTo('1', driver.mismatched('1', 6, 5, at(1, 0))), 'that matches by now').to.deep.equal([]);
      driver.propose(7);
      expect(sentTo('1', driver.mismatched('1', 6, 5, at(1, 0))), 'with more on its way').to.deep.equal([]);
      expect(sentTo('1', driver.mismatched('1', 6, 9, at(3, 0))), 'that was never sent').to.deep.equal([]);
      driver.mismatched('2', 6, 5, at(3, 0));
      expect(
        sentTo('2', driver.mismatched('2', 6, 8, at(3, 0))),
        'that is no longer on its way',
      ).to.deep.equal([]);
    });

    it('or has a snapshot offered where its log no longer goes back so far (chapter 5), and asks on where it begins', () => {
      const log = logOf([4, 5], at(10, 4));
      const driver = new ServerDriver({ term: 5, log, applied: 10 });
      driver.lead();
      const effects = driver.mismatched('1', 6, 12, at(5, 0));
      expect(sent(effects, 'sendSnapshot')).to.deep.equal([
        ['0/replica', { type: 'sendSnapshot', to: '1', applied: 0 }],
      ]);
      expect(sentTo('1', driver.propose(7))).to.deep.equal([[10, 0, 0, 0, 7]]);
      const again = driver.mismatched('1', 6, 10, at(5, 0));
      expect(receivers(again, 'sendSnapshot'), 'while it lacks as much').to.deep.equal(['0/replica']);
    });
  });

  describe('sends without waiting for answers, once the logs have met (section 10.2.2)', () => {
    it('so many messages', () => {
      const driver = leading({ settings: { inFlightMessagesMax: 2 } });
      expect([2, 3, 4].map((byte) => sentTo('1', driver.propose(byte)))).to.deep.equal([
        [[1, 2]],
        [[2, 3]],
        [],
      ]);
      expect(sentTo('1', driver.appended('1', 1, 2)), 'an answer makes room').to.deep.equal([[3, 4]]);
    });

    it('so many bytes, and always one message', () => {
      const driver = leading({ settings: { inFlightBytesMax: ENTRY_BYTES + 1 } });
      expect([2, 3, 4].map((byte) => sentTo('1', driver.propose(byte)))).to.deep.equal([
        [[1, 2]],
        [[2, 3]],
        [],
      ]);
      const small = leading({ settings: { inFlightBytesMax: 1 } });
      expect([2, 3].map((byte) => sentTo('1', small.propose(byte)))).to.deep.equal([[[1, 2]], []]);
    });

    it('several entries in one message, up to so many bytes, to one that is behind', () => {
      const driver = new ServerDriver({ settings: { catchUpBytesMax: ENTRY_BYTES * 2 } });
      driver.lead();
      for (const byte of [2, 3, 4]) driver.propose(byte);
      expect(sentTo('2', driver.appended('2', 1, 1))).to.deep.equal([
        [1, 2, 3],
        [3, 4],
      ]);
    });

    it('and goes back to what was lost, when what follows it does not fit', () => {
      const driver = leading();
      for (const byte of [2, 3, 4]) driver.propose(byte);
      expect(sentTo('1', driver.mismatched('1', 1, 2, at(2, 0)))).to.deep.equal([[1, 2, 3, 4]]);
      expect(sentTo('1', driver.mismatched('1', 1, 3, at(2, 0))), 'once a loss').to.have.length(1);
      expect(sentTo('1', driver.appended('1', 1, 4))).to.deep.equal([]);
    });
  });

  describe('sends again (section 3.5)', () => {
    it('what is not answered, from the first message on, one at a time', () => {
      const driver = leading();
      driver.propose(2);
      driver.propose(3);
      expect(sentTo('1', driver.pass(retryMs)), 'something was answered lately').to.deep.equal([]);
      driver.beatReply('1', 1, 1);
      expect(sentTo('1', driver.pass(retryMs))).to.deep.equal([[1, 2, 3]]);
      driver.beatReply('1', 1, 2);
      expect(sentTo('1', driver.propose(4))).to.deep.equal([]);
      expect(sentTo('1', driver.pass(retryMs))).to.deep.equal([[1, 2, 3, 4]]);
    });

    it('nothing to one that has it all', () => {
      const driver = leading();
      driver.beatReply('1', 1, 1);
      expect(sentTo('1', driver.pass(retryMs * 3))).to.deep.equal([]);
    });

    it('nothing to one that is not there, until it is heard of again', () => {
      const driver = leading();
      driver.propose(2);
      for (let round = 1; round <= 20; round++) {
        driver.appended('1', 1, 2);
        const effects = driver.pass(retryMs);
        if (round > 4) expect(sentTo('2', effects)).to.deep.equal([]);
      }
      driver.beatReply('2', 1, 1);
      expect(sentTo('2', driver.pass(retryMs * 2))[0]).to.deep.equal([0, 0, 2]);
    });

    it('from where its log begins, to one of whom it does not know what it has', () => {
      const driver = new ServerDriver({ term: 5, log: logOf([4, 5], at(10, 4)), applied: 10 });
      driver.lead();
      driver.mismatched('1', 6, 12, at(5, 0));
      driver.beatReply('1', 6, 1);
      const effects = driver.pass(retryMs * 2);
      expect(sentTo('1', effects)).to.deep.equal([[10, 0, 0, 0]]);
      expect(receivers(effects, 'sendSnapshot')).to.deep.equal([]);
    });
  });

  it('answers none that it does not know', () => {
    const driver = leading();
    expect(driver.appended('9', 1, 1)).to.deep.equal([]);
    expect(driver.mismatched('9', 1, 1, at(1, 0))).to.deep.equal([]);
    expect(driver.beatReply('9', 1, 1)).to.deep.equal([]);
  });

  it('keeps what it has of a former life: its log, and nothing of who has what', () => {
    const before = leading();
    before.propose(2);
    const after = before.restart();
    expect(after.status()).to.include({ leads: false, term: 1 });
    expect(after.onDisk().log.entries.map(({ batch }) => batch.length)).to.deep.equal([0, 1]);
    expect(sentTo('1', after.lead())).to.deep.equal([[2, 0]]);
    expect(after.termsOnDisk()).to.deep.equal([1, 1, 2]);
  });
});
