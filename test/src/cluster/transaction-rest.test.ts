import { expect } from 'chai';
import type {
  CoordinatorStatus,
  OpenGroup,
  ParticipantStatus,
  UndecidedGroup,
} from '../../../machines/two-phase-commit/client-messages.ts';
import { Topology } from '../../../src/cluster/topology.ts';
import type { TransactionReports } from '../../../src/cluster/transaction-observer.ts';
import { RestWatch, replicatedRestOf, restOf } from '../../../src/cluster/transaction-rest.ts';

const LEADER = '0';
const NODES = [LEADER, '1', '2', '3'];
const FOLLOWERS = NODES.slice(1);
const GROUP = 7;

const open = (state: OpenGroup['state'], ...waitsFor: string[]): OpenGroup => ({
  group: GROUP,
  transactions: 1,
  state,
  waitsFor,
});
const undecided = (state: UndecidedGroup['state'], node: string, rounds = 1): UndecidedGroup => ({
  group: GROUP,
  transactions: 1,
  state,
  rounds,
  others: FOLLOWERS.filter((other) => other !== node),
});

/** What a situation differs in from one in which nothing is pending. */
interface Situation {
  readonly dead?: readonly string[];
  readonly cut?: readonly (readonly [string, string])[];
  readonly silent?: readonly string[];
  readonly coordinator?: Partial<CoordinatorStatus>;
  readonly participants?: Readonly<Record<string, Partial<ParticipantStatus>>>;
}

function reportsOf({
  dead = [],
  silent = [],
  coordinator,
  participants = {},
}: Situation): TransactionReports {
  const answers = (node: string) => !dead.includes(node) && !silent.includes(node);
  const leader: CoordinatorStatus = {
    type: 'coordinatorStatus',
    id: 1,
    life: 1,
    followers: FOLLOWERS,
    learner: undefined,
    open: [],
    pending: 0,
    records: 0,
    mark: 9,
    isTidy: true,
    ...coordinator,
  };
  const statuses = FOLLOWERS.filter(answers).map((node): [string, ParticipantStatus] => [
    node,
    {
      type: 'participantStatus',
      id: 1,
      isMember: true,
      undecided: [],
      records: 0,
      isDurable: true,
      reads: 0,
      mark: 9,
      isTidy: true,
      ...participants[node],
    },
  ]);
  return {
    leader: LEADER,
    coordinator: answers(LEADER) ? leader : undefined,
    participants: new Map(statuses),
  };
}

function restIn(situation: Situation) {
  const topology = new Topology(() => NODES);
  for (const node of NODES) topology.setUp(node, !situation.dead?.includes(node));
  for (const [a, b] of situation.cut ?? []) topology.setLink(a, b, false);
  return restOf(reportsOf(situation), LEADER, topology);
}

/** With a replicated coordinator; `leads` is who does, if anybody does. */
function replicatedRestIn({ leads, ...situation }: Situation & { readonly leads?: string }) {
  const topology = new Topology(() => NODES);
  for (const node of NODES) topology.setUp(node, !situation.dead?.includes(node));
  for (const [a, b] of situation.cut ?? []) topology.setLink(a, b, false);
  const { coordinator, participants } = reportsOf({
    ...situation,
    dead: situation.dead?.filter((node) => node !== '0') ?? [],
  });
  const reports = { leader: leads, coordinator: leads === undefined ? undefined : coordinator, participants };
  return replicatedRestOf(reports, LEADER, topology);
}

const READY = (...nodes: readonly string[]) =>
  Object.fromEntries(nodes.map((node) => [node, { undecided: [undecided('ready', node)] }]));

describe('whether more can happen in two-phase commit', () => {
  const situations: readonly (readonly [rest: string, what: string, situation: Situation])[] = [
    ['clear', 'nothing is pending', {}],
    ['clear', 'some are dead, and nothing is pending', { dead: [LEADER, '2'] }],
    ['busy', 'the leader is silent', { silent: [LEADER] }],
    ['busy', 'a follower is silent', { silent: ['2'] }],
    ['busy', 'votes are gathered', { coordinator: { open: [open('voting', '1')] } }],
    [
      'busy',
      'votes of a dead follower are waited for',
      { dead: ['1'], coordinator: { open: [open('voting', '1')] } },
    ],
    [
      'busy',
      'an acknowledgement is on its way',
      { coordinator: { open: [open('committing', '1', '2')] }, dead: ['2'] },
    ],
    [
      'stuck',
      'a dead follower has not acknowledged',
      { coordinator: { open: [open('aborting', '2')] }, dead: ['2'] },
    ],
    [
      'stuck',
      'one that is cut off has not',
      { coordinator: { open: [open('committing', '2')] }, cut: [[LEADER, '2']] },
    ],
    [
      'busy',
      'a group that waits for nobody any more has yet to end, and who has forgotten it to be taken in',
      {
        coordinator: { followers: ['1', '2'], open: [open('committing')] },
        participants: { 3: { isMember: false } },
      },
    ],
    ['busy', 'a transaction waits at the leader', { coordinator: { pending: 1 } }],
    ['busy', 'records are to be removed at the leader', { coordinator: { isTidy: false } }],
    ['busy', 'records are to be removed at a follower', { participants: { 1: { isTidy: false } } }],
    ['busy', 'the store is behind', { participants: { 1: { isDurable: false } } }],
    ['busy', 'a follower has not heard what has ended', { participants: { 1: { mark: 8, records: 1 } } }],
    ['clear', 'one that remembers nothing has not', { participants: { 1: { mark: 8 } } }],
    [
      'clear',
      'one that is cut off has not',
      { participants: { 1: { mark: 8, records: 1 } }, cut: [[LEADER, '1']] },
    ],
    [
      'clear',
      'nobody can tell it, for the leader is dead',
      { participants: { 1: { mark: 8, records: 1 } }, dead: [LEADER] },
    ],
    ['busy', 'a follower has forgotten its votes', { participants: { 2: { isMember: false } } }],
    ['busy', 'a newcomer learns', { coordinator: { followers: ['1', '2'] } }],
    ['clear', 'a newcomer is dead', { coordinator: { followers: ['1', '2'] }, dead: ['3'] }],
    [
      'stuck',
      'a newcomer waits for what waits for a dead follower',
      { coordinator: { followers: ['1', '2'], open: [open('aborting', '2')] }, dead: ['2'] },
    ],
    [
      'stuck',
      'all followers have forgotten',
      { participants: { 1: { isMember: false }, 2: { isMember: false }, 3: { isMember: false } } },
    ],
    ['stuck', 'a newcomer is cut off', { coordinator: { followers: ['1', '2'] }, cut: [[LEADER, '3']] }],
    ['busy', 'an uncertain follower hears the leader', { participants: READY('1') }],
    [
      'stuck',
      'all are uncertain, and the leader is dead',
      { participants: READY(...FOLLOWERS), dead: [LEADER] },
    ],
    ['busy', 'one of the others is not uncertain', { participants: READY('1', '2'), dead: [LEADER] }],
    [
      'busy',
      'one of the others has not voted',
      {
        participants: { ...READY('1', '2'), 3: { undecided: [undecided('init', '3')] } },
        dead: [LEADER],
      },
    ],
    ['stuck', 'the one who may know is dead, too', { participants: READY('1', '2'), dead: [LEADER, '3'] }],
    [
      'stuck',
      'the one who may know is cut off from both',
      {
        participants: READY('1', '2'),
        dead: [LEADER],
        cut: [
          ['1', '3'],
          ['2', '3'],
        ],
      },
    ],
    [
      'busy',
      'the one who may know is cut off from one of two',
      { participants: READY('1', '2'), dead: [LEADER], cut: [['1', '3']] },
    ],
    [
      'stuck',
      'one that has not voted waits for the keys of one that is stuck',
      {
        participants: {
          ...READY('2', '3'),
          1: {
            undecided: [undecided('ready', '1'), { ...undecided('init', '1'), group: GROUP + 1 }],
          },
        },
        dead: [LEADER],
      },
    ],
    [
      'busy',
      'one that has not voted waits for nobody',
      { participants: { 1: { undecided: [undecided('init', '1')] } }, dead: [LEADER] },
    ],
  ];
  for (const [rest, what, situation] of situations) {
    it(`is ${rest} when ${what}`, () => {
      expect(restIn(situation)).to.equal(rest);
    });
  }

  it('is certain that nothing is pending when it was seen twice in a row', () => {
    const watch = new RestWatch();
    const clear = reportsOf({});
    expect(watch.look('clear', clear)).to.equal(false);
    expect(watch.look('busy', clear)).to.equal(false);
    expect(watch.look('clear', clear)).to.equal(false);
    expect(watch.look('clear', clear)).to.equal(true);
  });

  it('is certain that nothing moves when every uncertain follower has asked once more', () => {
    const watch = new RestWatch();
    const stuck = (first: number, second: number) =>
      reportsOf({
        dead: [LEADER, '3'],
        participants: {
          1: { undecided: [undecided('ready', '1', first)] },
          2: { undecided: [undecided('ready', '2', second), { ...undecided('init', '2'), group: 9 }] },
        },
      });
    expect(watch.look('stuck', stuck(4, 2))).to.equal(false);
    expect(watch.look('stuck', stuck(5, 2))).to.equal(false);
    expect(watch.look('stuck', stuck(5, 3))).to.equal(true);
    expect(watch.look('busy', stuck(5, 3))).to.equal(false);
    expect(watch.look('stuck', stuck(5, 3)), 'since something has moved').to.equal(false);
  });

  it('is certain at once where only dead nodes are waited for', () => {
    expect(new RestWatch().look('stuck', reportsOf({ dead: ['1'] }))).to.equal(true);
  });
});

describe('whether more can happen in Paxos Commit', () => {
  const situations: readonly (readonly [
    rest: string,
    what: string,
    situation: Situation & { readonly leads?: string },
  ])[] = [
    ['clear', 'nothing is pending', { leads: '1' }],
    ['busy', 'nobody leads, and a majority lives', { dead: ['0'] }],
    [
      'busy',
      'nobody leads, some are in doubt, and a majority lives',
      { dead: ['0'], participants: READY('1', '2', '3') },
    ],
    ['clear', 'nobody can lead, and nobody is in doubt', { dead: ['0', '1'] }],
    ['stuck', 'nobody can lead, and some are in doubt', { dead: ['0', '1'], participants: READY('2', '3') }],
    ['busy', 'the leader is about to tell who is in doubt', { leads: '1', participants: READY('2') }],
    ['busy', 'the leader is about to tell itself', { leads: '1', participants: READY('1') }],
    [
      'stuck',
      'who is in doubt is cut off from the leader',
      { leads: '1', cut: [['1', '2']], participants: READY('2') },
    ],
    [
      'busy',
      'who leads has lost its majority, and others have one',
      {
        leads: '0',
        cut: [
          ['0', '1'],
          ['0', '2'],
          ['0', '3'],
        ],
      },
    ],
    ['busy', 'votes are gathered', { leads: '1', coordinator: { open: [open('voting', '2')] } }],
    [
      'stuck',
      'a dead follower has not acknowledged',
      { leads: '1', dead: ['2'], coordinator: { open: [open('committing', '2')] } },
    ],
    [
      'busy',
      'a follower has yet to hear what has ended',
      { leads: '1', participants: { '2': { mark: 8, records: 1 } } },
    ],
    [
      'clear',
      'one that remembers nothing has not heard it, and need not',
      { leads: '1', participants: { '2': { mark: 8 } } },
    ],
  ];
  for (const [rest, what, situation] of situations)
    it(`${rest}: ${what}`, () => {
      expect(replicatedRestIn(situation)).to.equal(rest);
    });
});
