import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { early, receivers, sent } from '../role-driver.ts';
import { ServerDriver } from './server-driver.ts';
import { settings } from './values.ts';

const { heartbeatMs, leaseMs, retryMs } = settings();
const FIVE = ['0', '1', '2', '3', '4'];

/** Leads in term 1, its no-op committed. */
function leading(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver(options);
  const supporters = options.voters === FIVE ? ['1', '2'] : ['1'];
  driver.lead(...supporters);
  for (const node of supporters) driver.appended(node, 1, 1);
  expect(driver.status().open).to.equal(0);
  return driver;
}

/** The last round of heartbeats that some effects begin. */
function roundIn(effects: readonly Effect[]): number {
  const [, message] = sent(effects, 'heartbeat').at(-1) as unknown as [string, { round: number }];
  return message.round;
}

function confirmed(effects: readonly Effect[]) {
  return sent(effects, 'readConfirmed').map(([to, message]) => {
    const { ticket, index } = message as unknown as { ticket: string; index: number };
    return `${to} ${ticket} ${index}`;
  });
}

describe('a leader confirms a read (thesis, section 6.4)', () => {
  it('when a majority has answered a round of heartbeats that it began after the read came, itself counted', () => {
    const driver = leading({ voters: FIVE });
    const before = roundIn(driver.pass(heartbeatMs));
    driver.beatReply('1', 1, before);
    driver.beatReply('2', 1, before);
    const asked = driver.confirmRead('t', '3/replica');
    expect(receivers(asked, 'heartbeat')).to.have.length(4);
    expect(early(asked)).to.deep.equal(['heartbeat', 'heartbeat', 'heartbeat', 'heartbeat']);
    expect(confirmed(driver.beatReply('3', 1, before)), 'late, for the round before').to.deep.equal([]);
    expect(confirmed(driver.beatReply('1', 1, roundIn(asked)))).to.deep.equal([]);
    expect(confirmed(driver.beatReply('1', 1, roundIn(asked))), 'one is one').to.deep.equal([]);
    expect(confirmed(driver.beatReply('2', 1, roundIn(asked)))).to.deep.equal(['3/replica t 1']);
  });

  it('not by a round that was under way when it came', () => {
    const driver = leading();
    const underWay = roundIn(driver.pass(heartbeatMs));
    expect(receivers(driver.confirmRead('t'), 'heartbeat'), 'it waits for the next').to.deep.equal([]);
    const effects = driver.beatReply('1', 1, underWay);
    expect(confirmed(effects)).to.deep.equal([]);
    expect(confirmed(driver.beatReply('1', 1, roundIn(effects)))).to.deep.equal(['0/replica t 1']);
  });

  it('with one round for all that wait, and those that come meanwhile with one more', () => {
    const driver = leading();
    driver.beatReply('1', 1, roundIn(driver.pass(heartbeatMs)));
    const asked = driver.confirmRead('t1');
    const meanwhile = ['t2', 't3'].flatMap((ticket) => [...driver.confirmRead(ticket, '2/replica')]);
    expect(receivers(meanwhile, 'heartbeat')).to.deep.equal([]);
    const effects = driver.beatReply('2', 1, roundIn(asked));
    expect(confirmed(effects)).to.deep.equal(['0/replica t1 1']);
    expect(receivers(effects, 'heartbeat')).to.have.length(2);
    expect(confirmed(driver.beatReply('1', 1, roundIn(effects)))).to.deep.equal([
      '2/replica t2 1',
      '2/replica t3 1',
    ]);
    expect(confirmed(driver.beatReply('2', 1, roundIn(effects))), 'once').to.deep.equal([]);
  });

  it('not before it has committed an entry of its own term: it does not know what is committed', () => {
    const driver = new ServerDriver();
    driver.lead();
    driver.confirmRead('t');
    const round = roundIn(driver.pass(heartbeatMs));
    expect(confirmed(driver.beatReply('1', 1, round))).to.deep.equal([]);
    expect(confirmed(driver.appended('1', 1, 1))).to.deep.equal(['0/replica t 1']);
  });

  it('up to what is committed when it answers', () => {
    const driver = leading();
    driver.beatReply('1', 1, roundIn(driver.pass(heartbeatMs)));
    driver.propose(7);
    const asked = driver.confirmRead('t');
    driver.appended('1', 1, 2);
    expect(confirmed(driver.beatReply('1', 1, roundIn(asked)))).to.deep.equal(['0/replica t 2']);
  });

  it('not by the word of one without a voice (section 4.2.1)', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    const round = roundIn([...driver.pass(heartbeatMs)]);
    driver.beatReply('1', 1, round);
    const asked = driver.confirmRead('t');
    expect(confirmed(driver.beatReply('3', 1, roundIn(asked)))).to.deep.equal([]);
    expect(confirmed(driver.beatReply('2', 1, roundIn(asked)))).to.have.length(1);
  });

  it('by both majorities of a joint configuration (section 4.3)', () => {
    const driver = leading();
    driver.setMembers('0', '3', '4');
    driver.appended('1', 1, 2);
    // Both newcomers have caught up.
    for (const node of ['3', '4']) driver.appended(node, 1, 2);
    expect(driver.status().members).to.deep.include({ changing: true });
    driver.confirmRead('t');
    const round = roundIn(driver.pass(heartbeatMs));
    expect(confirmed(driver.beatReply('1', 1, round))).to.deep.equal([]);
    expect(confirmed(driver.beatReply('3', 1, round))).to.deep.equal(['0/replica t 2']);
  });

  it('at once where it is alone', () => {
    const driver = new ServerDriver({ voters: ['0'] });
    driver.pass(500);
    expect(confirmed(driver.confirmRead('t1'))).to.deep.equal(['0/replica t1 1']);
    expect(confirmed(driver.confirmRead('t2'))).to.deep.equal(['0/replica t2 1']);
  });

  it('no more when it leads no longer', () => {
    const driver = leading();
    driver.confirmRead('t');
    const round = roundIn(driver.pass(heartbeatMs));
    driver.beatReply('2', 2, round);
    expect(confirmed(driver.beatReply('1', 1, round))).to.deep.equal([]);
  });

  it('for no more than may wait', () => {
    const driver = leading({ settings: { queriesMax: 1 } });
    driver.confirmRead('t1');
    driver.confirmRead('t2');
    const round = roundIn(driver.pass(heartbeatMs));
    expect(confirmed(driver.beatReply('1', 1, round))).to.deep.equal(['0/replica t1 1']);
  });
});

describe('a leader with a lease (thesis, section 6.4.1)', () => {
  /** Its last round of heartbeats was answered at once. */
  function leased() {
    const driver = leading({ settings: { reads: 'lease' } });
    const round = roundIn(driver.pass(heartbeatMs));
    driver.beatReply('1', 1, round);
    return { driver, round };
  }

  it('confirms reads at once, as long as it lasts', () => {
    const { driver } = leased();
    expect(confirmed(driver.confirmRead('t1'))).to.deep.equal(['0/replica t1 1']);
    driver.pass(leaseMs - 1);
    expect(confirmed(driver.confirmRead('t2'))).to.deep.equal(['0/replica t2 1']);
    driver.pass(1);
    expect(confirmed(driver.confirmRead('t3'))).to.deep.equal([]);
    const round = roundIn(driver.pass(heartbeatMs));
    expect(confirmed(driver.beatReply('2', 1, round)), 'and as ever after it').to.deep.equal([
      '0/replica t3 1',
    ]);
  });

  it('counts it from when the round began, not from when it was answered', () => {
    const driver = leading({ settings: { reads: 'lease' } });
    const round = roundIn(driver.pass(heartbeatMs));
    driver.pass(leaseMs);
    driver.beatReply('1', 1, round);
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
  });

  it('has none that rests on itself alone', () => {
    const driver = leading({ settings: { reads: 'lease' } });
    driver.pass(heartbeatMs);
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
  });

  it('has none before it has committed an entry of its own term', () => {
    const driver = new ServerDriver({ settings: { reads: 'lease' } });
    driver.lead();
    driver.beatReply('1', 1, roundIn(driver.pass(heartbeatMs)));
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
    expect(confirmed(driver.appended('1', 1, 1))).to.deep.equal(['0/replica t 1']);
  });

  it('has none unless it is asked to', () => {
    const driver = leading();
    driver.beatReply('1', 1, roundIn(driver.pass(heartbeatMs)));
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
  });

  it('does not take one over from a former reign of its own', () => {
    const { driver } = leased();
    driver.heartbeat(2);
    driver.pass(1);
    driver.requestVote('2', 3, { index: 9, term: 2 }, true);
    driver.lead();
    driver.appended('1', 4, 2);
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
  });

  it('gives it up when it tells another to lead, whom the others need not miss it for (section 3.10)', () => {
    const { driver } = leased();
    const effects = driver.transfer('1');
    expect(receivers(effects, 'timeoutNow')).to.deep.equal(['1/server']);
    expect(confirmed(driver.confirmRead('t'))).to.deep.equal([]);
  });

  it('has none in the same term after it has told another to lead, who may hear it late', () => {
    const { driver } = leased();
    driver.transfer('1');
    driver.pass(settings().electionTimeoutMs + retryMs);
    const round = roundIn(driver.pass(heartbeatMs));
    driver.beatReply('2', 1, round);
    const asked = driver.confirmRead('t');
    expect(confirmed(asked), 'the one that was told may be elected by now').to.deep.equal([]);
    expect(confirmed(driver.beatReply('2', 1, roundIn(asked)))).to.deep.equal(['0/replica t 1']);
  });
});
