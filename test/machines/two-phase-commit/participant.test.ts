import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryDisk, MemoryJournal } from '../../../actors/memory-journal.ts';
import type {
  FollowerInput,
  FollowerOutcome,
  Ground,
} from '../../../machines/two-phase-commit/follower-context.ts';
import { packGroup } from '../../../machines/two-phase-commit/group.ts';
import { GroupJournal, type JournalRecord, recordOf } from '../../../machines/two-phase-commit/journal.ts';
import type { AbortGroup, CommitGroup, VoteReq } from '../../../machines/two-phase-commit/messages.ts';
import { participant } from '../../../machines/two-phase-commit/participant.ts';
import { PRESUMPTIONS, type TwoPhaseCommitSettings } from '../../../machines/two-phase-commit/settings.ts';
import type { VersionedStore } from '../../../machines/two-phase-commit/store.ts';
import { RoleDriver, sent, spawned } from '../role-driver.ts';
import { encoded, groundWith, letters, puts, records } from './values.ts';

const SELF = '1/participant';
const CLIENT = 'clients/c';
const GROUP = 7;
const LEADER = '0/leader/7';

interface Stage {
  readonly role: RoleDriver;
  readonly ground: Ground;
}

function start(settings: Partial<TwoPhaseCommitSettings> = {}, left: readonly JournalRecord[] = []): Stage {
  const disk = new MemoryJournal({ disk: new MemoryDisk() });
  const writer = new GroupJournal(new MemoryJournal(), '1');
  disk.commit(
    left.flatMap((record) => writer.append(record)),
    () => {},
  );
  const ground = groundWith(settings, disk);
  return { role: new RoleDriver(participant, SELF, { ground }), ground };
}

function voteReq(group = GROUP, mark = 1): VoteReq {
  return { type: 'VOTE-REQ', group, participants: ['1', '2'], transactions: puts('a', 'b'), mark };
}

function commit(group = GROUP, mark = 1): CommitGroup {
  return { type: 'COMMIT', group, refused: [], mark };
}

function abort(group = GROUP, mark = 1): AbortGroup {
  return { type: 'ABORT', group, mark };
}

const DECISION_REQ = { type: 'DECISION-REQ', group: GROUP };

function hear<M extends Message>({ role }: Stage, message: M, from: `${string}/${string}` = LEADER) {
  return role.receive(message, from);
}

/** The group's own actor has ended so. */
function end({ role }: Stage, group: number, decision: FollowerOutcome['decision'], hasWritten = false) {
  const output: FollowerOutcome = { group, decision, vote: [], hasWritten };
  return role.receive({ type: 'done', output } as never, `1/follower/${group}`);
}

function write(store: VersionedStore, id: number, key: string, value: string): void {
  store.applyGroup(id, [{ reads: [], conditions: [], writes: [[key, value]] }], {
    commits: true,
    refused: [],
  });
}

function values(effects: readonly Effect[]): unknown {
  return (sent(effects, 'values')[0]?.[1] as unknown as { values: unknown })?.values;
}

const COMMITTED = { commits: true, refused: [] };
const ABORTED = { commits: false, refused: [] };

describe('a participant', () => {
  it('starts a follower for a group that it is asked about, once', () => {
    const stage = start();
    const [follower] = spawned(hear(stage, voteReq()), 'follower');
    expect(follower!.key).to.equal('7');
    expect((follower!.input as FollowerInput).group).to.deep.include({ id: GROUP, count: 2 });
    const again = hear(stage, voteReq());
    expect(spawned(again, 'follower')).to.deep.equal([]);
    expect(letters(again)).to.deep.equal(['VOTE-REQ 1/follower/7']);
  });

  it('hands decisions on to the follower of the group', () => {
    const stage = start();
    hear(stage, voteReq());
    expect(letters(hear(stage, commit()))).to.deep.equal(['COMMIT 1/follower/7']);
    expect(letters(hear(stage, abort()))).to.deep.equal(['ABORT 1/follower/7']);
    expect(letters(hear(stage, { type: 'END', mark: 1, group: GROUP }))).to.deep.equal(['END 1/follower/7']);
    expect(sent(hear(stage, DECISION_REQ, '2/follower/7'))).to.deep.equal([
      ['1/follower/7', { type: 'asked', asker: '2/follower/7' }],
    ]);
  });

  for (const presume of PRESUMPTIONS) {
    describe(`that presumes ${presume}`, () => {
      const acknowledges = { COMMIT: presume !== 'commit', ABORT: presume !== 'abort' };

      it('acknowledges a decision again', () => {
        for (const [decision, message] of [
          [COMMITTED, commit()],
          [ABORTED, abort()],
        ] as const) {
          const stage = start({ presume });
          hear(stage, voteReq());
          end(stage, GROUP, decision);
          const effects = hear(stage, message);
          expect(letters(effects)).to.deep.equal(acknowledges[message.type] ? [`ACK ${LEADER}`] : []);
          expect(records(effects)).to.deep.equal([]);
        }
      });

      it('acknowledges a decision that it has forgotten, for it had acknowledged it before', () => {
        const stage = start({ presume });
        hear(stage, { type: 'END', mark: GROUP + 2 });
        const effects = hear(stage, abort(GROUP, GROUP + 2));
        expect(letters(effects)).to.deep.equal(acknowledges.ABORT ? [`ACK ${LEADER}`] : []);
        expect(records(effects)).to.deep.equal([]);
      });

      it('writes down an abort of what it never saw, and votes no when it is asked after that', () => {
        const stage = start({ presume });
        const effects = hear(stage, abort());
        expect(records(effects)).to.deep.equal(acknowledges.ABORT ? ['ABORT'] : []);
        expect(letters(effects)).to.deep.equal(acknowledges.ABORT ? [`ACK ${LEADER}`] : []);
        expect(letters(hear(stage, voteReq()))).to.deep.equal([`VOTE-NO ${LEADER}`]);
      });

      it('aborts what it is asked about before it has voted: first the record, whatever is presumed', () => {
        const stage = start({ presume });
        const effects = hear(stage, DECISION_REQ, '2/follower/7');
        expect(records(effects)).to.deep.equal(['ABORT']);
        expect(letters(effects)).to.deep.equal(['ABORT 2/follower/7']);
        expect(letters(hear(stage, voteReq()))).to.deep.equal([`VOTE-NO ${LEADER}`]);
      });

      it('answers what it knows', () => {
        const stage = start({ presume });
        hear(stage, voteReq());
        end(stage, GROUP, COMMITTED);
        hear(stage, voteReq(9));
        end(stage, 9, ABORTED);
        expect(letters(hear(stage, DECISION_REQ, '2/follower/7'))).to.deep.equal(['COMMIT 2/follower/7']);
        const other = { type: 'DECISION-REQ', group: 9 };
        expect(letters(hear(stage, other, '2/follower/9'))).to.deep.equal(['ABORT 2/follower/9']);
      });

      it('answers about what has ended what is presumed', () => {
        const stage = start({ presume });
        hear(stage, { type: 'END', mark: GROUP + 2 });
        const answer = { nothing: 'END', abort: 'ABORT', commit: 'COMMIT' }[presume];
        const effects = hear(stage, DECISION_REQ, '2/follower/7');
        expect(letters(effects)).to.deep.equal([`${answer} 2/follower/7`]);
        expect(records(effects)).to.deep.equal([]);
      });

      it('remembers over a crash what it is ready for and what was decided', () => {
        const group = { id: GROUP, count: 2, participants: ['1', '2'] };
        const stage = start({ presume }, [
          { ...recordOf('READY', { ...group, id: 3 }, [1]), transactions: puts('c', 'd') },
          { ...recordOf('READY', group, [1]), transactions: puts('a', 'b') },
          recordOf('COMMIT', group, [1]),
          recordOf('ABORT', { ...group, id: 9 }),
        ]);
        const [follower, ...none] = spawned(stage.role.started, 'follower');
        expect(none).to.deep.equal([]);
        const { group: followed } = follower!.input as FollowerInput;
        expect([followed.id, followed.vote]).to.deep.equal([3, [[1, 'vote']]]);
        expect([...stage.ground.store.entries()]).to.deep.equal([['a', [GROUP, 'new a']]]);
        expect(letters(hear(stage, { ...commit(), refused: [1] }))).to.deep.equal([`ACK ${LEADER}`]);
        expect(letters(hear(stage, voteReq(9), '0/leader/9'))).to.deep.equal(['VOTE-NO 0/leader/9']);
      });
    });
  }

  it('takes no notice of a vote request for what has ended', () => {
    const stage = start();
    hear(stage, { type: 'END', mark: GROUP + 2 });
    expect(hear(stage, voteReq())).to.deep.equal([]);
  });

  it('does not vote again on what it has committed', () => {
    const stage = start();
    hear(stage, voteReq());
    end(stage, GROUP, COMMITTED);
    expect(hear(stage, voteReq())).to.deep.equal([]);
  });

  it('fails loudly when it is to do the contrary of what it did', () => {
    const stage = start();
    hear(stage, voteReq());
    end(stage, GROUP, COMMITTED);
    expect(() => hear(stage, abort())).to.throw('contrary');
  });

  it('tells followers of groups that have ended that they have', () => {
    const stage = start();
    hear(stage, voteReq(3));
    hear(stage, voteReq(GROUP));
    expect(letters(hear(stage, { type: 'END', mark: 5 }, '0/coordinator'))).to.deep.equal([
      'END 1/follower/3',
    ]);
  });

  it('does what is written down again in the order of the commits', () => {
    const group = { id: 3, count: 1, participants: ['1'] };
    const gone = packGroup([encoded({ writes: [['a', null]] })]);
    const stage = start({}, [
      { ...recordOf('READY', group), transactions: puts('a') },
      recordOf('COMMIT', group),
      { ...recordOf('READY', { ...group, id: 4 }), transactions: gone },
      recordOf('COMMIT', { ...group, id: 4 }),
    ]);
    expect([...stage.ground.store.entries()]).to.deep.equal([]);
  });

  it('forgets a decision when the mark has passed it and the store has what it wrote, not before', () => {
    const stage = start();
    const { role, ground } = stage;
    const { tidyMs, writeBehindMs } = ground.settings;
    hear(stage, voteReq());
    ground.journal.append({ ...recordOf('READY', { id: GROUP, count: 2, participants: [] }) });
    ground.journal.append(recordOf('COMMIT', { id: GROUP, count: 2, participants: [] }));
    write(ground.store, GROUP, 'a', '1');
    end(stage, GROUP, COMMITTED, true);
    hear(stage, { type: 'END', mark: GROUP + 2 });
    const behind = role.pass(writeBehindMs).filter(({ effect }) => effect === 'persistBehind');
    expect(behind).to.have.length(1);
    expect(ground.journal.size).to.equal(2);
    role.receive({ type: 'persisted', token: 1 } as never, SELF);
    expect(ground.journal.size).to.equal(0);
    expect(records(role.pass(tidyMs))).to.deep.equal(['-', '-']);
    expect(ground.journal.mark).to.equal(GROUP + 2);
  });

  it('asks where the mark is while it keeps decisions, for the leader may not be heard', () => {
    const stage = start();
    hear(stage, voteReq());
    end(stage, GROUP, ABORTED);
    const { decisionTimeoutMs } = stage.ground.settings;
    expect(letters(stage.role.pass(decisionTimeoutMs))).to.deep.equal(['END-REQ 0/coordinator']);
    expect(letters(stage.role.pass(decisionTimeoutMs))).to.deep.equal(['END-REQ 0/coordinator']);
    hear(stage, { type: 'END', mark: GROUP + 2 });
    expect(letters(stage.role.pass(1000))).to.deep.equal([]);
  });
});

describe('a participant that is no follower yet', () => {
  for (const state of ['outside', 'joining'] as const) {
    it(`votes on nothing and answers no read (${state})`, () => {
      const stage = start();
      stage.ground.membership = { state, attempt: 3, first: 9 };
      for (const message of [voteReq(), commit(), abort(), { type: 'END', mark: 9 }]) {
        expect(hear(stage, message)).to.deep.equal([]);
      }
      expect(letters(hear(stage, DECISION_REQ, '2/follower/7'))).to.deep.equal(['UNCERTAIN 2/follower/7']);
      const fetch = { type: 'fetch', attempt: 1, start: '' };
      expect(hear(stage, fetch, '3/newcomer')).to.deep.equal([]);
      expect(sent(hear(stage, { type: 'read', id: 4, keys: ['a'] }, CLIENT))).to.deep.equal([
        [CLIENT, { type: 'unavailable', id: 4 }],
      ]);
    });
  }
});

describe('a participant that one who joins fetches from', () => {
  it('sends pages, once it has all from before', () => {
    const stage = start({ pageBytesMax: 40 });
    for (const key of ['a', 'b']) write(stage.ground.store, 5, key, `value of ${key}`);
    const fetch = (from: string) => hear(stage, { type: 'fetch', attempt: 8, start: from }, '3/newcomer');
    // It may not have heard that all of them have ended, and nobody else would ask.
    expect(letters(fetch(''))).to.deep.equal(['END-REQ 0/coordinator']);
    hear(stage, voteReq());
    hear(stage, { type: 'END', mark: 8 });
    expect(fetch('')).to.deep.equal([]);
    end(stage, GROUP, COMMITTED);
    const page = { type: 'fetched', attempt: 8 };
    expect(sent(fetch(''))).to.deep.equal([
      ['3/newcomer', { ...page, start: '', entries: [['a', 5, 'value of a']], next: 'b' }],
    ]);
    expect(sent(fetch('b'))).to.deep.equal([
      ['3/newcomer', { ...page, start: 'b', entries: [['b', 5, 'value of b']], next: null }],
    ]);
  });
});

describe('the reads of a participant', () => {
  /** A group holds key a. */
  function blocked() {
    const stage = start();
    write(stage.ground.store, 2, 'a', 'old');
    write(stage.ground.store, 3, 'b', 'other');
    const holder = { shared: [], exclusive: ['a'], missing: 0, address: '1/follower/7', ticket: 99 } as const;
    stage.ground.locks.request(holder);
    const release = () => {
      const [next] = stage.ground.locks.release(holder);
      return stage.role.receive({ type: 'granted', ticket: next!.ticket }, '1/follower/7');
    };
    return { stage, release };
  }

  it('have what is committed, with its version', () => {
    const { stage } = blocked();
    const effects = hear(stage, { type: 'read', id: 1, keys: ['b', 'none'] }, CLIENT);
    expect(values(effects)).to.deep.equal([
      [3, 'other'],
      [0, null],
    ]);
  });

  it('wait for what is undecided, all keys of one read together', () => {
    const { stage, release } = blocked();
    expect(hear(stage, { type: 'read', id: 1, keys: ['b', 'a'] }, CLIENT)).to.deep.equal([]);
    write(stage.ground.store, GROUP, 'a', 'new');
    expect(values(release())).to.deep.equal([
      [3, 'other'],
      [GROUP, 'new'],
    ]);
    expect(stage.ground.locks.size).to.equal(0);
  });

  it('that are asked again while they wait are answered once', () => {
    const { stage, release } = blocked();
    for (const _ of [1, 2])
      expect(hear(stage, { type: 'read', id: 1, keys: ['a'] }, CLIENT)).to.deep.equal([]);
    expect(sent(release())).to.have.length(1);
    expect(stage.ground.locks.size).to.equal(0);
  });

  it('are refused when too many wait', () => {
    const stage = start({ readsMax: 1 });
    stage.ground.locks.request({ shared: [], exclusive: ['a'], missing: 0, address: SELF, ticket: 99 });
    hear(stage, { type: 'read', id: 1, keys: ['a'] }, CLIENT);
    expect(letters(hear(stage, { type: 'read', id: 2, keys: ['a'] }, CLIENT))).to.deep.equal([
      `refused ${CLIENT}`,
    ]);
  });

  it('that are none are not answered, nor is anything else that is not what it says', () => {
    const { stage } = blocked();
    for (const message of [
      ...['a', [], [7], [['a']], undefined].map((keys) => ({ type: 'read', id: 1, keys })),
      ...[7, 'k'.repeat(5000), undefined].map((from) => ({ type: 'scan', id: 1, start: from })),
      ...[-1, 1.5, 'a', undefined].map((from) => ({ type: 'journal', id: 1, start: from })),
      ...[-1, Number.NaN, undefined].map((ms) => ({ type: 'delayVote', id: 1, ms })),
    ]) {
      expect(hear(stage, message, CLIENT), JSON.stringify(message)).to.deep.equal([]);
    }
  });

  it('validate what writes nothing, at one moment', () => {
    const { stage, release } = blocked();
    const transactions = packGroup([encoded({ reads: [['a', 2]] }), encoded({ reads: [['b', 3]] })]);
    const message: VoteReq = {
      type: 'VOTE-REQ',
      group: 5,
      participants: ['1'],
      transactions,
      mark: 1,
      readOnly: true,
    };
    expect(hear(stage, message, '0/validator/5')).to.deep.equal([]);
    write(stage.ground.store, GROUP, 'a', 'new');
    const [[to, answer]] = sent(release()) as [[string, Message]];
    expect(to).to.equal('0/validator/5');
    expect(answer).to.deep.equal({ type: 'VOTE-READ', group: 5, refused: [[0, 'conflict']] });
  });

  it('come in pages for those who look at everything', () => {
    const stage = start({ pageBytesMax: 40 });
    for (const key of ['c', 'a', 'b']) write(stage.ground.store, 1, key, `value of ${key}`);
    const page = (from: string) => sent(hear(stage, { type: 'scan', id: 1, start: from }, CLIENT))[0]![1];
    expect(page('')).to.deep.include({ next: 'b', entries: [['a', 'value of a']] });
    expect(page('b')).to.deep.include({ next: 'c' });
    expect(page('c')).to.deep.include({ next: null, entries: [['c', 'value of c']] });
  });
});

describe('what a participant tells of itself', () => {
  it('is what it waits for', () => {
    const stage = start();
    const [follower] = spawned(hear(stage, voteReq()), 'follower');
    const status = () => sent(hear(stage, { type: 'status', id: 4 }, CLIENT))[0]![1];
    const group = { group: GROUP, transactions: 2, state: 'init', rounds: 0, others: ['2'] };
    expect(status()).to.deep.include({ id: 4, isMember: true, undecided: [group], isDurable: true });
    const { group: followed } = follower!.input as FollowerInput;
    followed.vote = [];
    followed.rounds = 2;
    expect(status()).to.deep.include({ undecided: [{ ...group, state: 'ready', rounds: 2 }] });
    end(stage, GROUP, ABORTED);
    expect(status()).to.deep.include({ undecided: [] });
  });

  it('is its journal, transaction by transaction, in pages', () => {
    const group = { id: GROUP, count: 2, participants: ['1'] };
    const stage = start({ pageBytesMax: 1 }, [
      { ...recordOf('READY', group, [1]), transactions: puts('a', 'b') },
      recordOf('COMMIT', group, [1]),
      recordOf('ABORT', { ...group, id: 9, count: 0 }),
    ]);
    const page = (from: number) => sent(hear(stage, { type: 'journal', id: 1, start: from }, CLIENT))[0]![1];
    expect(page(0)).to.deep.include({
      next: 9,
      records: [
        { transaction: 7, record: 'READY', writes: [['a', 'new a']] },
        { transaction: 7, record: 'COMMIT', writes: [] },
        { transaction: 8, record: 'ABORT', writes: [] },
      ],
    });
    expect(page(9)).to.deep.include({
      next: null,
      records: [{ transaction: 9, record: 'ABORT', writes: [] }],
    });
  });

  it('is that it has heard what its next vote is to be', () => {
    const stage = start();
    expect(sent(hear(stage, { type: 'voteNo', id: 3 }, CLIENT))).to.deep.equal([
      [CLIENT, { type: 'noted', id: 3 }],
    ]);
    hear(stage, { type: 'delayVote', id: 4, ms: 50 }, CLIENT);
    expect(stage.ground.orders).to.deep.equal({ votesNo: true, delayMs: 50 });
  });
});
