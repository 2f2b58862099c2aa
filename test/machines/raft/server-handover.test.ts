import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { Committed } from '../../../machines/raft/messages.ts';
import { LOG_ENTRIES_MAX } from '../../../machines/raft/records.ts';
import { bytesOf } from '../../../machines/replication/batch.ts';
import { persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, logWith, ServerDriver } from './server-driver.ts';
import { at, changeTo, configuration, entry } from './values.ts';

const ENTRY_BYTES = bytesOf(entry(1, 1).batch);

function handedOver(effects: readonly Effect[]): number[] {
  return sent(effects, 'committed').flatMap(([, message]) => {
    const { first, entries } = message as Committed;
    return entries.map((_, place) => first + place);
  });
}

/** Follows server 1 in term 3, with so many committed entries of one byte each. */
function following(count: number, options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver({ term: 3, ...options });
  const entries = Array.from({ length: count }, (_, place) => entry(3, place + 1));
  driver.append(3, at(0, 0), entries);
  driver.commit(3, count, at(count, 3));
  return driver;
}

function handOver(driver: ServerDriver, index: number): readonly Effect[] {
  return driver.receive({ type: 'handOver', index }, '0/replica');
}

function installed(driver: ServerDriver, index: number, term: number, voters = ['0', '1', '2']) {
  const anchor = { term, configuration: configuration(voters) };
  return driver.receive({ type: 'installed', index, anchor }, '0/replica');
}

describe('a server, for the replica beside', () => {
  it('hands over what follows the state on disk, and what is committed from then on', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 1, 3]), applied: 1 });
    expect(handedOver(driver.commit(3, 2, at(3, 3)))).to.deep.equal([2]);
    expect(handedOver(driver.commit(3, 3, at(3, 3)))).to.deep.equal([3]);
  });

  it('hands over again from where it is asked to: the replica starts, or has given a snapshot up', () => {
    const driver = following(4);
    expect(handedOver(handOver(driver, 1))).to.deep.equal([2, 3, 4]);
    expect(handedOver(handOver(driver, 4))).to.deep.equal([]);
  });

  it('says when all that was committed as it came back is handed over, by the word of a leader', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 1, 3]), applied: 3 });
    expect(receivers(handOver(driver, 3), 'caughtUp'), 'more may be committed').to.deep.equal([]);
    driver.heartbeat(3);
    expect(receivers(driver.commit(3, 4, at(3, 3)), 'caughtUp'), 'more is').to.deep.equal([]);
    const effects = driver.append(3, at(3, 3), entriesOf([3]));
    expect(sent(effects).map(([, message]) => message.type)).to.deep.equal([
      'appended',
      'committed',
      'caughtUp',
    ]);
    expect(receivers(driver.append(3, at(4, 3), entriesOf([3])), 'caughtUp'), 'once').to.deep.equal([]);
    expect(receivers(handOver(driver, 4), 'caughtUp'), 'and again to a replica that starts').to.have.length(
      1,
    );
  });

  it('hands over nothing where the log begins after the state', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([3, 3], at(7, 2)), applied: 0 });
    expect(handedOver([...handOver(driver, 3), ...driver.commit(3, 9, at(9, 3))])).to.deep.equal([]);
  });
});

describe('a log is compacted (thesis, chapter 5)', () => {
  it('up to what the replica has on disk, as far as it is over the bytes that are kept; the base is on disk', () => {
    const driver = following(5, { settings: { logKeptBytes: ENTRY_BYTES * 2 } });
    expect(persisted(driver.durable(0))).to.deep.equal([]);
    expect(persisted(driver.durable(2))).to.have.length(1);
    expect(driver.onDisk().log.base).to.deep.equal(at(2, 3));
    driver.durable(5);
    expect(driver.onDisk().log.base, 'two are kept for who is behind').to.deep.equal(at(3, 3));
    expect(driver.termsOnDisk()).to.deep.equal([3, 3]);
  });

  it('up to a quarter of its ring, however small the entries', () => {
    const count = LOG_ENTRIES_MAX / 4 + 3;
    const log = logOf(Array.from({ length: count }, () => 1));
    const driver = new ServerDriver({ term: 1, log, applied: count });
    driver.durable(count);
    expect(driver.onDisk().log.base.index).to.equal(3);
  });

  it('and goes on from there after a restart', () => {
    const driver = following(5, { settings: { logKeptBytes: 0 } });
    driver.durable(4);
    const after = driver.restart({ applied: 4 });
    expect(handedOver(after.commit(3, 5, at(5, 3)))).to.deep.equal([5]);
    expect(receivers(after.append(3, at(2, 3), entriesOf([3, 3, 3])), 'appended')).to.deep.equal([
      '1/server',
    ]);
  });

  it('with the configuration as of its base', () => {
    const driver = new ServerDriver({ term: 3, settings: { logKeptBytes: 0 } });
    driver.append(3, at(0, 0), [changeTo(3, ['0', '1']), entry(3, 1), changeTo(3, ['0', '1', '5'])]);
    driver.commit(3, 3, at(3, 3));
    driver.durable(2);
    const { log } = driver.onDisk();
    expect(log.configurations).to.deep.equal([
      { index: 2, configuration: configuration(['0', '1']) },
      { index: 3, configuration: configuration(['0', '1', '5']) },
    ]);
  });
});

describe('a server goes on from a snapshot (thesis, chapter 5)', () => {
  it('with the entries after it, where its log has the last one that it stands for', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 1, 3, 3]) });
    const effects = installed(driver, 3, 3);
    expect(persisted(effects).length).to.be.above(0);
    expect(driver.onDisk().log.base).to.deep.equal(at(3, 3));
    expect(driver.termsOnDisk()).to.deep.equal([3]);
    expect(handedOver(driver.commit(3, 4, at(4, 3)))).to.deep.equal([4]);
  });

  it('with nothing else, where its log ends before, or has another there', () => {
    for (const [index, term] of [
      [9, 3],
      [3, 2],
    ] as const) {
      const driver = new ServerDriver({ term: 3, log: logOf([1, 1, 3, 3]) });
      installed(driver, index, term, ['0', '1', '7']);
      expect(sent(driver.heartbeat(3))[1]?.[1], 'which is all committed').to.include({ commit: index });
      const { log } = driver.onDisk();
      expect([log.base, log.entries]).to.deep.equal([at(index, term), []]);
      expect(driver.status().members?.voters).to.deep.equal(['0', '1', '7']);
      expect(receivers(driver.append(3, at(index, term), entriesOf([3])), 'appended')).to.deep.equal([
        '1/server',
      ]);
      expect(
        driver
          .restart({ applied: index, anchor: { term, configuration: configuration(['0']) } })
          .termsOnDisk(),
      ).to.deep.equal([3]);
    }
  });

  it('with the log that it has, which by now begins after it', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([3], at(7, 2)), applied: 0 });
    driver.commit(3, 8, at(8, 3));
    const effects = installed(driver, 5, 2);
    expect(persisted(effects)).to.deep.equal([]);
    expect(driver.onDisk().log.base).to.deep.equal(at(7, 2));
    expect(handedOver(effects), 'it needs another').to.deep.equal([]);
    expect(receivers(effects, 'caughtUp')).to.deep.equal([]);
  });

  it('and knows all that it stands for to be committed, and may stand again', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([3], at(7, 2)), applied: 0 });
    driver.commit(3, 8, at(8, 3));
    const effects = installed(driver, 7, 2);
    expect(handedOver(effects)).to.deep.equal([8]);
    expect(receivers(effects, 'caughtUp')).to.deep.equal(['0/replica']);
    expect(receivers(driver.stand(), 'requestVote')).to.have.length(2);
  });

  it('that was put in force just before it ended: the state on disk is ahead of the log', () => {
    const anchor = { term: 3, configuration: configuration(['0', '1', '7']) };
    const driver = new ServerDriver({ term: 3, log: logOf([1, 1]), applied: 9, anchor });
    expect(persisted(driver.started).length, 'which it writes down first').to.be.above(0);
    expect(driver.onDisk().log.base).to.deep.equal(at(9, 3));
    const [[, request]] = sent(driver.stand('1'), 'requestVote') as unknown as [[string, { last: unknown }]];
    expect(request.last).to.deep.equal(at(9, 3));
  });

  it('which a leader sends to one that is behind what it has compacted, of whom it knows so much', () => {
    const driver = new ServerDriver({ term: 3, log: logWith(entriesOf([3]), at(7, 2)), applied: 8 });
    driver.lead();
    driver.beatReply('2', 4, 1, { commit: 4 });
    const effects = driver.mismatched('2', 4, 8, at(5, 0));
    expect(sent(effects, 'sendSnapshot')).to.deep.equal([
      ['0/replica', { type: 'sendSnapshot', to: '2', applied: 4 }],
    ]);
  });
});
