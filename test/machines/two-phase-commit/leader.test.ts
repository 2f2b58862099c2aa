import { expect } from 'chai';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { GroupJournal } from '../../../machines/two-phase-commit/journal.ts';
import { type LeaderInput, leader } from '../../../machines/two-phase-commit/leader.ts';
import type { LeaderMessage } from '../../../machines/two-phase-commit/messages.ts';
import { type Learner, type LedGroup, OpenGroups } from '../../../machines/two-phase-commit/open-groups.ts';
import type { RequestedTransaction } from '../../../machines/two-phase-commit/requests.ts';
import { SessionTable } from '../../../machines/two-phase-commit/sessions.ts';
import { PRESUMPTIONS, type Presume } from '../../../machines/two-phase-commit/settings.ts';
import { noVotes } from '../../../machines/two-phase-commit/votes.ts';
import { RoleDriver, sent } from '../role-driver.ts';
import { letters, puts, records, settingsWith } from './values.ts';

const GROUP = 7;
const CLIENT = 'clients/c';

interface Stage {
  readonly role: RoleDriver;
  readonly group: LedGroup;
}

function start(presume: Presume, recovered?: LeaderInput['recovered'], learner?: Learner): Stage {
  const session = new SessionTable(1, 10).open(CLIENT);
  const member = (number: number): RequestedTransaction => ({
    session,
    number,
    bytes: new Uint8Array(0),
    shared: [],
    exclusive: [`key ${number}`],
    missing: 0,
  });
  const group: LedGroup = {
    id: GROUP,
    count: 2,
    participants: ['1', '2'],
    transactions: puts('a', 'b'),
    members: recovered === undefined ? [member(1), member(2)] : [],
    votes: noVotes(),
    decision: recovered?.decision,
    acknowledged: new Set(),
    learner,
  };
  const groups = new OpenGroups(GROUP);
  groups.add(group);
  const input: LeaderInput = {
    node: '0',
    settings: settingsWith({ presume }),
    journal: new GroupJournal(new MemoryJournal(), '0'),
    groups,
    group,
    ...(recovered === undefined ? {} : { recovered }),
  };
  return { role: new RoleDriver(leader, '0/leader/7', input), group };
}

const YES: LeaderMessage = { type: 'VOTE-YES', group: GROUP, refused: [] };
const PART: LeaderMessage = { type: 'VOTE-YES', group: GROUP, refused: [[1, 'condition']] };
const OTHER_PART: LeaderMessage = { type: 'VOTE-YES', group: GROUP, refused: [[0, 'conflict']] };
const NO: LeaderMessage = {
  type: 'VOTE-NO',
  group: GROUP,
  refused: [
    [0, 'vote'],
    [1, 'vote'],
  ],
};
const ACK: LeaderMessage = { type: 'ACK', group: GROUP };
const ASKED: LeaderMessage = { type: 'asked', asker: '2/follower/7' };

function hear({ role }: Stage, follower: string, message: LeaderMessage) {
  return role.receive(message, `${follower}/follower/7`);
}

function stateOf({ role }: Stage): string {
  return typeof role.state === 'string' ? role.state : Object.keys(role.state)[0]!;
}

const OUTCOMES = `outcomes ${CLIENT}`;
const COMMIT = ['COMMIT 1/participant', 'COMMIT 2/participant'];
const ABORT = ['ABORT 1/participant', 'ABORT 2/participant'];

/** How a group gets to each state. */
const TO: Readonly<Record<string, (presume: Presume) => Stage>> = {
  voting: (presume) => start(presume),
  committing: (presume) => {
    const stage = start(presume);
    hear(stage, '1', YES);
    // Of a part, so that it is acknowledged whatever is presumed.
    hear(stage, '2', PART);
    return stage;
  },
  aborting: (presume) => {
    const stage = start(presume);
    stage.role.pass(settingsWith().voteTimeoutMs);
    return stage;
  },
};

interface Expected {
  readonly state: string;
  readonly letters?: readonly string[];
  readonly records?: readonly string[];
}

/** What a message of follower 1 does. */
function expectedOf(presume: Presume): Record<string, Record<string, Expected>> {
  const abort = { nothing: ['ABORT'], abort: [], commit: [] }[presume];
  return {
    voting: {
      'VOTE-YES': { state: 'voting' },
      'VOTE-NO': {
        state: presume === 'abort' ? 'ended' : 'aborting',
        // Who has voted no need not be told.
        letters: [OUTCOMES, 'decided 0/coordinator', 'ABORT 2/participant'],
        records: abort,
      },
      ACK: { state: 'voting' },
      asked: { state: 'voting', letters: ['UNCERTAIN 2/follower/7'] },
    },
    committing: {
      'VOTE-YES': { state: 'committing', letters: ['COMMIT 1/participant'] },
      'VOTE-NO': { state: 'committing' },
      ACK: { state: 'committing' },
      asked: { state: 'committing', letters: ['COMMIT 2/follower/7'] },
    },
    aborting: {
      'VOTE-YES': { state: 'aborting', letters: ['ABORT 1/participant'] },
      'VOTE-NO': { state: 'aborting' },
      ACK: { state: 'aborting' },
      asked: { state: 'aborting', letters: ['ABORT 2/follower/7'] },
    },
  };
}

for (const presume of PRESUMPTIONS) {
  describe(`a leader, presume ${presume}`, () => {
    for (const [state, expected] of Object.entries(expectedOf(presume))) {
      // A presumed abort is over as soon as it is told.
      if (presume === 'abort' && state === 'aborting') continue;
      for (const message of [YES, NO, ACK, ASKED]) {
        it(`that is ${state} hears ${message.type}`, () => {
          const stage = TO[state]!(presume);
          expect(stateOf(stage)).to.equal(state);
          const effects = hear(stage, '1', message);
          const { state: next, letters: said = [], records: forced = [] } = expected[message.type]!;
          expect(stateOf(stage)).to.equal(next);
          expect(letters(effects)).to.deep.equal(said);
          expect(records(effects)).to.deep.equal(forced);
        });

        it(`that is ${state} takes no notice of ${message.type} from nobody who was asked`, () => {
          const stage = TO[state]!(presume);
          hear(stage, '9', message);
          expect(stateOf(stage)).to.equal(state);
          expect(stage.group.acknowledged.has('9') || stage.group.votes.yes.has('9')).to.equal(false);
        });
      }
    }

    it('writes down whom it asks, if at all, before it asks', () => {
      const { role } = start(presume);
      expect(records(role.started)).to.deep.equal(presume === 'abort' ? [] : ['BEGIN']);
      expect(letters(role.started)).to.deep.equal(['VOTE-REQ 1/participant', 'VOTE-REQ 2/participant']);
    });

    it('commits what all vote for: first the record, then the client, then the followers in their order', () => {
      const stage = start(presume);
      expect(hear(stage, '2', YES)).to.deep.equal([]);
      const effects = hear(stage, '1', YES);
      const record = { nothing: ['COMMIT'], abort: ['COMMIT'], commit: ['-'] }[presume];
      expect(records(effects)).to.deep.equal(record);
      expect(effects[0]!.effect).to.equal('persist');
      expect(letters(effects)).to.deep.equal([OUTCOMES, 'decided 0/coordinator', ...COMMIT]);
      expect(effects.every((effect) => effect.effect !== 'send' || effect.when === 'durable')).to.equal(true);
      expect(stateOf(stage)).to.equal(presume === 'commit' ? 'ended' : 'committing');
    });

    it('aborts what not all have voted on in time, and tells everybody', () => {
      const stage = start(presume);
      hear(stage, '1', YES);
      const { voteTimeoutMs, retryMs } = settingsWith();
      expect(letters(stage.role.pass(retryMs))).to.deep.equal(['VOTE-REQ 2/participant']);
      const effects = stage.role.pass(voteTimeoutMs - retryMs).slice(-4);
      expect(letters(effects).slice(-4)).to.deep.equal([OUTCOMES, 'decided 0/coordinator', ...ABORT]);
      expect(sent(effects, 'outcomes')[0]![1]).to.deep.include({
        outcomes: [
          [1, 'aborted', 'timeout'],
          [2, 'aborted', 'timeout'],
        ],
      });
    });

    it('tells a decision again until all have acknowledged it', () => {
      const stage = TO.committing!(presume);
      const { retryMs } = settingsWith();
      expect(letters(stage.role.pass(retryMs))).to.deep.equal(COMMIT);
      hear(stage, '1', ACK);
      expect(letters(stage.role.pass(2 * retryMs))).to.deep.equal(['COMMIT 2/participant']);
      hear(stage, '1', ACK);
      expect(stage.role.output).to.equal(undefined);
      hear(stage, '2', ACK);
      expect(stage.role.output).to.equal(GROUP);
    });

    it('ends what a former life has begun and not decided', () => {
      const { role, group } = start(presume, { decision: undefined });
      expect(records(role.started)).to.deep.equal(presume === 'nothing' ? ['ABORT'] : []);
      expect(letters(role.started)).to.deep.equal(['decided 0/coordinator', ...ABORT]);
      expect(group.decision).to.deep.equal({ commits: false, refused: [] });
    });

    it('tells what a former life has decided, and writes nothing', () => {
      const { role } = start(presume, { decision: { commits: true, refused: [1] } });
      expect(records(role.started)).to.deep.equal([]);
      expect(letters(role.started)).to.deep.equal(['decided 0/coordinator', ...COMMIT]);
    });
  });
}

describe('a leader', () => {
  it('commits of a group what nobody refuses', () => {
    const stage = start('nothing');
    hear(stage, '1', YES);
    const effects = hear(stage, '2', PART);
    expect(sent(effects, 'COMMIT').map(([, message]) => message)[0]).to.deep.include({ refused: [1] });
    expect(sent(effects, 'outcomes')[0]![1]).to.deep.include({
      outcomes: [
        [1, 'committed', GROUP],
        [2, 'aborted', 'condition'],
      ],
    });
  });

  it('aborts a group of which each is refused by somebody', () => {
    const stage = start('nothing');
    hear(stage, '1', OTHER_PART);
    const effects: readonly { effect: string }[] = hear(stage, '2', PART);
    expect(effects).not.to.deep.equal([]);
    expect(stateOf(stage)).to.equal('aborting');
    const [, message] = sent(hear(stage, '2', ASKED))[0]! as [unknown, Message];
    expect(message.type).to.equal('ABORT');
  });

  for (const presume of PRESUMPTIONS) {
    it(`tells who learns what commits, until it acknowledges, or is given up (presume ${presume})`, () => {
      for (const givesUp of [false, true]) {
        const learner: Learner = { node: '3', attempt: 5, isActive: true };
        const stage = start(presume, undefined, learner);
        hear(stage, '1', YES);
        expect(letters(hear(stage, '2', YES)).at(-1)).to.equal('learn 3/newcomer');
        hear(stage, '1', ACK);
        hear(stage, '2', ACK);
        expect(stage.role.output).to.equal(undefined);
        const { retryMs } = settingsWith();
        expect(letters(stage.role.pass(retryMs))).to.deep.equal(['learn 3/newcomer']);
        if (givesUp) {
          learner.isActive = false;
          expect(letters(stage.role.pass(2 * retryMs))).to.deep.equal([]);
        } else {
          stage.role.receive(ACK, '3/newcomer');
        }
        expect(stage.role.output).to.equal(GROUP);
      }
    });
  }

  it('tells who learns nothing of what aborts', () => {
    const stage = start('nothing', undefined, { node: '3', attempt: 5, isActive: true });
    expect(letters(hear(stage, '1', NO))).not.to.include('learn 3/newcomer');
    hear(stage, '2', ACK);
    expect(stage.role.output).to.equal(GROUP);
  });

  it('counts a vote once', () => {
    const stage = start('nothing');
    hear(stage, '1', YES);
    hear(stage, '1', PART);
    expect(stage.group.votes.refused.size).to.equal(0);
    expect(stateOf(stage)).to.equal('voting');
  });
});
