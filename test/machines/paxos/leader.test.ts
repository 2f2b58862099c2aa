import { expect } from 'chai';
import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { type Ballot, LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import type { CommanderInput } from '../../../machines/paxos/commander.ts';
import { leader } from '../../../machines/paxos/leader.ts';
import type { LeaderInput } from '../../../machines/paxos/leader-context.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import type { ScoutInput } from '../../../machines/paxos/scout.ts';
import { bytesOf, NO_OP } from '../../../machines/replication/batch.ts';
import { early, RoleDriver, receivers, sent, spawned, stopped } from '../role-driver.ts';
import { ballot, batch, NODES, pvalue, settings } from './values.ts';

const SETTINGS = settings();
const { electionTimeoutMs, electionSpreadMs, heartbeatMs, retryMs } = SETTINGS;
const CLIENT = 'clients/one';

/** The leader of node a. Chance always says one half. */
function leading(changed: Partial<LeaderInput> = {}) {
  const role = new RoleDriver(leader, 'a/leader', {
    node: 'a',
    nodes: NODES,
    settings: SETTINGS,
    random: { next: () => 0.5, integer: (min: number) => min },
    promised: LOWEST_BALLOT,
    applied: 0,
    floor: 1,
    leadsFirst: false,
    isForgetful: false,
    ...changed,
  } satisfies LeaderInput);
  const receive = (message: Message & Record<string, unknown>, from: Address) => role.receive(message, from);
  const driver = {
    role,
    receive,
    heartbeat: (number: Ballot) => receive({ type: 'heartbeat', ballot: number }, `${number.leader}/leader`),
    canvass: (node: string, round = 1) => receive({ type: 'canvass', round }, `${node}/leader`),
    agree: (node: string, round = 1, number = LOWEST_BALLOT) =>
      receive({ type: 'canvassReply', round, ballot: number }, `${node}/leader`),
    object: (node: string, number: Ballot) =>
      receive({ type: 'objection', ballot: number }, `${node}/leader`),
    adopted: (number: Ballot, accepted: readonly Pvalue[] = [], floor: Slot = 1) =>
      receive(
        {
          type: 'done',
          output: {
            kind: 'adopted',
            ballot: number,
            accepted: new Map(accepted.map((value) => [value.slot, value])),
            floor,
          },
        },
        `a/scout/${number.round}.a`,
      ),
    preempted: (by: Ballot) =>
      receive({ type: 'done', output: { kind: 'preempted', ballot: by } }, 'a/scout/x'),
    decided: (slot: Slot) =>
      receive({ type: 'done', output: { kind: 'decided', slot } }, `a/commander/1.a.${slot}`),
    /** Proposes, and lets the turn end: slots are opened when all has been gathered. */
    propose: (...bytes: number[]) => {
      const effects = bytes.flatMap((byte) =>
        receive({ type: 'propose', chunk: new Uint8Array([byte]), client: CLIENT }, 'a/replica'),
      );
      return [...effects, ...driver.openSlots(effects)];
    },
    openSlots: (effects: readonly Effect[]) =>
      sent(effects, 'openSlots').flatMap(([to, message]) => [...receive({ ...message }, to)]),
    confirmRead: (ticket: string, from: Address = 'b/replica') =>
      receive({ type: 'confirmRead', ticket }, from),
    ack: (node: string, effects: readonly Effect[], number?: Ballot) => {
      const [check] = sent(effects, 'readCheck') as unknown as [[Address, { round: number; ballot: Ballot }]];
      return receive(
        { type: 'readAck', round: check[1].round, ballot: number ?? check[1].ballot },
        `${node}/acceptor`,
      );
    },
    status: () => sent(receive({ type: 'status', id: 1 }, CLIENT))[0]![1],
  };
  return driver;
}

/** Leads with ballot 1.a. */
function active(changed: Partial<LeaderInput> = {}, accepted: readonly Pvalue[] = [], floor: Slot = 1) {
  const driver = leading({ leadsFirst: true, ...changed });
  const effects = driver.adopted(ballot(1, 'a'), accepted, floor);
  expect(driver.role.is('active')).to.equal(true);
  return { ...driver, entered: effects };
}

/** Misses its leader, and has waited for long enough to ask the others. */
function canvassing(changed: Partial<LeaderInput> = {}) {
  const driver = leading({ promised: ballot(3, 'b'), ...changed });
  const effects = driver.role.pass(electionSpreadMs / 2);
  expect(driver.role.state).to.equal('canvassing');
  return { ...driver, entered: effects };
}

function scoutOf(effects: readonly Effect[]): ScoutInput | undefined {
  return spawned(effects, 'scout')[0]?.input as ScoutInput | undefined;
}

function proposedBy(effects: readonly Effect[]): Pvalue[] {
  return spawned(effects, 'commander').map(({ input }) => (input as CommanderInput).pvalue);
}

describe('the leader (PMMC, figure 7)', () => {
  describe('of a new cluster', () => {
    it('scouts at once on the one node that leads first', () => {
      const { role } = leading({ leadsFirst: true });
      expect(role.state).to.equal('scouting');
      expect(scoutOf(role.started)).to.deep.equal({
        ballot: ballot(1, 'a'),
        nodes: NODES,
        fromSlot: 1,
        retryMs,
      });
    });

    it('waits long for that first leader on all other nodes, and then asks around', () => {
      const { role } = leading();
      expect(role.state).to.deep.equal({ preempted: 'expecting' });
      role.pass(electionTimeoutMs * 9);
      expect(role.state).to.deep.equal({ preempted: 'expecting' });
      role.pass(electionTimeoutMs);
      expect(role.state).to.deep.equal({ preempted: 'suspecting' });
    });
  });

  describe('that comes back', () => {
    it('suspects at once: it may have been the leader itself', () => {
      expect(leading({ promised: ballot(3, 'b') }).role.state).to.deep.equal({ preempted: 'suspecting' });
    });

    it('never uses a ballot of a former life again: its own acceptor has promised as much', () => {
      const { agree } = canvassing({ promised: ballot(7, 'a') });
      expect(scoutOf(agree('b'))?.ballot).to.deep.equal(ballot(8, 'a'));
    });
  });

  describe('whose acceptor has lost its memory', () => {
    const recovered = (driver: ReturnType<typeof leading>, number: Ballot, floor: Slot = 1) =>
      driver.receive({ type: 'recovered', ballot: number, floor }, 'a/acceptor');

    it('asks nobody for its vote, however long it misses a leader', () => {
      const { role } = leading({ isForgetful: true });
      expect(role.state).to.deep.equal({ preempted: 'suspecting' });
      const effects = role.pass(electionTimeoutMs * 50);
      expect(sent(effects, 'canvass')).to.deep.equal([]);
      expect(spawned(effects, 'scout')).to.deep.equal([]);
    });

    it('says that it has no vote, until it has recovered', () => {
      const driver = leading({ isForgetful: true });
      expect(driver.status()).to.deep.include({ hasVote: false });
      recovered(driver, ballot(4, 'b'));
      expect(driver.status()).to.deep.include({ hasVote: true });
    });

    it('agrees with others that miss a leader, at once', () => {
      const { canvass } = leading({ isForgetful: true });
      expect(receivers(canvass('b'), 'canvassReply')).to.deep.equal(['b/leader']);
    });

    it('then starts a ballot above all that it may have used, and asks for no slot that is gone', () => {
      for (const number of [ballot(4, 'a'), ballot(4, 'b')]) {
        const driver = leading({ isForgetful: true });
        recovered(driver, number, 9);
        const asked = driver.role.pass(electionSpreadMs);
        expect(receivers(asked, 'canvass')).to.not.deep.equal([]);
        const { round } = sent(asked, 'canvass')[0]![1] as unknown as { readonly round: number };
        const scout = scoutOf(driver.agree('b', round));
        expect(scout).to.deep.include({ ballot: ballot(5, 'a'), fromSlot: 9 });
      }
    });

    it('keeps what it has heard of a higher ballot meanwhile', () => {
      const driver = leading({ isForgetful: true });
      driver.heartbeat(ballot(8, 'c'));
      recovered(driver, ballot(4, 'b'));
      const asked = driver.role.pass(electionTimeoutMs + electionSpreadMs);
      const { round } = sent(asked, 'canvass')[0]![1] as unknown as { readonly round: number };
      expect(scoutOf(driver.agree('b', round))?.ballot).to.deep.equal(ballot(9, 'a'));
    });
  });

  describe('follows', () => {
    it('the one whose heartbeat is current, and tells the replica beside once', () => {
      const { role, heartbeat } = leading();
      const effects = heartbeat(ballot(1, 'b'));
      expect(sent(effects)).to.deep.equal([['a/replica', { type: 'leadership', leader: 'b' }]]);
      expect(role.state).to.deep.equal({ preempted: 'trusting' });
      expect(heartbeat(ballot(1, 'b'))).to.deep.equal([]);
      expect(sent(heartbeat(ballot(2, 'c')))).to.deep.equal([
        ['a/replica', { type: 'leadership', leader: 'c' }],
      ]);
    });

    it('tells the replica of a new ballot of the same leader: what was asked of the old one is lost', () => {
      const { heartbeat } = leading();
      heartbeat(ballot(1, 'b'));
      expect(sent(heartbeat(ballot(4, 'b')))).to.deep.equal([
        ['a/replica', { type: 'leadership', leader: 'b' }],
      ]);
    });

    it('as long as heartbeats come; then it suspects, and tells the replica that nobody leads', () => {
      const { role, heartbeat } = leading();
      heartbeat(ballot(1, 'b'));
      role.pass(electionTimeoutMs - 1);
      heartbeat(ballot(1, 'b'));
      expect(role.pass(electionTimeoutMs - 1)).to.deep.equal([]);
      expect(role.state).to.deep.equal({ preempted: 'trusting' });
      expect(sent(role.pass(1))).to.deep.equal([['a/replica', { type: 'leadership', leader: undefined }]]);
      expect(role.state).to.deep.equal({ preempted: 'suspecting' });
    });

    it('objects to a heartbeat below what it has heard of, missing a leader: that one must outbid it', () => {
      const { role, heartbeat } = leading({ promised: ballot(5, 'c') });
      expect(sent(heartbeat(ballot(2, 'b')))).to.deep.equal([
        ['b/leader', { type: 'objection', ballot: ballot(5, 'c') }],
      ]);
      expect(role.state).to.deep.equal({ preempted: 'suspecting' });
    });

    it('from any state in which it does not lead', () => {
      const asking = canvassing();
      asking.heartbeat(ballot(3, 'b'));
      expect(asking.role.state).to.deep.equal({ preempted: 'trusting' });
      const scouting = leading({ leadsFirst: true });
      const effects = scouting.heartbeat(ballot(2, 'b'));
      expect(scouting.role.state).to.deep.equal({ preempted: 'trusting' });
      expect(stopped(effects, 'scout')).to.deep.equal(['1.a']);
    });
  });

  describe('canvasses before it scouts', () => {
    it('asks the others, and scouts once a majority misses the leader too', () => {
      const { role, entered, agree } = canvassing();
      expect(sent(entered)).to.deep.equal([
        ['b/leader', { type: 'canvass', round: 1 }],
        ['c/leader', { type: 'canvass', round: 1 }],
      ]);
      const effects = agree('c');
      expect(role.state).to.equal('scouting');
      expect(scoutOf(effects)?.ballot).to.deep.equal(ballot(4, 'a'));
    });

    it('picks a ballot above all that those who agree have heard of', () => {
      const { agree } = canvassing();
      expect(scoutOf(agree('c', 1, ballot(9, 'c')))?.ballot).to.deep.equal(ballot(10, 'a'));
    });

    it('counts neither answers to an earlier round nor one node twice', () => {
      const { role, agree } = canvassing({ nodes: ['a', 'b', 'c', 'd', 'e'] });
      agree('b', 0);
      agree('c');
      agree('c');
      expect(role.state).to.equal('canvassing');
      agree('b');
      expect(role.state).to.equal('scouting');
    });

    it('never raises its ballot while it is cut off, however long', () => {
      const { role, status } = canvassing();
      const effects = role.pass(60_000);
      expect(spawned(effects, 'scout')).to.deep.equal([]);
      expect(receivers(effects, 'canvass').length).to.be.above(100);
      expect(status()).to.deep.include({ leads: false, term: 3 });
    });

    it('agrees with another only while it misses the leader itself', () => {
      const { role, canvass, heartbeat } = leading({ promised: ballot(3, 'b') });
      const reply = { type: 'canvassReply', round: 1, ballot: ballot(3, 'b') };
      expect(sent(canvass('c'))).to.deep.equal([['c/leader', reply]]);
      role.pass(electionSpreadMs / 2);
      expect(sent(canvass('c')), 'while canvassing').to.deep.equal([['c/leader', reply]]);
      heartbeat(ballot(3, 'b'));
      expect(canvass('c'), 'while it trusts').to.deep.equal([]);
    });

    it('answers as the leader that it is', () => {
      expect(sent(active().canvass('c'))).to.deep.equal([
        ['c/leader', { type: 'heartbeat', ballot: ballot(1, 'a') }],
      ]);
    });

    it('needs nobody where it is alone', () => {
      const { role } = leading({ nodes: ['a'], promised: ballot(3, 'a') });
      role.pass(electionSpreadMs / 2);
      expect(role.state).to.equal('scouting');
    });
  });

  describe('once its ballot is adopted', () => {
    it('tells the replica beside, and beats at once and on, before the disk', () => {
      const { role, entered } = active();
      expect(receivers(entered, 'leadership')).to.deep.equal(['a/replica']);
      expect(receivers(entered, 'heartbeat')).to.deep.equal(['b/leader', 'c/leader']);
      const later = role.pass(heartbeatMs);
      expect(receivers(later, 'heartbeat')).to.deep.equal(['b/leader', 'c/leader']);
      expect(early(later)).to.deep.equal(['heartbeat', 'heartbeat']);
    });

    it('proposes again what was accepted before, and no-ops for the gaps (pmax)', () => {
      const { entered } = active({}, [pvalue(ballot(0, 'b'), 2, 7)]);
      expect(proposedBy(entered)).to.deep.equal([
        { ballot: ballot(1, 'a'), slot: 1, batch: NO_OP },
        { ballot: ballot(1, 'a'), slot: 2, batch: batch(7) },
      ]);
    });

    it('asks for no slots that the replica beside has applied, or that acceptors have dropped', () => {
      expect(scoutOf(leading({ leadsFirst: true, applied: 9, floor: 4 }).role.started)?.fromSlot).to.equal(
        10,
      );
      expect(scoutOf(leading({ leadsFirst: true, applied: 2, floor: 4 }).role.started)?.fromSlot).to.equal(4);
      const { receive, agree } = canvassing();
      receive({ type: 'applied', slot: 12, heard: 2 }, 'a/replica');
      expect(scoutOf(agree('b'))?.fromSlot).to.equal(13);
    });

    it('leads no more when it has heard of no majority for long, though others may still hear it', () => {
      const { role, receive } = active();
      const tell = (heard: number) => receive({ type: 'applied', slot: 0, heard }, 'a/replica');
      for (let times = 0; times < 4; times++) tell(0);
      tell(1);
      for (let times = 0; times < 4; times++) tell(0);
      expect(role.is('active')).to.equal(true);
      tell(0);
      expect(role.is('preempted')).to.equal(true);
    });

    it('leads on for as long, whatever it did not hear before it led', () => {
      const driver = leading({ leadsFirst: true });
      const tell = (heard: number) => driver.receive({ type: 'applied', slot: 0, heard }, 'a/replica');
      for (let times = 0; times < 20; times++) tell(0);
      driver.adopted(ballot(1, 'a'));
      for (let times = 0; times < 4; times++) tell(0);
      expect(driver.role.is('active')).to.equal(true);
    });

    it('takes no other ballot of its own for the adopted one', () => {
      const { role, adopted } = leading({ leadsFirst: true });
      adopted(ballot(0, 'a'));
      expect(role.state).to.equal('scouting');
    });
  });

  describe('proposes', () => {
    it('all commands of a turn in one slot, by one commander', () => {
      const { propose } = active();
      const effects = propose(1, 2, 3);
      expect(proposedBy(effects)).to.deep.equal([{ ballot: ballot(1, 'a'), slot: 1, batch: batch(1, 2, 3) }]);
      expect(spawned(effects, 'commander')[0]!.key).to.equal('1.a.1');
      expect(receivers(effects, 'openSlots')).to.deep.equal(['a/leader']);
    });

    it('no more slots than the window holds; a decision makes room for what waits', () => {
      const { propose, decided, openSlots, status } = active({ settings: settings({ windowSlots: 2 }) });
      propose(1);
      propose(2);
      expect(proposedBy(propose(3, 4))).to.deep.equal([]);
      expect(status()).to.deep.include({ leads: true, open: 2, pending: 2 });
      expect(proposedBy(openSlots(decided(1)))).to.deep.equal([
        { ballot: ballot(1, 'a'), slot: 3, batch: batch(3, 4) },
      ]);
    });

    it('no more than acceptors have room for; a collection makes room', () => {
      const room = bytesOf(batch(1));
      const { propose, decided, openSlots, receive } = active({
        settings: settings({ acceptedBytesMax: room }),
      });
      propose(1);
      expect(proposedBy(openSlots([...decided(1), ...propose(2)]))).to.deep.equal([]);
      const collected = receive({ type: 'collect', floor: 2 }, 'a/replica');
      expect(proposedBy(openSlots(collected))).to.have.length(1);
    });

    it('refuses what is too much to wait', () => {
      const { propose } = active({ settings: settings({ windowSlots: 0, pendingBytesMax: 1 }) });
      expect(receivers(propose(1), 'refused')).to.deep.equal([]);
      expect(receivers(propose(2), 'refused')).to.deep.equal([CLIENT]);
    });

    it('nothing while it does not lead, and says so', () => {
      for (const driver of [leading(), canvassing(), leading({ leadsFirst: true })]) {
        expect(sent(driver.propose(1))).to.deep.equal([[CLIENT, { type: 'refused' }]]);
      }
    });
  });

  describe('confirms reads (PMMC, section 4.5)', () => {
    it('by asking all acceptors, before the disk, and answers once a majority is still with its ballot', () => {
      const { confirmRead, ack } = active({}, [pvalue(ballot(0, 'b'), 2, 7)]);
      const asked = confirmRead('t1');
      expect(receivers(asked, 'readCheck')).to.deep.equal(['a/acceptor', 'b/acceptor', 'c/acceptor']);
      expect(early(asked)).to.have.length(3);
      expect(ack('a', asked)).to.deep.equal([]);
      expect(ack('a', asked), 'twice').to.deep.equal([]);
      // What was adopted may have been decided, and somebody told of it.
      expect(sent(ack('c', asked))).to.deep.equal([
        ['b/replica', { type: 'readConfirmed', ticket: 't1', index: 2 }],
      ]);
    });

    it('by one round for all that wait, begun after they came', () => {
      const { confirmRead, ack } = active();
      const first = confirmRead('t1');
      expect(confirmRead('t2', 'c/replica')).to.deep.equal([]);
      expect(confirmRead('t3', 'a/replica')).to.deep.equal([]);
      ack('a', first);
      const second = ack('b', first);
      expect(sent(second, 'readConfirmed').map(([, message]) => message)).to.deep.equal([
        { type: 'readConfirmed', ticket: 't1', index: 0 },
      ]);
      expect(receivers(second, 'readCheck')).to.have.length(3);
      ack('a', first);
      expect(ack('b', first), 'late answers to the round before').to.deep.equal([]);
      ack('a', second);
      expect(receivers(ack('c', second), 'readConfirmed')).to.deep.equal(['c/replica', 'a/replica']);
    });

    it('up to the last slot decided when it answers', () => {
      const { confirmRead, ack, propose, decided } = active();
      propose(1);
      const asked = confirmRead('t1');
      decided(1);
      ack('b', asked);
      expect(sent(ack('c', asked))[0]![1]).to.deep.include({ index: 1 });
    });

    it('not when an acceptor has promised more: then it leads no longer', () => {
      const { role, confirmRead, ack } = active();
      const asked = confirmRead('t1');
      ack('a', asked);
      expect(receivers(ack('b', asked, ballot(2, 'c')), 'readConfirmed')).to.deep.equal([]);
      expect(role.state).to.deep.equal({ preempted: 'trusting' });
    });

    it('by asking again those who are silent', () => {
      const { role, confirmRead, ack } = active();
      ack('b', confirmRead('t1'));
      expect(receivers(role.pass(retryMs), 'readCheck')).to.deep.equal(['a/acceptor', 'c/acceptor']);
    });

    it('by no answer to a round of another ballot, a former life of this node included', () => {
      const before = active();
      const stale = before.confirmRead('t1');
      const after = canvassing({ promised: ballot(1, 'a') });
      after.agree('b');
      after.adopted(ballot(2, 'a'));
      const asked = after.confirmRead('t1');
      after.ack('a', asked);
      expect(after.ack('b', stale)).to.deep.equal([]);
      expect(receivers(after.ack('b', asked), 'readConfirmed')).to.deep.equal(['b/replica']);
    });
  });

  describe('abandons its ballot', () => {
    it('when a commander is preempted: stops the others, and leaves what they proposed to the acceptors', () => {
      const { role, propose, preempted, status } = active();
      propose(1);
      propose(2);
      const effects = preempted(ballot(2, 'b'));
      expect(stopped(effects, 'commander')).to.deep.equal(['1.a.1', '1.a.2']);
      expect(sent(effects)).to.deep.equal([['a/replica', { type: 'leadership', leader: undefined }]]);
      expect(role.state).to.deep.equal({ preempted: 'trusting' });
      expect(status()).to.deep.include({ leads: false, open: 0, pending: 0 });
      expect(receivers(role.pass(heartbeatMs * 2), 'heartbeat')).to.deep.equal([]);
    });

    it('when it hears of a higher leader, which it follows', () => {
      const { role, heartbeat } = active();
      expect(sent(heartbeat(ballot(2, 'b')), 'leadership').map(([, message]) => message)).to.deep.equal([
        { type: 'leadership', leader: undefined },
        { type: 'leadership', leader: 'b' },
      ]);
      expect(role.state).to.deep.equal({ preempted: 'trusting' });
    });

    it('not for a lower one, nor for a late outcome of an older ballot', () => {
      const { role, heartbeat, preempted, object } = active();
      heartbeat(ballot(0, 'b'));
      preempted(ballot(0, 'c'));
      object('b', ballot(0, 'b'));
      expect(role.is('active')).to.equal(true);
    });

    it('for a higher one of its own, when another objects to its heartbeats', () => {
      const { role, object, propose } = active();
      propose(1);
      const effects = object('c', ballot(6, 'c'));
      expect(role.state).to.equal('scouting');
      expect(stopped(effects, 'commander')).to.deep.equal(['1.a.1']);
      expect(scoutOf(effects)?.ballot).to.deep.equal(ballot(7, 'a'));
    });
  });

  describe('backs off (PMMC, section 3)', () => {
    it('for longer after every preemption, up to a bound, and starts anew once it follows', () => {
      const { role, receive, heartbeat, agree, preempted } = leading({ promised: ballot(1, 'b') });
      const waits: number[] = [];
      for (let attempt = 1; attempt <= 6; attempt++) {
        if (role.is('preempted.trusting')) role.pass(electionTimeoutMs);
        const [waitMs] = role.timersMs;
        waits.push(waitMs!);
        role.pass(waitMs!);
        agree('b', attempt);
        expect(role.state).to.equal('scouting');
        preempted(ballot(attempt * 10, 'b'));
      }
      const unit = electionSpreadMs / 2;
      expect(waits).to.deep.equal([unit, unit * 2, unit * 4, unit * 8, unit * 8, unit * 8]);
      heartbeat(ballot(60, 'b'));
      role.pass(electionTimeoutMs);
      expect(role.timersMs).to.deep.equal([unit]);
      receive({ type: 'heartbeat', ballot: ballot(61, 'b') }, 'b/leader');
    });

    it('when a scout finds no majority: it gives up, and asks around again', () => {
      const { role } = leading({ leadsFirst: true });
      const effects = role.pass(retryMs * 5);
      expect(stopped(effects, 'scout')).to.deep.equal(['1.a']);
      expect(role.state).to.deep.equal({ preempted: 'suspecting' });
    });

    it('not after it has led', () => {
      const { role, preempted, adopted, agree } = leading({ leadsFirst: true });
      preempted(ballot(1, 'b'));
      role.pass(electionTimeoutMs + electionSpreadMs);
      agree('b');
      adopted(ballot(2, 'a'));
      preempted(ballot(3, 'b'));
      role.pass(electionTimeoutMs);
      expect(role.timersMs).to.deep.equal([electionSpreadMs]);
    });
  });
});
