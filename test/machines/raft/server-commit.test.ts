import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { foundedBy } from '../../../machines/raft/configuration.ts';
import type { Committed } from '../../../machines/raft/messages.ts';
import { receivers, sent } from '../role-driver.ts';
import { entriesOf, logOf, logWith, ServerDriver } from './server-driver.ts';
import { at, settings } from './values.ts';

const { heartbeatMs } = settings();
const FIVE = ['0', '1', '2', '3', '4'];

/** The indices of the entries that are handed over to the replica. */
function handedOver(effects: readonly Effect[]): number[] {
  return sent(effects, 'committed').flatMap(([, message]) => {
    const { first, entries } = message as Committed;
    return entries.map((_, place) => first + place);
  });
}

/** How messages of a type leave. */
function departures(effects: readonly Effect[], type: string): string[] {
  return effects.flatMap((effect) =>
    effect.effect === 'send' && effect.message.type === type ? [effect.when] : [],
  );
}

describe('a leader commits (thesis, sections 3.5 and 3.6.2)', () => {
  it('what a majority has, itself counted, and hands it over in order, each entry once', () => {
    const driver = new ServerDriver({ voters: FIVE });
    driver.lead('1', '2');
    driver.propose(7);
    expect(handedOver(driver.appended('1', 1, 2))).to.deep.equal([]);
    expect(handedOver(driver.appended('1', 1, 2)), 'one is one').to.deep.equal([]);
    expect(handedOver(driver.appended('2', 1, 1))).to.deep.equal([1]);
    expect(handedOver(driver.appended('3', 1, 2))).to.deep.equal([2]);
    expect(handedOver(driver.appended('4', 1, 2))).to.deep.equal([]);
    expect(driver.status().open).to.equal(0);
  });

  it('no entry of an older term by counting, but with the first of its own (section 3.6.2, figure 3.7)', () => {
    // (c) of the figure: S1 leads again, and its entry of term 2 stands on a majority.
    const log = logWith(entriesOf([1, 2]), at(0, 0), foundedBy(FIVE));
    const driver = new ServerDriver({ term: 3, log, applied: 1 });
    driver.lead('1', '2');
    const counted = ['1', '2', '3', '4'].flatMap((node) => [...driver.appended(node, 4, 2)]);
    expect(handedOver(counted), 'S5 could still lead, and replace it (d)').to.deep.equal([]);
    driver.appended('1', 4, 3);
    expect(handedOver(driver.appended('2', 4, 3)), 'S5 can no longer (e)').to.deep.equal([2, 3]);
  });

  it('at once where it is alone', () => {
    const driver = new ServerDriver({ voters: ['0'] });
    const effects = driver.pass(500);
    expect(handedOver(effects)).to.deep.equal([1]);
    expect(handedOver(driver.propose(7))).to.deep.equal([2]);
  });

  it('and tells the others, never before its own disk, on which that may rest', () => {
    const driver = new ServerDriver();
    driver.lead();
    const effects = driver.appended('1', 1, 1);
    expect(sent(effects, 'commit')).to.deep.equal([
      ['1/server', { type: 'commit', term: 1, index: 1, match: at(1, 1) }],
      ['2/server', { type: 'commit', term: 1, index: 1, match: at(0, 0) }],
    ]);
    expect(departures(effects, 'commit')).to.deep.equal(['lazy', 'lazy']);
  });

  it('and tells on who has not heard, until it says so; and one that has restarted anew', () => {
    const driver = new ServerDriver();
    driver.lead();
    driver.appended('1', 1, 1);
    driver.beatReply('1', 1, 1, { commit: 1, leaderCommit: 1 });
    expect(receivers(driver.pass(heartbeatMs), 'commit')).to.deep.equal(['2/server']);
    driver.beatReply('1', 1, 2, { commit: 1, leaderCommit: 0 });
    expect(receivers(driver.pass(heartbeatMs), 'commit')).to.deep.equal(['1/server', '2/server']);
  });

  it('nothing back: late and lower acknowledgements change nothing', () => {
    const driver = new ServerDriver();
    driver.lead();
    driver.propose(7);
    driver.appended('1', 1, 2);
    expect(handedOver(driver.appended('2', 1, 1))).to.deep.equal([]);
    expect(handedOver(driver.appended('1', 1, 1))).to.deep.equal([]);
    expect(driver.status().open).to.equal(0);
  });

  it('for its replica all that a former leader had committed, as soon as it knows that it was', () => {
    const driver = new ServerDriver({ term: 3, log: logOf([1, 2, 3]), applied: 1 });
    const elected = driver.lead();
    expect(handedOver(elected)).to.deep.equal([]);
    expect(sent(elected, 'caughtUp')).to.deep.equal([]);
    const effects = driver.appended('1', 4, 4);
    expect(handedOver(effects)).to.deep.equal([2, 3, 4]);
    expect(receivers(effects, 'caughtUp')).to.deep.equal(['0/replica']);
  });
});
