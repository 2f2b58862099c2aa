import { expect } from 'chai';
import type { Address } from '../../../actors/address.ts';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { acceptor } from '../../../machines/paxos/acceptor.ts';
import type { AcceptorInput } from '../../../machines/paxos/acceptor-context.ts';
import { loadAcceptorRecords } from '../../../machines/paxos/acceptor-records.ts';
import { type Ballot, LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import type { Recollection } from '../../../machines/paxos/messages.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import { early, persisted, RoleDriver, receivers, sent } from '../role-driver.ts';
import { ballot, NODES, pvalue, settings } from './values.ts';

const SETTINGS = settings();
const { retryMs } = SETTINGS;
const FIVE = ['a', 'b', 'c', 'd', 'e'];
const OLD = ballot(1, 'b');
const NEW = ballot(2, 'c');
const NONCE = 7;
const TICKET = `recovery ${NONCE}`;

interface Setting {
  readonly nodes?: readonly string[];
  /** Told by the host; what is in the journal counts, too. */
  readonly isForgetful?: boolean;
  readonly journal?: MemoryJournal;
  readonly nonce?: number;
}

/** The acceptor of node a, over a journal that holds what it has persisted. */
function acceptorOn({
  nodes = NODES,
  isForgetful = false,
  journal = new MemoryJournal(),
  nonce = NONCE,
}: Setting = {}) {
  const records = loadAcceptorRecords(journal);
  const role = new RoleDriver(acceptor, 'a/acceptor', {
    node: 'a',
    nodes,
    settings: SETTINGS,
    records,
    isForgetful: isForgetful || records.isForgetful,
    nonce,
  } satisfies AcceptorInput);
  const keep = (writes: ReturnType<typeof persisted>) => {
    if (writes.length > 0) journal.commit(writes, () => {});
  };
  keep(persisted(role.started));
  const receive = <M extends Message>(message: M, from: Address) => {
    const effects = role.receive(message, from);
    keep(persisted(effects));
    return effects;
  };
  return {
    role,
    journal,
    receive,
    knownLife: (node: string, life: number, of = nonce) =>
      receive({ type: 'knownLife', nonce: of, life }, `${node}/acceptor`),
    recollection: (node: string, told: Partial<Omit<Recollection, 'type'>> = {}) =>
      receive(
        { type: 'recollection', nonce, ballot: LOWEST_BALLOT, accepted: [], floor: 1, ...told },
        `${node}/acceptor`,
      ),
    confirmed: (index: Slot, ticket = TICKET) =>
      receive({ type: 'readConfirmed', ticket, index }, 'b/leader'),
    repaired: (durable: Slot) => receive({ type: 'applied', slot: durable, durable, heard: 2 }, 'a/replica'),
    p1a: (number: Ballot) => receive({ type: 'p1a', ballot: number, fromSlot: 1 }, 'b/scout/x'),
    p2a: (number: Ballot, slot: Slot, byte = slot) =>
      receive({ type: 'p2a', ...pvalue(number, slot, byte) }, 'b/commander/x'),
    records: () => loadAcceptorRecords(journal),
  };
}

/** It has begun life 1, and asks to be told. */
function recollecting(setting: Setting = {}) {
  const driver = acceptorOn({ isForgetful: true, ...setting });
  const others = (setting.nodes ?? NODES).filter((node) => node !== 'a');
  for (const node of others) driver.knownLife(node, 0);
  expect(driver.role.is('forgetful.recollecting')).to.equal(true);
  return driver;
}

/** It has been told by both others, and waits until the replica beside has what was decided. */
function repairing(told: Partial<Omit<Recollection, 'type'>> = {}) {
  const driver = recollecting();
  driver.recollection('b', told);
  const effects = driver.recollection('c');
  expect(driver.role.is('forgetful.repairing')).to.equal(true);
  return { ...driver, entered: effects };
}

describe('an acceptor that has lost its memory', () => {
  it('writes down first that it has, and asks the others which life of it they know', () => {
    const { role, records } = acceptorOn({ isForgetful: true });
    expect(records().isForgetful).to.equal(true);
    const asked = [
      ['b/acceptor', { type: 'askLife', nonce: NONCE }],
      ['c/acceptor', { type: 'askLife', nonce: NONCE }],
    ];
    expect(sent(role.started)).to.deep.equal(asked);
    expect(sent(role.pass(retryMs))).to.deep.equal(asked);
  });

  it('answers nobody before it has recovered, whatever it is asked', () => {
    const before = acceptorOn({ isForgetful: true });
    const between = recollecting();
    const { entered: _, ...after } = repairing();
    for (const { receive, p1a, p2a } of [before, between, after]) {
      expect(p1a(NEW)).to.deep.equal([]);
      expect(p2a(NEW, 1)).to.deep.equal([]);
      for (const message of [
        { type: 'readCheck', ballot: NEW, round: 1 },
        { type: 'askLife', nonce: 9 },
        { type: 'readmit', nonce: 9, life: 1 },
      ]) {
        expect(receive(message, 'b/acceptor'), message.type).to.deep.equal([]);
      }
    }
  });

  it('begins the life after the latest that a majority of all, without itself, knows of', () => {
    const { knownLife, role } = acceptorOn({ isForgetful: true, nodes: FIVE });
    expect(receivers(knownLife('b', 2), 'readmit')).to.deep.equal([]);
    knownLife('b', 2);
    expect(receivers(knownLife('c', 0), 'readmit'), 'two of four').to.deep.equal([]);
    expect(receivers(role.pass(retryMs), 'askLife'), 'the silent ones again').to.deep.equal([
      'd/acceptor',
      'e/acceptor',
    ]);
    expect(sent(knownLife('e', 1), 'readmit')).to.deep.equal(
      ['b', 'c', 'd', 'e'].map((node) => [`${node}/acceptor`, { type: 'readmit', nonce: NONCE, life: 3 }]),
    );
  });

  it('takes no answer to what a former life of it asked', () => {
    const { knownLife, role } = acceptorOn({ isForgetful: true });
    for (const node of ['b', 'c']) knownLife(node, 0, NONCE - 1);
    expect(role.is('forgetful.beginning')).to.equal(true);
    const { recollection, role: later } = recollecting();
    for (const node of ['b', 'c']) recollection(node, { nonce: NONCE - 1 });
    expect(later.is('forgetful.recollecting')).to.equal(true);
  });

  it('is never taken in again when too many have forgotten', () => {
    const { knownLife, role } = acceptorOn({ isForgetful: true, nodes: ['a', 'b'] });
    knownLife('b', 0);
    expect(role.is('forgetful.beginning')).to.equal(true);
    expect(acceptorOn({ isForgetful: true, nodes: ['a'] }).role.is('forgetful.beginning')).to.equal(true);
  });

  it('takes over the highest promise and floor, and the pvalue of the highest ballot for each slot', () => {
    const { recollection, confirmed, repaired, p1a, records } = recollecting();
    recollection('b', { ballot: NEW, accepted: [pvalue(OLD, 4, 40), pvalue(NEW, 5, 5)], floor: 3 });
    recollection('c', { ballot: OLD, accepted: [pvalue(OLD, 2, 2), pvalue(NEW, 4, 4)], floor: 1 });
    confirmed(2);
    repaired(2);
    const accepted = [pvalue(NEW, 4, 4), pvalue(NEW, 5, 5)];
    expect(records()).to.deep.include({ ballot: NEW, floor: 3, life: 1, isForgetful: false });
    expect(sent(p1a(NEW))[0]![1]).to.deep.include({ ballot: NEW, floor: 3, life: 1 });
    expect(records().accepted.map(({ slot, ballot: number }) => [slot, number])).to.deep.equal(
      accepted.map(({ slot, ballot: number }) => [slot, number]),
    );
  });

  it('keeps the pvalue that it knows where another tells of one of a lower ballot', () => {
    const { recollection, confirmed, repaired, p1a } = recollecting();
    recollection('b', { ballot: NEW, accepted: [pvalue(NEW, 1, 1)] });
    recollection('c', { ballot: OLD, accepted: [pvalue(OLD, 1, 9)] });
    confirmed(0);
    repaired(0);
    expect(sent(p1a(ballot(3, 'b')))[0]![1]).to.deep.include({ accepted: [pvalue(NEW, 1, 1)] });
  });

  it('asks again who has lost its own memory since it answered', () => {
    // d forgot after it told a what it knew; it may have accepted since, together with what a said before it forgot.
    const { recollection, role } = recollecting({ nodes: FIVE });
    recollection('d');
    recollection('b', { lives: { a: 1, d: 1 } });
    expect(receivers(role.pass(retryMs), 'readmit')).to.deep.equal([
      'c/acceptor',
      'd/acceptor',
      'e/acceptor',
    ]);
    recollection('c', { lives: { a: 1 } });
    expect(role.is('forgetful.recollecting'), 'b and c').to.equal(true);
    recollection('d', { life: 1, lives: { a: 1 } });
    expect(role.is('forgetful.repairing')).to.equal(true);
  });

  it('learns of the lives of all, and of that of who tells it', () => {
    const { recollection, confirmed, repaired, p2a, records } = recollecting({ nodes: FIVE });
    recollection('b', { life: 2, lives: { a: 1 } });
    recollection('c', { lives: { a: 1, d: 1 } });
    recollection('e', { lives: { a: 1 } });
    confirmed(0);
    repaired(0);
    expect(Object.fromEntries(records().lives)).to.deep.include({ b: 2, d: 1 });
    expect(sent(p2a(NEW, 1), 'p2b')[0]![1]).to.deep.include({ life: 1, lives: { a: 1, b: 2, d: 1 } });
  });

  it('waits until the replica beside has on disk what a leader says was decided before', () => {
    const { role, entered, confirmed, repaired } = repairing();
    const asked = [
      ['b/leader', { type: 'confirmRead', ticket: TICKET }],
      ['c/leader', { type: 'confirmRead', ticket: TICKET }],
    ];
    expect(sent(entered)).to.deep.equal(asked);
    repaired(9);
    expect(sent(role.pass(retryMs))).to.deep.equal(asked);
    confirmed(3, 'another');
    expect(role.is('forgetful.repairing'), 'before any leader has said so').to.equal(true);
    confirmed(12);
    expect(role.is('forgetful.repairing')).to.equal(true);
    expect(sent(role.pass(retryMs)), 'and asks no longer').to.deep.equal([]);
    confirmed(20);
    repaired(11);
    expect(role.is('forgetful.repairing')).to.equal(true);
    repaired(12);
    expect(role.state).to.equal('promised');
  });

  it('waits until the replica beside has what the others have let go of, also meanwhile', () => {
    const { role, confirmed, repaired, receive, records } = repairing({ floor: 5 });
    confirmed(2);
    repaired(3);
    expect(role.is('forgetful.repairing')).to.equal(true);
    receive({ type: 'collect', floor: 6 }, 'a/replica');
    repaired(4);
    expect(role.is('forgetful.repairing')).to.equal(true);
    repaired(5);
    expect(role.state).to.equal('promised');
    expect(records().floor).to.equal(6);
  });

  it('writes all of it in the step in which it recovers, and tells the leader beside', () => {
    const { confirmed, repaired, p2a } = repairing({ ballot: NEW, accepted: [pvalue(NEW, 2, 2)] });
    confirmed(1);
    const effects = repaired(1);
    expect(persisted(effects)).to.have.length(4);
    expect(sent(effects)).to.deep.equal([['a/leader', { type: 'recovered', ballot: NEW, floor: 1 }]]);
    expect(early(effects)).to.deep.equal([]);
    expect(sent(p2a(OLD, 1))[0]![1], 'and keeps what it was told').to.deep.include({ ballot: NEW });
  });

  it('begins anew when it ends before it has recovered, with its disk or without', () => {
    for (const isLost of [false, true]) {
      const { journal, role } = recollecting();
      expect(role.is('forgetful')).to.equal(true);
      const next = acceptorOn({
        journal: isLost ? new MemoryJournal() : journal,
        isForgetful: isLost,
        nonce: 8,
      });
      expect(receivers(next.role.started, 'askLife')).to.have.length(2);
      expect(next.p1a(NEW)).to.deep.equal([]);
      expect(next.records().isForgetful).to.equal(true);
    }
  });

  it('is an acceptor as any other after it has recovered, also when it restarts', () => {
    const { confirmed, repaired, journal } = repairing({ ballot: OLD, accepted: [pvalue(OLD, 1, 1)] });
    confirmed(0);
    repaired(0);
    const next = acceptorOn({ journal });
    expect(next.role.state).to.equal('promised');
    expect(sent(next.p1a(NEW))[0]![1]).to.deep.include({ accepted: [pvalue(OLD, 1, 1)], life: 1 });
  });
});

describe('an acceptor that helps another to recover', () => {
  it('says which life of it it knows', () => {
    const { receive } = acceptorOn();
    const ask = () => sent(receive({ type: 'askLife', nonce: 3 }, 'b/acceptor'));
    expect(ask()).to.deep.equal([['b/acceptor', { type: 'knownLife', nonce: 3, life: 0 }]]);
    receive({ type: 'readmit', nonce: 3, life: 4 }, 'b/acceptor');
    expect(ask()).to.deep.equal([['b/acceptor', { type: 'knownLife', nonce: 3, life: 4 }]]);
  });

  it('has the new life on disk before it tells all that it knows', () => {
    const { receive, p2a, records } = acceptorOn();
    p2a(OLD, 1);
    const effects = receive({ type: 'readmit', nonce: 3, life: 1 }, 'b/acceptor');
    expect([...records().lives]).to.deep.equal([['b', 1]]);
    expect(early(effects)).to.deep.equal([]);
    expect(sent(effects)).to.deep.equal([
      [
        'b/acceptor',
        {
          type: 'recollection',
          nonce: 3,
          ballot: OLD,
          accepted: [pvalue(OLD, 1, 1)],
          floor: 1,
          lives: { b: 1 },
        },
      ],
    ]);
  });

  it('says so in every answer that counts from then on, also after a restart', () => {
    const { receive, p1a, p2a, journal } = acceptorOn();
    expect(sent(p1a(OLD))[0]![1], 'before').to.not.have.property('lives');
    receive({ type: 'readmit', nonce: 3, life: 2 }, 'b/acceptor');
    const next = acceptorOn({ journal });
    const answers = [
      sent(p1a(OLD), 'p1b'),
      sent(p2a(OLD, 1), 'p2b'),
      sent(next.p1a(OLD), 'p1b'),
      sent(next.p2a(OLD, 2), 'p2b'),
    ];
    for (const [[, answer] = []] of answers) expect(answer).to.deep.include({ lives: { b: 2 } });
  });

  it('never goes back to an earlier life of it', () => {
    const { receive, records } = acceptorOn();
    for (const life of [2, 1]) receive({ type: 'readmit', nonce: 3, life }, 'b/acceptor');
    expect([...records().lives]).to.deep.equal([['b', 2]]);
  });
});
