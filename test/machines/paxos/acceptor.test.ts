import { expect } from 'chai';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { acceptor } from '../../../machines/paxos/acceptor.ts';
import { ACCEPTED_SLOTS_MAX, loadAcceptorRecords } from '../../../machines/paxos/acceptor-records.ts';
import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import type { PaxosSettings } from '../../../machines/paxos/settings.ts';
import { bytesOf } from '../../../machines/replication/batch.ts';
import { early, persisted, RoleDriver, receivers, sent } from '../role-driver.ts';
import { ballot, batch, pvalue, settings } from './values.ts';

const SCOUT = 'b/scout/1.b';
const COMMANDER = 'b/commander/1.b.1';
const LOW = ballot(1, 'a');
const HIGH = ballot(1, 'b');

/** An acceptor over a journal: `restart` gives the next life of it, with what the former has persisted. */
function acceptorOn(journal = new MemoryJournal(), changed: Partial<PaxosSettings> = {}) {
  const input = { node: 'a', settings: settings(changed), records: loadAcceptorRecords(journal) };
  const role = new RoleDriver(acceptor, 'a/acceptor', input);
  const receive = (...[message, from]: Parameters<RoleDriver['receive']>) => {
    const effects = role.receive(message, from);
    const writes = persisted(effects);
    if (writes.length > 0) journal.commit(writes, () => {});
    return effects;
  };
  return {
    role,
    journal,
    receive,
    p1a: (number: Ballot, fromSlot: Slot = 1) =>
      receive({ type: 'p1a', ballot: number, fromSlot } as never, SCOUT),
    p2a: (number: Ballot, slot: Slot, byte = slot) =>
      receive({ type: 'p2a', ...pvalue(number, slot, byte) } as never, COMMANDER),
    readCheck: (number: Ballot, round = 1) =>
      receive({ type: 'readCheck', ballot: number, round } as never, 'b/leader'),
    collect: (floor: Slot) => receive({ type: 'collect', floor } as never, 'a/replica'),
    restart: () => acceptorOn(journal, changed),
  };
}

describe('the acceptor', () => {
  it('tells the learner of a proposal, where there is one, and not who proposes', () => {
    const { receive } = acceptorOn();
    const message = { type: 'p2a', ...pvalue(LOW, 1, 1), learner: 'c/leader/7' };
    expect(receivers(receive(message as never, '1/follower/7'), 'p2b')).to.deep.equal(['c/leader/7']);
  });

  describe('promises (PMMC, figure 4 and invariant A1)', () => {
    it('adopts a ballot above its own, and has it on disk in the step that answers', () => {
      const { p1a, role, journal } = acceptorOn();
      const effects = p1a(HIGH);
      expect(persisted(effects)).to.have.length(1);
      expect(sent(effects)).to.deep.equal([[SCOUT, { type: 'p1b', ballot: HIGH, accepted: [], floor: 1 }]]);
      expect(early(effects), 'a promise that leaves before the flush').to.deep.equal([]);
      expect(role.state).to.equal('promised');
      expect(loadAcceptorRecords(journal).ballot).to.deep.equal(HIGH);
    });

    it('never takes a promise back: a lower ballot hears of the higher one', () => {
      const { p1a, p2a } = acceptorOn();
      p1a(HIGH);
      expect(sent(p1a(LOW))).to.deep.equal([[SCOUT, { type: 'p1b', ballot: HIGH, accepted: [], floor: 1 }]]);
      const refused = p2a(LOW, 1);
      expect(sent(refused)).to.deep.equal([[COMMANDER, { type: 'p2b', ballot: HIGH, slot: 1 }]]);
      expect(persisted(refused)).to.deep.equal([]);
      expect(sent(p1a(HIGH), 'p1b')).to.deep.equal([
        [SCOUT, { type: 'p1b', ballot: HIGH, accepted: [], floor: 1 }],
      ]);
    });

    it('answers a p1a that is sent again without writing again', () => {
      const { p1a } = acceptorOn();
      const first = p1a(HIGH);
      const second = p1a(HIGH);
      expect(sent(second)).to.deep.equal(sent(first));
      expect(persisted(second)).to.deep.equal([]);
    });

    it('keeps its promise through a restart', () => {
      const before = acceptorOn();
      expect(before.role.state).to.equal('uncommitted');
      before.p1a(HIGH);
      const after = before.restart();
      expect(after.role.state).to.equal('promised');
      expect(sent(after.p2a(LOW, 1))).to.deep.equal([[COMMANDER, { type: 'p2b', ballot: HIGH, slot: 1 }]]);
    });
  });

  describe('acceptances (PMMC, invariants A2 and A3)', () => {
    it('accepts in the ballot that it follows, on disk in the step that answers, and tells the replica beside', () => {
      const { p1a, p2a, role, journal } = acceptorOn();
      p1a(HIGH);
      const effects = p2a(HIGH, 3, 7);
      expect(sent(effects)).to.deep.equal([
        ['a/replica', { type: 'accepted', ballot: HIGH, slot: 3, batch: batch(7) }],
        [COMMANDER, { type: 'p2b', ballot: HIGH, slot: 3 }],
      ]);
      expect(early(effects)).to.deep.equal([]);
      expect(role.state).to.equal('accepting');
      expect(loadAcceptorRecords(journal).accepted).to.deep.equal([pvalue(HIGH, 3, 7)]);
    });

    it('promises a ballot by accepting in it, having missed its p1a', () => {
      const { p2a, p1a, restart } = acceptorOn();
      expect(persisted(p2a(HIGH, 1))).to.have.length(2);
      expect(sent(p1a(LOW), 'p1b')[0]![1]).to.include({ ballot: HIGH });
      expect(sent(restart().p1a(LOW), 'p1b')[0]![1]).to.deep.include({ ballot: HIGH });
    });

    it('answers a p2a that is sent again without writing again', () => {
      const { p2a } = acceptorOn();
      p2a(HIGH, 1);
      const again = p2a(HIGH, 1);
      expect(sent(again)).to.deep.equal([[COMMANDER, { type: 'p2b', ballot: HIGH, slot: 1 }]]);
      expect(persisted(again)).to.deep.equal([]);
    });

    it('remembers the most recent pvalue of a slot alone (PMMC, section 4.1)', () => {
      const { p2a, p1a, restart } = acceptorOn();
      p2a(LOW, 1, 7);
      p2a(HIGH, 1, 8);
      expect(sent(p1a(HIGH))[0]![1]).to.deep.include({ accepted: [pvalue(HIGH, 1, 8)] });
      expect(sent(restart().p1a(HIGH))[0]![1]).to.deep.include({ accepted: [pvalue(HIGH, 1, 8)] });
    });

    it('answers a p1a with what it has accepted from the asked slot on, also after a restart', () => {
      const before = acceptorOn();
      for (const slot of [1, 2, 3, 5]) before.p2a(LOW, slot);
      const wanted = [pvalue(LOW, 3, 3), pvalue(LOW, 5, 5)];
      expect(sent(before.p1a(HIGH, 3))).to.deep.equal([
        [SCOUT, { type: 'p1b', ballot: HIGH, accepted: wanted, floor: 1 }],
      ]);
      expect(sent(before.restart().p1a(HIGH, 3))).to.deep.equal([
        [SCOUT, { type: 'p1b', ballot: HIGH, accepted: wanted, floor: 1 }],
      ]);
    });

    it('sends no pvalues along when it refuses a ballot', () => {
      const { p2a, p1a } = acceptorOn();
      p2a(HIGH, 1);
      expect(sent(p1a(LOW))[0]![1]).to.deep.include({ ballot: HIGH, accepted: [] });
    });
  });

  describe('bounds', () => {
    it('stays silent about a slot that it has no room for, and takes it once it has', () => {
      const { p2a, collect } = acceptorOn();
      p2a(LOW, 1);
      expect(p2a(LOW, 1 + ACCEPTED_SLOTS_MAX)).to.deep.equal([]);
      collect(2);
      expect(receivers(p2a(LOW, 1 + ACCEPTED_SLOTS_MAX), 'p2b')).to.deep.equal([COMMANDER]);
    });

    it('stays silent when it keeps too many bytes, but still accepts anew what it has accepted', () => {
      const { p2a, collect } = acceptorOn(new MemoryJournal(), { acceptedBytesMax: bytesOf(batch(1)) * 2 });
      p2a(LOW, 1);
      p2a(LOW, 2);
      expect(p2a(LOW, 3)).to.deep.equal([]);
      expect(receivers(p2a(HIGH, 2), 'p2b')).to.deep.equal([COMMANDER]);
      collect(2);
      expect(receivers(p2a(HIGH, 3), 'p2b')).to.deep.equal([COMMANDER]);
    });

    it('promises nothing by a p2a that it has no room for', () => {
      const { p2a, p1a } = acceptorOn();
      p2a(LOW, 1);
      p2a(HIGH, 1 + ACCEPTED_SLOTS_MAX);
      expect(sent(p1a(LOW))[0]![1]).to.deep.include({ ballot: LOW });
    });

    it('counts its bytes again after a restart', () => {
      const before = acceptorOn(new MemoryJournal(), { acceptedBytesMax: bytesOf(batch(1)) * 2 });
      before.p2a(LOW, 1);
      before.p2a(LOW, 2);
      expect(before.restart().p2a(LOW, 3)).to.deep.equal([]);
    });

    it('refuses an outranked p2a even when it is full: the leader must hear of the higher ballot', () => {
      const { p2a, p1a } = acceptorOn(new MemoryJournal(), { acceptedBytesMax: 1 });
      p2a(LOW, 1);
      p1a(HIGH);
      expect(sent(p2a(LOW, 2))).to.deep.equal([[COMMANDER, { type: 'p2b', ballot: HIGH, slot: 2 }]]);
    });
  });

  describe('collection (PMMC, section 4.2)', () => {
    it('forgets what is below the floor, says so in its p1b, and does not remember it after a restart', () => {
      const before = acceptorOn();
      for (const slot of [1, 2, 3]) before.p2a(LOW, slot);
      expect(sent(before.collect(3))).to.deep.equal([]);
      for (const life of [before, before.restart()]) {
        expect(sent(life.p1a(HIGH))).to.deep.equal([
          [SCOUT, { type: 'p1b', ballot: HIGH, accepted: [pvalue(LOW, 3, 3)], floor: 3 }],
        ]);
      }
    });

    it('never lowers the floor', () => {
      const { p2a, collect, p1a } = acceptorOn();
      p2a(LOW, 1);
      collect(5);
      expect(collect(4)).to.deep.equal([]);
      expect(collect(5)).to.deep.equal([]);
      expect(sent(p1a(HIGH))[0]![1]).to.deep.include({ floor: 5 });
    });

    it('answers a p2a below the floor, which is decided with the same batch (C1), and remembers nothing of it', () => {
      const { p2a, collect, p1a, restart } = acceptorOn();
      collect(5);
      const effects = p2a(HIGH, 2);
      expect(receivers(effects, 'p2b')).to.deep.equal([COMMANDER]);
      expect(receivers(effects, 'accepted')).to.deep.equal([]);
      expect(sent(p1a(HIGH))[0]![1]).to.deep.include({ accepted: [] });
      expect(sent(restart().p1a(LOW))[0]![1], 'but keeps the promise').to.deep.include({ ballot: HIGH });
    });
  });

  describe('read checks (PMMC, section 4.5)', () => {
    it('confirms the asked ballot as long as it has promised nothing higher, without waiting for the disk', () => {
      const { p1a, readCheck } = acceptorOn();
      p1a(HIGH);
      const effects = readCheck(HIGH, 4);
      expect(sent(effects)).to.deep.equal([['b/leader', { type: 'readAck', ballot: HIGH, round: 4 }]]);
      expect(early(effects)).to.deep.equal(['readAck']);
    });

    it('tells of a higher promise, once that is on disk', () => {
      const { p1a, readCheck } = acceptorOn();
      p1a(HIGH);
      const effects = readCheck(LOW, 4);
      expect(sent(effects)).to.deep.equal([['b/leader', { type: 'readAck', ballot: HIGH, round: 4 }]]);
      expect(early(effects)).to.deep.equal([]);
    });
  });
});
