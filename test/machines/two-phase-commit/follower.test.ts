import { expect } from 'chai';
import type { Message } from '../../../actors/envelope.ts';
import { follower } from '../../../machines/two-phase-commit/follower.ts';
import type {
  FollowedGroup,
  FollowerOutcome,
  Ground,
} from '../../../machines/two-phase-commit/follower-context.ts';
import { packGroup, unpackGroup } from '../../../machines/two-phase-commit/group.ts';
import { keysOfAll } from '../../../machines/two-phase-commit/key-holders.ts';
import type { FollowerMessage } from '../../../machines/two-phase-commit/messages.ts';
import {
  PRESUMPTIONS,
  type Presume,
  type TwoPhaseCommitSettings,
} from '../../../machines/two-phase-commit/settings.ts';
import { RoleDriver, sent } from '../role-driver.ts';
import { encoded, groundWith, letters, puts, records } from './values.ts';

const GROUP = 7;
const PARTICIPANT = '1/participant';
const LEADER = '0/leader/7';

interface Stage {
  readonly role: RoleDriver;
  readonly ground: Ground;
  readonly group: FollowedGroup;
}

function start(
  settings: Partial<TwoPhaseCommitSettings> = {},
  {
    transactions = puts('a', 'b'),
    prepare = () => {},
    vote,
  }: {
    readonly transactions?: Uint8Array;
    readonly prepare?: (ground: Ground) => void;
    readonly vote?: FollowedGroup['vote'];
  } = {},
): Stage {
  const ground = groundWith(settings);
  prepare(ground);
  const contents = unpackGroup(transactions);
  const group: FollowedGroup = {
    id: GROUP,
    count: contents.length,
    participants: ['1', '2', '3'],
    transactions,
    contents,
    holder: { ...keysOfAll(contents), missing: 0, address: '1/follower/7', ticket: 1 },
    vote,
    rounds: 0,
  };
  return { role: new RoleDriver(follower, '1/follower/7', { ground, group }), ground, group };
}

/** A group that has the keys before. */
function holdKeys(ground: Ground, ...keys: readonly string[]) {
  const holder = { shared: [], exclusive: keys, missing: 0, address: '1/follower/5', ticket: 9 } as const;
  ground.locks.request(holder);
  return holder;
}

const blocked = (ground: Ground): void => void holdKeys(ground, 'a');

function outcome({ role }: Stage): FollowerOutcome | undefined {
  return role.output as FollowerOutcome | undefined;
}

const COMMIT: FollowerMessage = { type: 'COMMIT', group: GROUP, refused: [], mark: 1 };
const ABORT: FollowerMessage = { type: 'ABORT', group: GROUP, mark: 1 };
const END: FollowerMessage = { type: 'END', mark: GROUP + 2 };
const ASKED: FollowerMessage = { type: 'asked', asker: '2/follower/7' };
const VOTE_REQ: FollowerMessage = {
  type: 'VOTE-REQ',
  group: GROUP,
  participants: ['1', '2', '3'],
  transactions: puts('a', 'b'),
  mark: 1,
};
const UNCERTAIN: FollowerMessage = { type: 'UNCERTAIN', group: GROUP };

interface Expected {
  readonly state: string;
  readonly letters?: readonly string[];
  /** What is forced to the disk. */
  readonly records?: readonly string[];
}

const ACK = `ACK ${LEADER}`;
const ACKNOWLEDGES = {
  COMMIT: { nothing: true, abort: true, commit: false },
  ABORT: { nothing: true, abort: false, commit: true },
};

function inInit(presume: Presume): Record<string, Expected> {
  const acks = ACKNOWLEDGES.ABORT[presume];
  return {
    'VOTE-REQ': { state: 'init' },
    // Nobody commits without this vote.
    COMMIT: { state: 'init' },
    ABORT: { state: 'aborted', letters: acks ? [ACK] : [], records: acks ? ['ABORT'] : [] },
    END: { state: 'forgotten' },
    UNCERTAIN: { state: 'init' },
    asked: {
      state: 'aborted',
      letters: ['ABORT 2/follower/7', `VOTE-NO ${LEADER}`],
      records: ['ABORT'],
    },
  };
}

function inReady(presume: Presume): Record<string, Expected> {
  const commits = ACKNOWLEDGES.COMMIT[presume];
  const aborts = ACKNOWLEDGES.ABORT[presume];
  const ended = { nothing: 'forgotten', abort: 'aborted', commit: 'committed' }[presume];
  return {
    'VOTE-REQ': { state: 'ready', letters: [`VOTE-YES ${LEADER}`] },
    COMMIT: { state: 'committed', letters: commits ? [ACK] : [], records: commits ? ['COMMIT'] : [] },
    ABORT: { state: 'aborted', letters: aborts ? [ACK] : [], records: aborts ? ['-', 'ABORT'] : [] },
    END: { state: ended },
    UNCERTAIN: { state: 'ready' },
    asked: { state: 'ready', letters: ['UNCERTAIN 2/follower/7'] },
  };
}

const MESSAGES = [VOTE_REQ, COMMIT, ABORT, END, UNCERTAIN, ASKED];

function check(
  { role, ground }: Stage,
  message: Message,
  { state, letters: said = [], records: forced = [] }: Expected,
) {
  const effects = role.receive(message, PARTICIPANT);
  const now = typeof role.state === 'string' ? role.state : Object.keys(role.state)[0];
  expect(now).to.equal(state);
  expect(letters(effects)).to.deep.equal(said);
  expect(records(effects)).to.deep.equal(forced);
  const isOver = ['committed', 'aborted', 'forgotten'].includes(state);
  expect(ground.locks.areReadable(['b']), 'keys').to.equal(isOver);
}

for (const presume of PRESUMPTIONS) {
  describe(`a follower, presume ${presume}`, () => {
    for (const message of MESSAGES) {
      it(`that waits for keys hears ${message.type}`, () => {
        check(start({ presume }, { prepare: blocked }), message, inInit(presume)[message.type]!);
      });

      it(`that holds its vote back hears ${message.type}`, () => {
        const prepare = (ground: Ground) => {
          ground.orders.delayMs = 40;
        };
        check(start({ presume }, { prepare }), message, inInit(presume)[message.type]!);
      });

      it(`that is ready hears ${message.type}`, () => {
        check(start({ presume }), message, inReady(presume)[message.type]!);
      });

      it(`that asks for the decision hears ${message.type}`, () => {
        const stage = start({ presume });
        stage.role.pass(stage.ground.settings.decisionTimeoutMs);
        expect(stage.role.is('ready.inquiring')).to.equal(true);
        check(stage, message, inReady(presume)[message.type]!);
      });

      it(`that is back from a crash hears ${message.type}`, () => {
        const expected = inReady(presume)[message.type]!;
        const stage = start({ presume }, { vote: [] });
        expect(stage.role.is('ready.inquiring')).to.equal(true);
        // The journal of this stage does not have the vote of the former life.
        check(stage, message, {
          ...expected,
          records: (expected.records ?? []).filter((kind) => kind !== '-'),
        });
      });
    }
  });
}

describe('a follower', () => {
  it('votes as soon as it has its keys, once the vote is on its way to the disk', () => {
    const { role, ground } = start();
    expect(role.is('ready')).to.equal(true);
    expect(records(role.started)).to.deep.equal(['READY']);
    expect(letters(role.started)).to.deep.equal([`VOTE-YES ${LEADER}`]);
    expect(ground.journal.size).to.equal(1);
  });

  it('waits for keys that an earlier group has', () => {
    const stage = start({}, { prepare: blocked });
    expect(letters(stage.role.started)).to.deep.equal([]);
    const effects = stage.role.receive({ type: 'granted', ticket: 1 }, '1/follower/5');
    expect(letters(effects)).to.deep.equal([`VOTE-YES ${LEADER}`]);
    expect(stage.role.is('ready')).to.equal(true);
  });

  it('tells those who wait for its keys that they have them', () => {
    const stage = start();
    holdKeys(stage.ground, 'a');
    const effects = stage.role.receive(COMMIT, PARTICIPANT);
    expect(letters(effects)).to.include('granted 1/follower/5');
  });

  it('refuses what does not agree with what it has, and votes for the rest', () => {
    const transactions = packGroup([
      encoded({ conditions: [['a', 'other']], writes: [['a', '1']] }),
      encoded({ reads: [['b', 3]], writes: [['b', '1']] }),
      encoded({ conditions: [['c', null]], reads: [['d', 0]], writes: [['c', '1']] }),
    ]);
    const stage = start({}, { transactions });
    const refused = [
      [0, 'condition'],
      [1, 'conflict'],
    ];
    expect(sent(stage.role.started, 'VOTE-YES').map(([, message]) => message)).to.deep.equal([
      { type: 'VOTE-YES', group: GROUP, refused },
    ]);
    stage.role.receive({ ...COMMIT, refused: [0, 1] }, PARTICIPANT);
    expect(outcome(stage)).to.deep.include({
      decision: { commits: true, refused: [0, 1] },
      hasWritten: true,
    });
    expect([...stage.ground.store.entries()]).to.deep.equal([['c', [GROUP + 2, '1']]]);
  });

  for (const presume of PRESUMPTIONS) {
    it(`votes no on what it refuses as a whole, and has aborted by that (presume ${presume})`, () => {
      const transactions = packGroup([encoded({ conditions: [['a', 'x']], writes: [['a', '1']] })]);
      const stage = start({ presume }, { transactions });
      expect(letters(stage.role.started)).to.deep.equal([`VOTE-NO ${LEADER}`]);
      expect(records(stage.role.started)).to.deep.equal(presume === 'abort' ? [] : ['ABORT']);
      expect(outcome(stage)).to.deep.include({ decision: { commits: false, refused: [] } });
      expect(stage.ground.locks.size).to.equal(0);
    });
  }

  it('waits on when the leader does not know yet, and asks the others only when it is silent', () => {
    const { role, ground } = start();
    const { decisionTimeoutMs } = ground.settings;
    const uncertain = { type: 'UNCERTAIN', group: GROUP } as const;
    for (let round = 0; round < 3; round++) {
      expect(letters(role.pass(decisionTimeoutMs))).to.deep.equal(['DECISION-REQ 0/coordinator']);
      role.receive(uncertain, LEADER);
      expect(role.is('ready.expecting')).to.equal(true);
    }
    role.pass(decisionTimeoutMs);
    const all = ['DECISION-REQ 0/coordinator', 'DECISION-REQ 2/participant', 'DECISION-REQ 3/participant'];
    expect(letters(role.pass(decisionTimeoutMs))).to.deep.equal(all);
    role.receive(uncertain, '2/follower/7');
    expect(role.is('ready.inquiring')).to.equal(true);
    role.receive(uncertain, LEADER);
    expect(letters(role.pass(decisionTimeoutMs)), 'it is back').to.deep.equal(['DECISION-REQ 0/coordinator']);
  });

  it('votes no when it is told to, once', () => {
    const stage = start(
      {},
      {
        prepare: ({ orders }) => {
          orders.votesNo = true;
        },
      },
    );
    expect(sent(stage.role.started, 'VOTE-NO').map(([, message]) => message)).to.deep.equal([
      {
        type: 'VOTE-NO',
        group: GROUP,
        refused: [
          [0, 'vote'],
          [1, 'vote'],
        ],
      },
    ]);
    expect(stage.ground.orders.votesNo).to.equal(false);
  });

  it('votes late when it is told to', () => {
    const stage = start(
      {},
      {
        prepare: ({ orders }) => {
          orders.delayMs = 40;
        },
      },
    );
    expect(stage.ground.orders.delayMs).to.equal(undefined);
    expect(letters(stage.role.pass(39))).to.deep.equal([]);
    expect(letters(stage.role.pass(1))).to.deep.equal([`VOTE-YES ${LEADER}`]);
  });

  it('asks the leader first, then everybody, at ever longer intervals', () => {
    const { role, ground, group } = start();
    const { decisionTimeoutMs, retryMs } = ground.settings;
    expect(letters(role.pass(decisionTimeoutMs))).to.deep.equal(['DECISION-REQ 0/coordinator']);
    const everybody = [
      'DECISION-REQ 0/coordinator',
      'DECISION-REQ 2/participant',
      'DECISION-REQ 3/participant',
    ];
    expect(letters(role.pass(decisionTimeoutMs))).to.deep.equal(everybody);
    expect(letters(role.pass(retryMs))).to.deep.equal(everybody);
    expect(letters(role.pass(retryMs))).to.deep.equal([]);
    expect(letters(role.pass(retryMs))).to.deep.equal(everybody);
    expect(group.rounds).to.equal(4);
  });

  it('troubles nobody else while the leader is there and undecided', () => {
    const { role, ground, group } = start();
    const { decisionTimeoutMs } = ground.settings;
    for (const _ of [1, 2]) {
      expect(letters(role.pass(decisionTimeoutMs))).to.deep.equal(['DECISION-REQ 0/coordinator']);
      role.receive(UNCERTAIN, LEADER);
      expect(role.is('ready.expecting')).to.equal(true);
    }
    expect(group.rounds).to.equal(0);
  });

  it('writes a presumed commit behind, and what is decided of a part of a group at once', () => {
    const whole = start({ presume: 'commit' });
    whole.role.receive(COMMIT, PARTICIPANT);
    expect(whole.ground.journal.hasLazy).to.equal(true);
    const part = start({ presume: 'commit' });
    const effects = part.role.receive({ ...COMMIT, refused: [1] }, PARTICIPANT);
    expect(records(effects)).to.deep.equal(['COMMIT']);
    expect(letters(effects)).to.deep.equal([ACK]);
  });

  it('writes to the store what is committed, and nothing before', () => {
    const stage = start();
    expect([...stage.ground.store.entries()]).to.deep.equal([]);
    stage.role.receive(COMMIT, PARTICIPANT);
    expect([...stage.ground.store.entries()]).to.deep.equal([
      ['a', [GROUP, 'new a']],
      ['b', [GROUP + 1, 'new b']],
    ]);
  });

  it('leaves the store as it is when it aborts: there is nothing to undo', () => {
    const stage = start();
    stage.role.receive(ABORT, PARTICIPANT);
    expect([...stage.ground.store.entries()]).to.deep.equal([]);
    expect(outcome(stage)).to.deep.include({ hasWritten: false });
  });
});
