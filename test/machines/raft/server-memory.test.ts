import { expect } from 'chai';
import { persisted, receivers, sent } from '../role-driver.ts';
import { entriesOf, logWith, ServerDriver } from './server-driver.ts';
import { at, changeTo, configuration, entry, settings } from './values.ts';

const { electionTimeoutMs, heartbeatMs, retryMs } = settings();

/** That of every driven server, for chance always says the same. */
const NONCE = 1;
const BACK = configuration(['0', '1', '2'], { learners: ['2#1'] });
const JOINT = configuration(['0', '1', '2'], { next: ['0', '1', '2#1'] });
const WHOLE = configuration(['0', '1', '2#1']);

function forgetful() {
  return new ServerDriver({ isForgetful: true });
}

/** Leads in term 1 of servers 0, 1 and 2, its no-op committed. */
function leading() {
  const driver = new ServerDriver();
  driver.lead();
  driver.appended('1', 1, 1);
  return driver;
}

/** The same, and server 2 has lost its memory: that it is to learn is committed. */
function takingIn() {
  const driver = leading();
  driver.forgot('2', 5);
  driver.propose(7);
  driver.appended('1', 1, 2);
  expect(changesOf(driver)).to.deep.equal([BACK]);
  return driver;
}

function changesOf(driver: ServerDriver) {
  return driver.onDisk().log.entries.flatMap(({ configuration: to }) => (to === undefined ? [] : [to]));
}

function appendedAs(driver: ServerDriver, member: string, match: number, term = 1) {
  const node = member.split('#')[0];
  return driver.receive({ type: 'appended', term, match, member }, `${node}/server`);
}

function welcomesIn(effects: ReturnType<ServerDriver['receive']>) {
  return sent(effects, 'welcome');
}

describe('a server that has lost its memory', () => {
  it('writes that down first, for its next life', () => {
    const driver = forgetful();
    expect(driver.onDisk().isForgetful).to.equal(true);
    const next = driver.restart();
    expect(next.is('forgetful')).to.equal(true);
    expect(sent(next.heartbeat(1), 'forgot')).to.have.length(1);
  });

  it('votes for nobody, takes no entries and answers no heartbeat, but asks the leader who it is to be', () => {
    const driver = forgetful();
    expect(driver.preVote('1', 2, at(9, 1))).to.deep.equal([]);
    expect(driver.requestVote('1', 2, at(9, 1), true)).to.deep.equal([]);
    expect(driver.append(2, at(0, 0), entriesOf([2]))).to.deep.equal([]);
    expect(driver.probe(2, at(0, 0))).to.deep.equal([]);
    expect(driver.receive({ type: 'timeoutNow', term: 2 }, '1/server')).to.deep.equal([]);
    expect(sent(driver.heartbeat(2))).to.deep.equal([['1/server', { type: 'forgot', nonce: NONCE }]]);
    expect(driver.onDisk()).to.deep.include({ term: 0, votedFor: undefined });
    expect(driver.status()).to.deep.include({ hasVote: false, leads: false });
  });

  it('stands for nothing, however long it hears of no leader', () => {
    expect(sent(forgetful().pass(electionTimeoutMs * 50))).to.deep.equal([]);
  });

  it('does not lead first, though its disk is as empty as that of a new one', () => {
    expect(new ServerDriver({ isForgetful: true, leadsFirst: true }).is('forgetful')).to.equal(true);
  });

  it('becomes the member that the leader says, on disk in the same step, and says so in all its answers', () => {
    const driver = forgetful();
    const effects = driver.welcome(3, '0#1', NONCE);
    expect(persisted(effects)).to.have.length(2);
    expect(driver.onDisk()).to.deep.include({ member: '0#1', isForgetful: false, term: 3 });
    for (const life of [driver, driver.restart()]) {
      expect(sent(life.append(3, at(0, 0), entriesOf([3])), 'appended')[0]![1]).to.deep.include({
        member: '0#1',
      });
    }
    driver.pass(electionTimeoutMs * 2);
    expect(sent(driver.requestVote('1', 4, at(9, 3)))[0]![1]).to.deep.include({
      granted: true,
      member: '0#1',
    });
  });

  it('takes no welcome that another memory of it had asked for', () => {
    const driver = forgetful();
    driver.welcome(3, '0#1', NONCE + 1);
    expect(driver.is('forgetful')).to.equal(true);
  });

  it('does not stand before it is a voter under its new name', () => {
    const driver = forgetful();
    driver.welcome(3, '0#1', NONCE);
    driver.append(3, at(0, 0), [changeTo(3, ['0', '1', '2'], { learners: ['0#1'] })]);
    expect(receivers(driver.pass(electionTimeoutMs * 20), 'preVote')).to.deep.equal([]);
    driver.append(4, at(1, 3), [changeTo(4, ['0', '1', '2'], { next: ['0#1', '1', '2'] })]);
    expect(receivers(driver.pass(electionTimeoutMs * 20), 'preVote')).to.not.deep.equal([]);
  });

  it('counts on its vote once the configuration without its former self is in its log, through a restart', () => {
    const driver = forgetful();
    driver.welcome(3, '0#1', NONCE);
    const changes = [
      changeTo(3, ['0', '1', '2'], { learners: ['0#1'] }),
      changeTo(3, ['0', '1', '2'], { next: ['0#1', '1', '2'] }),
      changeTo(3, ['0#1', '1', '2']),
    ];
    changes.forEach((change, index) => {
      driver.append(3, at(index, index === 0 ? 0 : 3), [change]);
      for (const life of [driver, driver.restart()]) {
        expect(life.status().hasVote, `after change ${index}`).to.equal(index === 2);
      }
    });
  });

  it('that the leader takes for another, asks who it is to be, and neither follows nor is counted', () => {
    const driver = forgetful();
    driver.welcome(3, '0#1', NONCE);
    // Elected by those that never heard of its return.
    const effects = driver.heartbeat(4);
    expect(sent(effects)).to.deep.equal([['1/server', { type: 'forgot', nonce: NONCE }]]);
    const again = driver.receive({ type: 'heartbeat', term: 4, round: 2, to: '0#2' }, '1/server');
    expect(sent(again, 'forgot')).to.have.length(1);
    driver.welcome(4, '0#2', NONCE);
    const whole = driver.receive({ type: 'heartbeat', term: 4, round: 3, to: '0#2' }, '1/server');
    expect(sent(whole, 'heartbeatReply')[0]![1]).to.deep.include({ member: '0#2', round: 3 });
  });
});

describe('a leader that hears of a lost memory', () => {
  it('has the node learn as another member, and counts the former one no longer', () => {
    const driver = leading();
    driver.forgot('2', 5);
    expect(changesOf(driver)).to.deep.equal([BACK]);
    driver.appended('2', 1, 2);
    expect(driver.status().open, 'an answer of its former self').to.equal(1);
    driver.appended('1', 1, 2);
    expect(driver.status().open).to.be.at.most(1);
    const beats = sent(driver.pass(heartbeatMs), 'heartbeat');
    expect(beats.map(([to, message]) => [to, 'to' in message ? message.to : undefined])).to.deep.equal([
      ['1/server', undefined],
      ['2/server', '2#1'],
    ]);
  });

  it('welcomes it when that stands in the log, as often as it asks', () => {
    const driver = leading();
    expect(welcomesIn(driver.forgot('2', 5))).to.deep.equal([]);
    for (let times = 0; times < 2; times++) {
      expect(welcomesIn(driver.forgot('2', 5))).to.deep.equal([
        ['2/server', { type: 'welcome', term: 1, nonce: 5, member: '2#1' }],
      ]);
    }
    expect(changesOf(driver)).to.deep.equal([BACK]);
  });

  it('gives one memory one name, though it asks before anything can be appended', () => {
    const driver = new ServerDriver();
    driver.lead();
    for (let times = 0; times < 3; times++) expect(welcomesIn(driver.forgot('2', 5))).to.deep.equal([]);
    driver.appended('1', 1, 1);
    expect(changesOf(driver)).to.deep.equal([BACK]);
    expect(welcomesIn(driver.forgot('2', 5))[0]![1]).to.deep.include({ member: '2#1' });
  });

  it('puts it in the place of its former self, by joint consensus, once it has caught up', () => {
    const driver = takingIn();
    appendedAs(driver, '2#1', 3);
    expect(changesOf(driver)).to.deep.equal([BACK, JOINT]);
    appendedAs(driver, '2#1', 4);
    driver.appended('2', 1, 4);
    expect(changesOf(driver), 'of the old voters, server 0 alone').to.deep.equal([BACK, JOINT]);
    driver.appended('1', 1, 4);
    expect(changesOf(driver)).to.deep.equal([BACK, JOINT, WHOLE]);
    appendedAs(driver, '2#1', 5);
    expect(driver.status()).to.deep.include({ open: 0 });
    expect(driver.status().members).to.deep.equal({
      voters: ['0', '1', '2'],
      learners: [],
      changing: false,
    });
  });

  it('has it begin anew under yet another name when it forgets again on the way', () => {
    const driver = takingIn();
    driver.forgot('2', 6);
    expect(changesOf(driver).at(-1)).to.deep.equal(configuration(['0', '1', '2'], { learners: ['2#2'] }));
    expect(welcomesIn(driver.forgot('2', 6))[0]![1]).to.deep.include({ member: '2#2', nonce: 6 });
    driver.appended('1', 1, 4);
    appendedAs(driver, '2#1', 4);
    expect(changesOf(driver), 'what the second memory said').to.have.length(2);
    appendedAs(driver, '2#2', 4);
    expect(changesOf(driver).at(-1)).to.deep.equal(
      configuration(['0', '1', '2'], { next: ['0', '1', '2#2'] }),
    );
  });

  it('never gives a name to a second memory, though it is gone from the configuration', () => {
    const driver = takingIn();
    // The node is to be taken out, and then not.
    driver.setMembers('0', '1');
    driver.appended('1', 1, 4);
    driver.setMembers('0', '1', '2');
    for (let index = 4; index < 8; index++) driver.appended('1', 1, index);
    driver.forgot('2', 6);
    driver.pass(retryMs);
    const names = changesOf(driver).flatMap(({ learners }) => learners);
    expect(names.filter((name) => name === '2#1')).to.have.length(1);
  });

  it('takes two in again at once', () => {
    const driver = new ServerDriver({ voters: ['0', '1', '2', '3', '4'] });
    driver.lead('1', '2');
    for (const node of ['1', '2']) driver.appended(node, 1, 1);
    driver.forgot('3', 5);
    driver.forgot('4', 6);
    for (const node of ['1', '2']) driver.appended(node, 1, 2);
    for (const node of ['1', '2']) driver.appended(node, 1, 3);
    expect(changesOf(driver).at(-1)?.learners).to.deep.equal(['3#1', '4#1']);
    for (const member of ['3#1', '4#1']) appendedAs(driver, member, 3);
    expect(changesOf(driver).at(-1)?.nextVoters).to.deep.equal(['0', '1', '2', '3#1', '4#1']);
  });

  it('goes on with what a former leader had begun, told or not', () => {
    const log = logWith([changeTo(1, ['0', '1', '2'], { learners: ['2#1'] })]);
    const driver = new ServerDriver({ log, term: 1 });
    driver.lead();
    driver.appended('1', 2, 2);
    appendedAs(driver, '2#1', 2, 2);
    expect(changesOf(driver).at(-1)).to.deep.equal(JOINT);
  });

  it('leaves newcomers, whom a former leader was to take in, to whoever wants them', () => {
    const log = logWith([changeTo(1, ['0', '1', '2'], { learners: ['3'] })]);
    const driver = new ServerDriver({ log, term: 1 });
    driver.lead();
    driver.appended('1', 2, 2);
    driver.appended('3', 2, 2);
    expect(changesOf(driver)).to.have.length(1);
  });

  it('does nothing for a node that is no member', () => {
    const driver = leading();
    expect(driver.forgot('7', 5)).to.deep.equal([]);
    expect(changesOf(driver)).to.deep.equal([]);
  });

  it('counts neither votes nor entries of a former self once it has been replaced', () => {
    const log = logWith([entry(1, 1), changeTo(1, ['0', '1', '2#1'])]);
    const driver = new ServerDriver({ log, term: 1 });
    driver.stand();
    driver.voteReply('2', 2, true);
    expect(driver.status().leads).to.equal(false);
    driver.receive({ type: 'voteReply', term: 2, granted: true, member: '2#1' }, '2/server');
    expect(driver.status().leads).to.equal(true);
    driver.appended('2', 2, 3);
    expect(driver.status().open).to.be.above(0);
    appendedAs(driver, '2#1', 3, 2);
    expect(driver.status().open).to.equal(0);
  });
});
