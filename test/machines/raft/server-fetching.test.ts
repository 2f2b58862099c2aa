import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { Entry } from '../../../machines/raft/log.ts';
import type { Committed } from '../../../machines/raft/messages.ts';
import { LOG_ENTRIES_MAX } from '../../../machines/raft/records.ts';
import { bytesOf } from '../../../machines/replication/batch.ts';
import { persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, logWith, ServerDriver } from './server-driver.ts';
import { at, entry, settings } from './values.ts';

const { electionTimeoutMs, electionSpreadMs, snapshotIdleMs, heartbeatMs } = settings();

function handedOver(effects: readonly Effect[]): number[] {
  return sent(effects, 'committed').flatMap(([, message]) => {
    const { first, entries } = message as Committed;
    return entries.map((_, place) => first + place);
  });
}

describe('a server whose link to its leader is cut', () => {
  /** It has entries of terms 1 and 3, the first of which is committed, and asks around. */
  function cutOff() {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 3]), applied: 1 });
    driver.pass(electionTimeoutMs + electionSpreadMs / 2);
    return driver;
  }
  const fetched = (driver: ServerDriver, index: number, terms: readonly number[], term = 3) =>
    driver.receive(
      {
        type: 'fetched',
        term,
        previous: at(index, index === 0 ? 0 : 1),
        entries: entriesOf(terms),
        commit: index + terms.length,
      },
      '2/server',
    );

  it('asks one that refuses it, and knows more to be committed, for what is', () => {
    const driver = cutOff();
    expect(sent(driver.preVoteReply('2', 4, false, { commit: 5 }), 'fetch')).to.deep.equal([
      ['2/server', { type: 'fetch', previous: at(1, 1) }],
    ]);
    expect(driver.preVoteReply('2', 4, false, { commit: 1 }), 'and none that knows no more').to.deep.equal(
      [],
    );
  });

  it('takes it from anybody, since it is committed: in place of what it had, on disk, and handed over', () => {
    const driver = cutOff();
    const effects = fetched(driver, 1, [2, 3]);
    expect(driver.termsOnDisk()).to.deep.equal([1, 2, 3]);
    expect(handedOver(effects)).to.deep.equal([2, 3]);
    expect(receivers(effects, 'caughtUp')).to.deep.equal(['0/replica']);
  });

  it('takes it though it is of an older term: what is committed stays so', () => {
    expect(handedOver(fetched(cutOff(), 1, [2], 2))).to.deep.equal([2]);
  });

  it('takes nothing twice, and nothing after a gap', () => {
    const driver = cutOff();
    fetched(driver, 1, [2, 3]);
    const again = fetched(driver, 1, [2, 3]);
    expect([...persisted(again), ...handedOver(again)]).to.deep.equal([]);
    expect(fetched(driver, 4, [3])).to.deep.equal([]);
  });

  it('takes nothing as a leader: it has all that is committed (section 3.6.3)', () => {
    const driver = new ServerDriver({ term: 3 });
    driver.lead();
    expect(fetched(driver, 0, [9], 9)).to.deep.equal([]);
    expect(driver.status()).to.include({ leads: true, term: 4 });
  });

  it('takes no more than its ring of records has room for', () => {
    const held = LOG_ENTRIES_MAX - 2;
    const log = logOf(Array.from({ length: held }, () => 1));
    const driver = new ServerDriver({ term: 1, log, applied: held });
    const take = (count: number) => ({
      type: 'fetched' as const,
      term: 1,
      previous: { index: held, term: 1 },
      entries: entriesOf(Array.from({ length: count }, () => 1)),
      commit: held + count,
    });
    expect(persisted(driver.receive(take(2), '1/server'))).to.have.length(1);
    expect(driver.status().open).to.equal(0);
    expect(persisted(driver.receive(take(2), '1/server'))).to.deep.equal([]);
  });
});

describe('a server that is asked for what is committed', () => {
  const bytes = bytesOf(entry(3, 1).batch);
  function asked(index: number, catchUpBytesMax = bytes * 9) {
    const log = logWith([entry(3, 1), entry(3, 2), entry(3, 3)], at(5, 2));
    const driver = new ServerDriver({ term: 3, log, applied: 5, settings: { catchUpBytesMax } });
    driver.commit(3, 7, at(7, 3));
    return sent(driver.receive({ type: 'fetch', previous: at(index, 2) }, '2/server'));
  }

  it('sends it, as much as goes into one message, and nothing else', () => {
    const fetched = (...entries: Entry[]) => [
      ['2/server', { type: 'fetched', term: 3, previous: at(5, 2), entries, commit: 7 }],
    ];
    expect(asked(5), 'entry 8 is not').to.deep.equal(fetched(entry(3, 1), entry(3, 2)));
    expect(asked(5, bytes)).to.deep.equal(fetched(entry(3, 1)));
    expect(asked(7)).to.deep.equal([]);
  });

  it('has a snapshot offered where it is compacted (chapter 5)', () => {
    expect(asked(4)).to.deep.equal([['0/replica', { type: 'sendSnapshot', to: '2', applied: 4 }]]);
  });
});

describe('a server whose state on disk is lost', () => {
  function lost() {
    return new ServerDriver({ term: 3, log: logOf([3], at(7, 2)), applied: 0 });
  }

  it('knows what its log begins after to be committed', () => {
    expect(sent(lost().heartbeat(3), 'heartbeatReply')[0]![1]).to.include({ commit: 7 });
  });

  it('asks its leader for a snapshot, and in vain again after a while', () => {
    const driver = lost();
    const need = [['1/server', { type: 'needSnapshot', applied: 0 }]];
    expect(sent(driver.commit(3, 8, at(8, 3)), 'needSnapshot')).to.deep.equal(need);
    expect(sent(driver.commit(3, 8, at(8, 3)), 'needSnapshot'), 'not all the time').to.deep.equal([]);
    driver.pass(snapshotIdleMs);
    expect(sent(driver.commit(3, 8, at(8, 3)), 'needSnapshot')).to.deep.equal(need);
  });

  it('asks again though nothing new is committed: its question, or the offer, may have been lost', () => {
    const driver = lost();
    driver.commit(3, 8, at(8, 3));
    const asked: Effect[] = [];
    for (let ms = 0; ms < snapshotIdleMs * 2; ms += heartbeatMs) {
      asked.push(...driver.heartbeat(3, ms + 1), ...driver.pass(heartbeatMs));
    }
    expect(receivers(asked, 'needSnapshot')).to.deep.equal(['1/server']);
  });

  it('is sent one by the replica of whom it asks', () => {
    const driver = new ServerDriver();
    expect(sent(driver.receive({ type: 'needSnapshot', applied: 3 }, '2/server'))).to.deep.equal([
      ['0/replica', { type: 'sendSnapshot', to: '2', applied: 3 }],
    ]);
  });
});
