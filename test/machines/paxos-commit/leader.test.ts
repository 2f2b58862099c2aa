import { expect } from 'chai';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { leaderAmong } from '../../../machines/paxos-commit/leader.ts';
import type { GroupLeaderMessage } from '../../../machines/paxos-commit/messages.ts';
import { PAXOS_COMMIT_DEFAULTS } from '../../../machines/paxos-commit/settings.ts';
import { SlottedGroups } from '../../../machines/paxos-commit/slotted-groups.ts';
import { GroupJournal } from '../../../machines/two-phase-commit/journal.ts';
import type { LedGroup } from '../../../machines/two-phase-commit/open-groups.ts';
import type { Decision } from '../../../machines/two-phase-commit/presumption.ts';
import { SessionTable } from '../../../machines/two-phase-commit/sessions.ts';
import { noVotes } from '../../../machines/two-phase-commit/votes.ts';
import { persisted, RoleDriver, sent } from '../role-driver.ts';
import { letters, puts } from '../two-phase-commit/values.ts';

const NODES = ['0', '1', '2'];
const GROUP = 7;
const BALLOT = { round: 3, leader: '0' };
const FIRST_SLOT = 11;

/** The leader of a group of two transactions in slots 11 and 12, among three acceptors. */
function start(decision?: Decision) {
  const session = new SessionTable(1, 10).open('clients/c');
  const group: LedGroup = {
    id: GROUP,
    count: 2,
    participants: ['1', '2'],
    transactions: puts('a', 'b'),
    members: [1, 2].map((number) => ({
      session,
      number,
      bytes: new Uint8Array(0),
      shared: [],
      exclusive: [`key ${number}`],
      missing: 0,
    })),
    votes: noVotes(),
    decision,
    acknowledged: new Set(),
    learner: undefined,
  };
  const groups = new SlottedGroups(BALLOT);
  groups.beginBallot(BALLOT, FIRST_SLOT, GROUP);
  groups.add(group);
  const journal = new GroupJournal(new MemoryJournal(), '0');
  const input = { node: '0', settings: PAXOS_COMMIT_DEFAULTS, journal, groups, group };
  const role = new RoleDriver(leaderAmong(NODES), '0/leader/7', input);
  return {
    role,
    vote: (follower: string, refused: (readonly [number, 'vote'])[] = []) =>
      role.receive<GroupLeaderMessage>({ type: 'VOTE-YES', group: GROUP, refused }, `${follower}/follower/7`),
    accept: (acceptor: string, slot: number, round = BALLOT.round) =>
      role.receive<GroupLeaderMessage>(
        { type: 'p2b', ballot: { ...BALLOT, round }, slot },
        `${acceptor}/acceptor`,
      ),
    hear: (message: GroupLeaderMessage, from: `${string}/${string}`) => role.receive(message, from),
  };
}

type Stage = ReturnType<typeof start>;

/** All votes but one are accepted by two acceptors, and that one by one. */
function allButOne({ vote, accept }: Stage, refused: (readonly [number, 'vote'])[] = []): void {
  vote('1', refused);
  vote('2');
  for (const acceptor of ['0', '1']) accept(acceptor, FIRST_SLOT);
  accept('2', FIRST_SLOT + 1);
}

function outcomes(effects: ReturnType<Stage['vote']>): unknown {
  return sent(effects, 'outcomes').flatMap(
    ([, message]) => (message as unknown as { outcomes: unknown[] }).outcomes,
  );
}

describe('the leader of a group in Paxos Commit', () => {
  it('hands out its ballot with the request for votes, and records nothing', () => {
    const { role } = start();
    expect(letters(role.started)).to.deep.equal(['VOTE-REQ 1/participant', 'VOTE-REQ 2/participant']);
    const [[, message] = []] = sent(role.started);
    expect((message as unknown as { ballot: object }).ballot).to.include({
      ballot: BALLOT,
      firstSlot: FIRST_SLOT,
    });
    expect(persisted(role.started)).to.deep.equal([]);
  });

  it('commits once a majority has accepted each vote: its client first, then the followers', () => {
    const stage = start();
    allButOne(stage);
    expect(stage.role.is('voting')).to.equal(true);
    const effects = stage.accept('1', FIRST_SLOT + 1);
    expect(letters(effects)).to.deep.equal([
      'outcomes clients/c',
      'decided 0/coordinator',
      'COMMIT 1/participant',
      'COMMIT 2/participant',
    ]);
    expect(persisted(effects)).to.deep.equal([]);
    expect(outcomes(effects)).to.deep.equal([
      [1, 'committed', GROUP],
      [2, 'committed', GROUP + 1],
    ]);
  });

  it('counts each acceptor once for each vote', () => {
    const stage = start();
    allButOne(stage);
    stage.accept('2', FIRST_SLOT + 1);
    expect(stage.role.is('voting')).to.equal(true);
  });

  it('counts no acceptance in another ballot, nor of a slot that is not its own', () => {
    const stage = start();
    allButOne(stage);
    stage.accept('0', FIRST_SLOT + 1, BALLOT.round - 1);
    stage.accept('0', FIRST_SLOT + 2);
    stage.accept('0', FIRST_SLOT - 1);
    expect(stage.role.is('voting')).to.equal(true);
  });

  it('waits to hear what a vote says that is chosen', () => {
    const stage = start();
    stage.vote('2');
    for (const slot of [FIRST_SLOT, FIRST_SLOT + 1]) for (const node of NODES) stage.accept(node, slot);
    expect(stage.role.is('voting')).to.equal(true);
    stage.vote('1');
    expect(stage.role.is('committing')).to.equal(true);
  });

  it('asks again those whose vote is not chosen', () => {
    const stage = start();
    allButOne(stage);
    expect(letters(stage.role.pass(PAXOS_COMMIT_DEFAULTS.retryMs))).to.deep.equal(['VOTE-REQ 2/participant']);
  });

  it('commits the rest where a part is refused', () => {
    const stage = start();
    allButOne(stage, [[1, 'vote']]);
    expect(outcomes(stage.accept('1', FIRST_SLOT + 1))).to.deep.equal([
      [1, 'committed', GROUP],
      [2, 'aborted', 'vote'],
    ]);
  });

  it('aborts where all is refused, tells it once, and ends', () => {
    const stage = start();
    allButOne(stage, [
      [0, 'vote'],
      [1, 'vote'],
    ]);
    const effects = stage.accept('1', FIRST_SLOT + 1);
    expect(letters(effects).slice(2)).to.deep.equal(['ABORT 1/participant', 'ABORT 2/participant']);
    expect(stage.role.output).to.equal(GROUP);
  });

  it('decides nothing when a vote does not come: it says so, and goes on waiting', () => {
    const { role } = start();
    const effects = role.pass(PAXOS_COMMIT_DEFAULTS.voteTimeoutMs);
    expect(letters(effects)).to.include('overdue 0/coordinator');
    expect(role.is('voting')).to.equal(true);
  });

  it('takes over what was settled in a higher ballot', () => {
    const { role, hear } = start();
    const effects = hear({ type: 'settled', decision: { commits: false, refused: [] } }, '0/coordinator');
    expect(outcomes(effects)).to.deep.equal([
      [1, 'aborted', 'timeout'],
      [2, 'aborted', 'timeout'],
    ]);
    expect(role.output).to.equal(GROUP);
  });

  it('tells of a higher ballot', () => {
    const { accept } = start();
    expect(letters(accept('1', FIRST_SLOT, BALLOT.round + 1))).to.deep.equal(['outranked 0/coordinator']);
  });

  it('tells a commit until all have acknowledged it', () => {
    const { role, hear } = start({ commits: true, refused: [] });
    expect(letters(role.started)).to.include('COMMIT 2/participant');
    hear({ type: 'ACK', group: GROUP }, '1/follower/7');
    expect(letters(role.pass(PAXOS_COMMIT_DEFAULTS.retryMs))).to.deep.equal(['COMMIT 2/participant']);
    hear({ type: 'ACK', group: GROUP }, '0/follower/7');
    expect(role.output).to.equal(undefined);
    hear({ type: 'ACK', group: GROUP }, '2/follower/7');
    expect(role.output).to.equal(GROUP);
  });

  it('answers who asks: that it is open, or how it was decided', () => {
    const stage = start();
    const ask = () => letters(stage.hear({ type: 'asked', asker: '2/follower/7' }, '0/coordinator'));
    expect(ask()).to.deep.equal(['UNCERTAIN 2/follower/7']);
    allButOne(stage);
    stage.accept('1', FIRST_SLOT + 1);
    expect(ask()).to.deep.equal(['COMMIT 2/follower/7']);
    expect(letters(stage.vote('1'))).to.deep.equal(['COMMIT 1/participant']);
  });
});
