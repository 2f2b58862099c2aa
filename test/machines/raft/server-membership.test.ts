import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { Entry } from '../../../machines/raft/log.ts';
import { early, persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logWith, ServerDriver } from './server-driver.ts';
import { at, changeTo, configuration, settings } from './values.ts';

const { electionTimeoutMs, electionSpreadMs, heartbeatMs, retryMs } = settings();

/** Leads in term 1 of servers 0, 1 and 2, its no-op committed. */
function leading(options: ConstructorParameters<typeof ServerDriver>[0] = {}) {
  const driver = new ServerDriver(options);
  driver.lead();
  driver.appended('1', 1, 1);
  return driver;
}

/** The configurations that stand in the log on disk. */
function changesOf(driver: ServerDriver) {
  return driver.onDisk().log.entries.flatMap(({ configuration: to }) => (to === undefined ? [] : [to]));
}

/** Server 0 with such a log, in its last term. */
function withLog(...entries: Entry[]) {
  return new ServerDriver({ log: logWith(entries), term: entries.at(-1)!.term });
}

const LEARNING = configuration(['0', '1', '2'], { learners: ['3'] });
const JOINT = configuration(['0', '1', '2'], { next: ['0', '1', '2', '3'] });
const GROWN = configuration(['0', '1', '2', '3']);

describe('a configuration is in force (thesis, section 4.1)', () => {
  it('at the leader as soon as it is in the log: newcomers are sent it, though nobody has it yet', () => {
    const driver = leading();
    const effects = driver.setMembers('0', '1', '2', '3');
    expect(changesOf(driver)).to.deep.equal([LEARNING]);
    expect(receivers(effects, 'probe')).to.deep.equal(['3/server']);
    expect(receivers(driver.pass(heartbeatMs), 'heartbeat')).to.include('3/server');
    expect(driver.status().members).to.deep.equal({
      voters: ['0', '1', '2'],
      learners: ['3'],
      changing: true,
    });
  });

  it('at a follower as well; and the former one again when that entry goes', () => {
    const driver = new ServerDriver({ term: 1 });
    driver.append(1, at(0, 0), [changeTo(1, ['0', '1', '2', '3'])]);
    expect(driver.status().members?.voters).to.deep.equal(['0', '1', '2', '3']);
    expect(driver.restart().status().members?.voters).to.have.length(4);
    driver.append(2, at(0, 0), entriesOf([2]));
    expect(driver.status().members?.voters).to.deep.equal(['0', '1', '2']);
    expect(driver.restart().status().members?.voters).to.have.length(3);
  });

  it('whom a candidate asks, and by whom it is elected', () => {
    const driver = withLog(changeTo(1, ['0', '3', '4']));
    expect(receivers(driver.stand('3'), 'requestVote')).to.deep.equal(['3/server', '4/server']);
    driver.voteReply('1', 2, true);
    expect(driver.status().leads, 'one that is a voter no more').to.equal(false);
    driver.voteReply('4', 2, true);
    expect(driver.status().leads).to.equal(true);
  });

  it('on who asks for a vote as well, whether the one who is asked knows of it or not', () => {
    const driver = new ServerDriver({ term: 1 });
    driver.pass(electionTimeoutMs);
    const [[, reply]] = sent(driver.requestVote('7', 2, at(3, 1)), 'voteReply') as unknown as [
      [string, { granted: boolean }],
    ];
    expect(reply.granted).to.equal(true);
  });
});

describe('learners (section 4.2.1)', () => {
  it('have no voice: neither in what is committed nor in who is elected', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.propose(7);
    driver.appended('3', 1, 2);
    expect(driver.status().open).to.equal(2);
    driver.appended('1', 1, 2);
    expect(driver.status().open).to.equal(1);

    const candidate = withLog({ term: 1, batch: [], configuration: LEARNING });
    expect(receivers(candidate.stand(), 'requestVote')).to.deep.equal(['1/server', '2/server']);
    candidate.voteReply('3', 2, true);
    expect(candidate.status().leads).to.equal(false);
  });

  it('do not stand, nor are counted upon: a status says so', () => {
    const driver = new ServerDriver({ voters: ['1', '2'], term: 1 });
    driver.append(1, at(0, 0), [changeTo(1, ['1', '2'], { learners: ['0'] })]);
    expect(driver.status().hasVote).to.equal(false);
    expect(receivers(driver.pass(electionTimeoutMs * 20), 'preVote')).to.deep.equal([]);
  });

  it('do not keep a leader in office that hears nobody else (section 6.2)', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    for (let round = 1; round < 40; round++) {
      driver.beatReply('3', 1, round);
      driver.pass(heartbeatMs);
    }
    expect(driver.status().leads).to.equal(false);
  });

  it('become voters once they have what was there when a round began, in less than an election', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    driver.propose(7);
    driver.appended('3', 1, 1);
    expect(changesOf(driver)).to.deep.equal([LEARNING]);
    driver.appended('3', 1, 2);
    expect(changesOf(driver), 'what came after the round began is not asked of it').to.deep.equal([
      LEARNING,
      JOINT,
    ]);
  });

  it('begin another round, with what has come meanwhile, when one took longer', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    driver.propose(7);
    for (let round = 1; round < 10; round++) {
      driver.beatReply('1', 1, round);
      driver.pass(heartbeatMs);
    }
    driver.appended('3', 1, 2);
    expect(changesOf(driver), 'too slow').to.deep.equal([LEARNING]);
    driver.appended('3', 1, 2);
    expect(changesOf(driver), 'it lacks an entry').to.deep.equal([LEARNING]);
    driver.appended('3', 1, 3);
    expect(changesOf(driver)).to.deep.equal([LEARNING, JOINT]);
  });

  it('become voters at once when they have all that there is', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('3', 1, 2);
    driver.appended('1', 1, 2);
    expect(changesOf(driver)).to.deep.equal([LEARNING, JOINT]);
  });

  it('become voters together, though one shows after the other that it can keep up', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3', '4');
    driver.appended('1', 1, 2);
    driver.propose(7);
    for (const node of ['3', '4']) driver.appended(node, 1, 1);
    const keepOn = (ms: number) => {
      for (let passed = 0; passed < ms; passed += heartbeatMs) {
        driver.pass(heartbeatMs);
        driver.beatReply('1', 1, passed + 1);
      }
    };
    driver.appended('3', 1, 2);
    driver.propose(8);
    // By now its round is long over.
    keepOn(electionTimeoutMs * 3);
    driver.appended('4', 1, 4);
    expect(changesOf(driver).at(-1)).to.deep.equal(
      configuration(['0', '1', '2'], { next: ['0', '1', '2', '3', '4'] }),
    );
  });

  it('are left out again when they are no longer wanted', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    const effects = driver.setMembers('0', '1', '2');
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '1', '2']));
    expect(receivers(effects, 'appendEntries')).to.not.include('3/server');
  });
});

describe('joint consensus (section 4.3)', () => {
  /** Leads, and has appended the joint configuration: servers 1 and 2 are to make way for 3 and 4. */
  function joint() {
    const driver = leading();
    driver.setMembers('0', '3', '4');
    driver.appended('1', 1, 2);
    for (const node of ['3', '4']) driver.appended(node, 1, 2);
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '1', '2'], { next: ['0', '3', '4'] }));
    return driver;
  }

  it('commits by a majority of the old voters and one of the new ones, and nothing less', () => {
    const driver = joint();
    driver.appended('1', 1, 3);
    driver.appended('2', 1, 3);
    expect(driver.status().open, 'all of the old').to.equal(1);
    driver.appended('3', 1, 3);
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '3', '4']));
    const other = joint();
    other.appended('3', 1, 3);
    other.appended('4', 1, 3);
    expect(other.status().open, 'all of the new').to.equal(1);
  });

  it('elects by both, too', () => {
    const driver = withLog(changeTo(1, ['0', '1', '2'], { next: ['0', '3', '4'] }));
    const asked = driver.stand('1', '3');
    expect(receivers(asked, 'requestVote')).to.deep.equal(['1/server', '2/server', '3/server', '4/server']);
    driver.voteReply('1', 2, true);
    driver.voteReply('2', 2, true);
    expect(driver.status().leads).to.equal(false);
    driver.voteReply('4', 2, true);
    expect(driver.status().leads).to.equal(true);
  });

  it('asks both in a pre-vote (section 9.6), and a leader must hear both (section 6.2)', () => {
    const driver = withLog(changeTo(1, ['0', '1', '2'], { next: ['0', '3', '4'] }));
    driver.pass(electionTimeoutMs + electionSpreadMs / 2);
    driver.preVoteReply('1', 2, true);
    driver.preVoteReply('2', 2, true);
    expect(driver.is('candidate.preVote')).to.equal(true);

    const leader = joint();
    for (let round = 1; round < 40; round++) {
      leader.beatReply('1', 1, round);
      leader.pass(heartbeatMs);
    }
    expect(leader.status().leads).to.equal(false);
  });

  it('ends in the new configuration, committed by the new voters alone', () => {
    const driver = joint();
    driver.appended('1', 1, 3);
    driver.appended('3', 1, 3);
    expect(driver.status().members).to.deep.equal({
      voters: ['0', '3', '4'],
      learners: [],
      changing: true,
    });
    expect(receivers(driver.pass(heartbeatMs), 'heartbeat')).to.deep.equal(['3/server', '4/server']);
    driver.appended('4', 1, 4);
    expect(driver.status()).to.deep.include({ open: 0 });
    expect(driver.status().members?.changing).to.equal(false);
    expect(driver.setMembers('0', '3', '4'), 'as it is').to.deep.equal([]);
  });

  it('is not followed by the new one before the leader has on disk what it counted itself for', () => {
    const driver = joint();
    driver.appended('1', 1, 3);
    const effects = driver.appended('3', 1, 3);
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '3', '4']));
    expect(receivers(effects, 'appendEntries')).to.include('3/server');
    expect(early(effects)).to.deep.equal([]);
    // Sent again, too.
    driver.beatReply('3', 1, 1);
    driver.pass(retryMs);
    const again = driver.pass(retryMs);
    expect(receivers(again, 'appendEntries')).to.include('3/server');
    expect(early(again)).to.not.include('appendEntries');
  });

  it('is led to its end by a new leader that finds it, told or not', () => {
    const driver = withLog(changeTo(1, ['0', '1', '2'], { next: ['0', '1', '2', '3'] }));
    driver.lead('1', '3');
    expect(changesOf(driver)).to.have.length(1);
    driver.appended('1', 2, 2);
    driver.appended('3', 2, 2);
    expect(changesOf(driver).at(-1)).to.deep.equal(GROWN);
  });
});

describe('a change of members', () => {
  it('is one at a time, each step when the one before is committed', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    expect(persisted(driver.setMembers('0', '1', '2', '4'))).to.deep.equal([]);
    expect(persisted(driver.pass(retryMs))).to.deep.equal([]);
    driver.appended('1', 1, 2);
    expect(changesOf(driver), 'the last goal that it was told').to.deep.equal([
      LEARNING,
      configuration(['0', '1', '2'], { learners: ['4'] }),
    ]);
  });

  it('that would leave nobody to decide is not begun', () => {
    const driver = leading();
    expect(driver.setMembers()).to.deep.equal([]);
    expect(persisted(driver.pass(retryMs * 3))).to.deep.equal([]);
  });

  it('may be asked for again and again', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    for (let times = 0; times < 3; times++) {
      expect(persisted(driver.setMembers('0', '1', '2', '3'))).to.deep.equal([]);
    }
    driver.appended('3', 1, 2);
    expect(changesOf(driver)).to.deep.equal([LEARNING, JOINT]);
  });

  it('begins when the leader has committed an entry of its own term, not before (section 4.1)', () => {
    const driver = new ServerDriver();
    driver.lead();
    expect(persisted(driver.setMembers('0', '1', '2', '3'))).to.deep.equal([]);
    driver.appended('1', 1, 1);
    expect(changesOf(driver)).to.deep.equal([LEARNING]);
  });

  it('is forgotten by a leader that leads no more: whoever wants it tells the next', () => {
    const driver = leading();
    driver.setMembers('0', '1', '2', '3');
    driver.heartbeat(2);
    driver.requestVote('1', 3, at(9, 2), true);
    driver.lead();
    driver.appended('1', 4, 3);
    expect(changesOf(driver)).to.deep.equal([LEARNING]);
    driver.setMembers('0', '1', '2');
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '1', '2']));
  });

  it('to nobody is refused: nobody could ever undo it', () => {
    const driver = leading();
    expect(driver.setMembers()).to.deep.equal([]);
    expect(driver.appended('1', 1, 1)).to.deep.equal([]);
    expect(changesOf(driver)).to.deep.equal([]);
  });

  it('survives a restart, compacted or not', () => {
    const driver = leading({ settings: { logKeptBytes: 0 } });
    driver.setMembers('0', '1', '2', '3');
    driver.appended('1', 1, 2);
    driver.durable(2);
    expect(driver.onDisk().log.base.index).to.equal(2);
    const { members } = driver.restart({ applied: 2 }).status();
    expect(members).to.deep.equal({ voters: ['0', '1', '2'], learners: ['3'], changing: false });
  });
});

describe('a leader that is to go (section 4.2.2)', () => {
  /** Leads into a configuration of servers 1 and 2, which is in its log. */
  function leaving() {
    const driver = leading();
    driver.setMembers('1', '2');
    driver.appended('1', 1, 2);
    expect(driver.status().open, 'one of the two new voters').to.equal(1);
    driver.appended('2', 1, 2);
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['1', '2']));
    return driver;
  }

  it('does not count itself, and steps down when the configuration without it is committed', () => {
    const driver = leaving();
    driver.appended('1', 1, 3);
    expect(driver.status()).to.include({ leads: true, open: 1, hasVote: false });
    driver.appended('2', 1, 3);
    expect(driver.status()).to.include({ leads: false, open: 0 });
    expect(driver.is('follower')).to.equal(true);
  });

  it('has the furthest of the others lead on at once', () => {
    const driver = leaving();
    driver.propose(7);
    driver.appended('2', 1, 4);
    const effects = driver.appended('1', 1, 3);
    expect(sent(effects, 'timeoutNow')).to.deep.equal([['2/server', { type: 'timeoutNow', term: 1 }]]);
  });

  it('does not count itself when it makes sure that it still leads (section 6.4)', () => {
    const driver = leaving();
    driver.confirmRead('t');
    const round = Number(sent(driver.pass(heartbeatMs), 'heartbeat')[0]![1]['round' as never]);
    expect(receivers(driver.beatReply('1', 1, round), 'readConfirmed')).to.deep.equal([]);
    expect(receivers(driver.beatReply('2', 1, round), 'readConfirmed')).to.have.length(1);
  });

  it('stands again as long as it does not know that to be committed: it may be the only one that has it', () => {
    const driver = leaving().restart();
    expect(receivers(driver.stand('1', '2'), 'requestVote')).to.deep.equal(['1/server', '2/server']);
    driver.voteReply('1', 2, true);
    expect(driver.status().leads, 'its own vote does not count').to.equal(false);
    driver.voteReply('2', 2, true);
    expect(driver.status().leads).to.equal(true);
    driver.appended('1', 2, 4);
    driver.appended('2', 2, 4);
    expect(driver.status().leads).to.equal(false);
  });

  it('stands never again once it knows', () => {
    const driver = leaving();
    driver.appended('1', 1, 3);
    driver.appended('2', 1, 3);
    expect(receivers(driver.pass(20_000), 'preVote')).to.deep.equal([]);
  });
});

describe('a server that was removed (section 4.2.3)', () => {
  function asking(driver = new ServerDriver({ term: 3 })) {
    driver.pass(electionTimeoutMs + electionSpreadMs / 2);
    expect(driver.is('candidate.preVote')).to.equal(true);
    return driver;
  }
  const isMember = (effects: readonly Effect[]) => {
    const [[, reply]] = sent(effects, 'preVoteReply') as unknown as [[string, { isMember: boolean }]];
    return reply.isMember;
  };

  it('hears so from whoever knows that it is committed, when it asks whether it would be elected', () => {
    const driver = new ServerDriver({ term: 3 });
    driver.append(3, at(0, 0), [changeTo(3, ['0', '1', '4'])]);
    expect(isMember(driver.preVote('2', 4, at(0, 0))), 'not committed yet').to.equal(true);
    expect(isMember(driver.preVote('4', 4, at(0, 0)))).to.equal(false);
    driver.commit(3, 1, at(1, 3));
    expect(isMember(driver.preVote('2', 4, at(0, 0)))).to.equal(false);
    expect(isMember(driver.preVote('4', 4, at(0, 0)))).to.equal(true);
  });

  it('falls silent', () => {
    const driver = asking();
    driver.preVoteReply('1', 4, false, { commit: 5, isMember: false });
    expect(driver.is('follower.removed')).to.equal(true);
    expect(driver.pass(20_000)).to.deep.equal([]);
  });

  it('comes back when a leader takes it in again', () => {
    const driver = asking();
    driver.preVoteReply('1', 4, false, { commit: 5, isMember: false });
    driver.heartbeat(3);
    expect(driver.is('follower.following')).to.equal(true);
  });

  it('is not one that is just taken in, at the word of one that has yet to hear of it', () => {
    const log = logWith(
      [...entriesOf([3, 3]), changeTo(3, ['0', '1', '2'])],
      at(0, 0),
      configuration(['1', '2']),
    );
    const driver = asking(new ServerDriver({ term: 3, log }));
    driver.preVoteReply('1', 4, false, { commit: 2, isMember: false });
    expect(driver.is('candidate.preVote'), 'it may have to lead, the only one with this entry').to.equal(
      true,
    );
    driver.preVoteReply('2', 4, false, { commit: 3, isMember: false });
    expect(driver.is('follower.removed')).to.equal(true);
  });
});
