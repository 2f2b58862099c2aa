import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { MemoryDisk, MemoryJournal } from '../../../actors/memory-journal.ts';
import { seededRandom } from '../../../actors/random.ts';
import type { Commit, Outcome } from '../../../machines/two-phase-commit/client-messages.ts';
import { coordinator } from '../../../machines/two-phase-commit/coordinator.ts';
import { GroupJournal, type JournalRecord, recordOf } from '../../../machines/two-phase-commit/journal.ts';
import type { LeaderInput } from '../../../machines/two-phase-commit/leader.ts';
import type { LedGroup } from '../../../machines/two-phase-commit/open-groups.ts';
import type { TwoPhaseCommitSettings } from '../../../machines/two-phase-commit/settings.ts';
import { transactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import type { ValidatorInput } from '../../../machines/two-phase-commit/validator.ts';
import { persisted, RoleDriver, sent, spawned } from '../role-driver.ts';
import { encoded, letters, records, settingsWith } from './values.ts';

const SELF = '0/coordinator';
const CLIENT = 'clients/c';
const LIFE = 3;

class Stage {
  readonly role: RoleDriver;
  readonly session: number;
  readonly #groups = new Map<number, LedGroup>();

  constructor(settings: Partial<TwoPhaseCommitSettings> = {}, left: readonly JournalRecord[] = []) {
    const disk = new MemoryDisk();
    const memory = new MemoryJournal({ disk });
    memory.commit(
      left.flatMap((record) => new GroupJournal(new MemoryJournal(), '0').append(record)),
      () => {},
    );
    const input = {
      node: '0',
      settings: settingsWith(settings),
      random: seededRandom(1),
      journal: new GroupJournal(memory, '0'),
      life: LIFE,
      followers: ['1', '2'],
    };
    this.role = new RoleDriver(coordinator, SELF, input);
    this.#note(this.role.started);
    const [opened] = sent(this.role.receive({ type: 'open', nonce: 'n' }, CLIENT), 'opened');
    this.session = (opened![1] as unknown as { session: number }).session;
  }

  /** Asks for transactions; what is spawned for them. */
  commit(
    first: number,
    transactions: readonly Uint8Array[],
    changes: Partial<Commit> = {},
  ): readonly Effect[] {
    const message: Commit = {
      type: 'commit',
      session: this.session,
      first,
      below: 1,
      transactions,
      ...changes,
    };
    const effects = [...this.role.receive(message, CLIENT)];
    // What it tells itself arrives in the same turn.
    if (sent(effects, 'beginGroups').length > 0) effects.push(...this.begin());
    return effects;
  }

  begin(): readonly Effect[] {
    const effects = this.role.receive({ type: 'beginGroups' }, SELF);
    this.#note(effects);
    return effects;
  }

  group(id: number): LedGroup {
    return this.#groups.get(id)!;
  }

  /** The leader of a group has decided; what is begun by that. */
  decide(id: number, commits = true): readonly Effect[] {
    const group = this.group(id);
    group.decision = { commits, refused: [] };
    const effects = [...this.role.receive({ type: 'decided', group: id }, `0/leader/${id}`)];
    if (sent(effects, 'beginGroups').length > 0) effects.push(...this.begin());
    return effects;
  }

  end(id: number): readonly Effect[] {
    return this.role.receive({ type: 'done', output: id } as never, `0/leader/${id}`);
  }

  #note(effects: readonly Effect[]): void {
    for (const { input } of spawned(effects, 'leader')) {
      const { group } = input as LeaderInput;
      this.#groups.set(group.id, group);
    }
  }
}

function put(...keys: readonly string[]): Uint8Array {
  return encoded({ writes: keys.map((key) => [key, 'v']) });
}

function look(...keys: readonly string[]): Uint8Array {
  return encoded({ reads: keys.map((key) => [key, 0]) });
}

/** The numbers of the transactions in the groups that are begun. */
function begun(effects: readonly Effect[]): number[][] {
  return spawned(effects, 'leader').map(({ input }) =>
    (input as LeaderInput).group.members.map(({ number }) => number),
  );
}

function outcomes(effects: readonly Effect[]): Outcome[] {
  return sent(effects, 'outcomes').flatMap(([, message]) => [
    ...(message as unknown as { outcomes: Outcome[] }).outcomes,
  ]);
}

/** A node asks to join, and meets the challenge. */
function askToJoin({ role }: Stage, node: string): readonly Effect[] {
  const from = `${node}/newcomer` as const;
  const [challenge] = sent(role.receive({ type: 'askToJoin', token: 0, nonce: 9 }, from), 'challenge');
  const { token } = challenge![1] as unknown as { token: number };
  return role.receive({ type: 'askToJoin', token, nonce: 9 }, from);
}

function attemptIn(effects: readonly Effect[]): number {
  return (sent(effects, 'teach')[0]![1] as unknown as { attempt: number }).attempt;
}

const ID = (number: number) => transactionId(LIFE, number);

describe('a coordinator', () => {
  it('writes down its life before anything else leaves', () => {
    const { role } = new Stage();
    expect(persisted(role.started).map((write) => 'key' in write && write.key)).to.deep.equal([['life']]);
  });

  it('takes into one group what has its keys, with ids that follow one another', () => {
    const stage = new Stage();
    const effects = stage.commit(1, [put('a'), put('b', 'c'), put('d')]);
    expect(begun(effects)).to.deep.equal([[1, 2, 3]]);
    expect(stage.group(ID(1)).count).to.equal(3);
    expect(begun(stage.commit(4, [put('e')]))).to.deep.equal([[4]]);
    expect(stage.group(ID(4)).participants).to.deep.equal(['1', '2']);
  });

  it('has transactions on the same keys go one after the other, and others beside', () => {
    const stage = new Stage();
    expect(begun(stage.commit(1, [put('a'), put('a', 'b'), put('b'), put('c')]))).to.deep.equal([[1, 4]]);
    expect(begun(stage.decide(ID(1)))).to.deep.equal([[2]]);
    expect(begun(stage.decide(ID(3)))).to.deep.equal([[3]]);
  });

  it('has transactions side by side that read the same keys', () => {
    const stage = new Stage();
    const reading = (key: string) => encoded({ reads: [['shared', 0]], writes: [[key, 'v']] });
    expect(begun(stage.commit(1, [reading('a'), reading('b'), put('shared')]))).to.deep.equal([[1, 2]]);
    expect(begun(stage.decide(ID(1)))).to.deep.equal([[3]]);
  });

  it('gathers transactions while enough groups are voted on', () => {
    const stage = new Stage({ groupsInFlightMax: 2 });
    expect(begun(stage.commit(1, [put('a')]))).to.deep.equal([[1]]);
    expect(begun(stage.commit(2, [put('b')]))).to.deep.equal([[2]]);
    expect(begun(stage.commit(3, [put('c')]))).to.deep.equal([]);
    expect(begun(stage.commit(4, [put('d')]))).to.deep.equal([]);
    expect(begun(stage.decide(ID(1)))).to.deep.equal([[3, 4]]);
  });

  it('bounds a group by transactions, and by bytes unless one alone is larger', () => {
    const large = encoded({ writes: [['large', 'v'.repeat(300)]] });
    const byCount = new Stage({ groupTransactionsMax: 2 });
    expect(begun(byCount.commit(1, [put('a'), put('b'), put('c')]))).to.deep.equal([[1, 2], [3]]);
    const byBytes = new Stage({ groupBytesMax: 100 });
    expect(begun(byBytes.commit(1, [put('a'), large, put('b'), put('c')]))).to.deep.equal([[1], [2], [3, 4]]);
  });

  it('makes a group of each transaction without group commit', () => {
    const stage = new Stage({ groupCommit: false });
    const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => put(key));
    expect(begun(stage.commit(1, six))).to.deep.equal([[1], [2], [3], [4], [5], [6]]);
  });

  it('carries out once what is asked for again, and answers again', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    expect(stage.commit(1, [put('a')])).to.deep.equal([]);
    stage.decide(ID(1));
    const again = stage.commit(1, [put('a')]);
    expect(begun(again)).to.deep.equal([]);
    expect(outcomes(again)).to.deep.equal([[1, 'committed', ID(1)]]);
    expect(stage.commit(1, [put('a')], { below: 2 })).to.deep.equal([]);
  });

  it('does not know how what another life was asked for has ended', () => {
    const stage = new Stage();
    const effects = stage.commit(5, [put('a'), put('b')], { session: transactionId(LIFE - 1, 1) });
    expect(outcomes(effects)).to.deep.equal([
      [5, 'unknown'],
      [6, 'unknown'],
    ]);
    expect(begun(effects)).to.deep.equal([]);
  });

  it('refuses what is no transaction, and takes the others', () => {
    const stage = new Stage();
    const effects = stage.commit(1, [Uint8Array.of(1), put('a')]);
    expect(outcomes(effects)).to.deep.equal([[1, 'aborted', 'malformed']]);
    expect(begun(effects)).to.deep.equal([[2]]);
    expect(outcomes(stage.commit(1, [Uint8Array.of(1)]))).to.deep.equal([[1, 'aborted', 'malformed']]);
  });

  it('takes no notice of what is not what it says', () => {
    const stage = new Stage();
    const whole = { type: 'commit', session: stage.session, first: 1, below: 1, transactions: [put('a')] };
    for (const broken of [
      { transactions: undefined },
      { transactions: 'a' },
      { transactions: [['a', 'v']] },
      { first: 'one' },
      { below: -1 },
      { session: undefined },
    ]) {
      expect(stage.role.receive({ ...whole, ...broken }, CLIENT)).to.deep.equal([]);
    }
    expect(stage.role.receive({ type: 'journal', id: 1, start: -1 } as never, CLIENT)).to.deep.equal([]);
  });

  it('pushes back when too much is pending, and takes it later', () => {
    for (const settings of [
      { pendingTransactionsMax: 2 },
      { pendingBytesMax: 60 },
      { sessionTransactionsMax: 2 },
    ]) {
      const stage = new Stage(settings);
      const effects = stage.commit(1, [put('a'), put('b'), put('c')]);
      expect(letters(effects)).to.include(`refused ${CLIENT}`);
      const [taken] = begun(effects);
      expect(taken).to.deep.equal([1, 2]);
      stage.decide(ID(1));
      expect(begun(stage.commit(3, [put('c')], { below: 3 }))).to.deep.equal([[3]]);
    }
  });

  it('turns away what cannot be voted on, for too many groups are not acknowledged', () => {
    const stage = new Stage({ groupsOpenMax: 1 });
    stage.commit(1, [put('a')]);
    stage.decide(ID(1));
    const turnedAway = stage.commit(2, [put('a'), put('a')]);
    expect(outcomes(turnedAway)).to.deep.equal([
      [2, 'aborted', 'timeout'],
      [3, 'aborted', 'timeout'],
    ]);
    stage.end(ID(1));
    expect(begun(stage.commit(4, [put('a')]))).to.deep.equal([[4]]);
  });

  it('has transactions validated that write nothing, without keys', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    const effects = stage.commit(2, [look('a'), look('b')]);
    const [validator] = spawned(effects, 'validator');
    const { members, number, followers } = validator!.input as ValidatorInput;
    expect(members.map((member) => member.number)).to.deep.equal([2, 3]);
    expect([...followers].sort()).to.deep.equal(['1', '2']);
    const given: Outcome[] = [
      [2, 'committed', 0],
      [3, 'aborted', 'conflict'],
    ];
    stage.role.receive(
      { type: 'done', output: { number, outcomes: given } } as never,
      `0/validator/${number}`,
    );
    expect(outcomes(stage.commit(2, [look('a'), look('b')]))).to.deep.equal(given);
  });

  it('has them voted on like others without read-only votes', () => {
    const stage = new Stage({ readOnlyVotes: false });
    expect(begun(stage.commit(1, [look('a'), put('a')]))).to.deep.equal([[1]]);
  });

  it('says who asks about an open group to its leader', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    const message = { type: 'DECISION-REQ', group: ID(1) };
    const effects = stage.role.receive(message, `2/follower/${ID(1)}`);
    expect(sent(effects)).to.deep.equal([
      [`0/leader/${ID(1)}`, { type: 'asked', asker: `2/follower/${ID(1)}` }],
    ]);
  });

  for (const [presume, answer] of [
    ['nothing', 'END'],
    ['abort', 'ABORT'],
    ['commit', 'COMMIT'],
  ] as const) {
    it(`answers ${answer} about a group that it does not know (presume ${presume})`, () => {
      const stage = new Stage({ presume });
      const [reply] = sent(stage.role.receive({ type: 'DECISION-REQ', group: 17 }, '2/follower/17'));
      expect(reply![0]).to.equal('2/follower/17');
      expect(reply![1]).to.deep.include({ type: answer, group: 17 });
    });
  }

  it('ends what its former life has left, before anything else of theirs can end', () => {
    const group = { id: transactionId(LIFE - 1, 4), count: 2, participants: ['1', '2'] };
    const other = { ...group, id: transactionId(LIFE - 1, 9) };
    const stage = new Stage({}, [
      recordOf('BEGIN', group),
      recordOf('BEGIN', other),
      recordOf('COMMIT', other, [1]),
    ]);
    const recovered = spawned(stage.role.started, 'leader').map(
      ({ input }) => (input as LeaderInput).recovered,
    );
    expect(recovered).to.deep.equal([{ decision: undefined }, { decision: { commits: true, refused: [1] } }]);
    const [end] = sent(stage.role.receive({ type: 'END-REQ' }, '1/participant'));
    expect(end).to.deep.equal(['1/participant', { type: 'END', mark: group.id }]);
    stage.role.receive({ type: 'decided', group: group.id }, `0/leader/${group.id}`);
  });

  it('removes what has ended, and tells the followers where the mark is, when nothing else happens', () => {
    const stage = new Stage();
    const { tidyMs } = settingsWith();
    stage.role.pass(tidyMs);
    stage.commit(1, [put('a'), put('b')]);
    stage.decide(ID(1));
    stage.end(ID(1));
    const effects = stage.role.pass(tidyMs);
    expect(letters(effects)).to.deep.equal(['END 1/participant', 'END 2/participant']);
    expect(sent(effects)[0]![1]).to.deep.equal({ type: 'END', mark: ID(3) });
    expect(stage.role.pass(1000)).to.deep.equal([]);
  });

  it('removes the records of its former life once all have acknowledged', () => {
    const group = { id: transactionId(LIFE - 1, 4), count: 2, participants: ['1', '2'] };
    const stage = new Stage({}, [recordOf('BEGIN', group), recordOf('COMMIT', group)]);
    stage.end(group.id);
    expect(records(stage.role.pass(settingsWith().tidyMs))).to.deep.equal(['-', '-']);
  });

  it('says what is pending, and for whom it waits', () => {
    const stage = new Stage();
    stage.commit(1, [put('a'), put('a')]);
    stage.group(ID(1)).votes.yes.add('2');
    const status = () => sent(stage.role.receive({ type: 'status', id: 4 }, CLIENT))[0]![1];
    const open = { group: ID(1), transactions: 1, state: 'voting', waitsFor: ['1'] };
    expect(status()).to.deep.include({ id: 4, life: LIFE, followers: ['1', '2'], pending: 2, open: [open] });
    stage.decide(ID(1));
    expect(status()).to.deep.include({ pending: 1 });
  });
});

describe('a coordinator that takes in a follower', () => {
  const { learnerTimeoutMs } = settingsWith();

  function status({ role }: Stage): unknown {
    return sent(role.receive({ type: 'status', id: 1 }, CLIENT))[0]![1];
  }

  it('teaches it what commits, from then on, without a vote', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    const effects = askToJoin(stage, '3');
    expect(sent(effects, 'teach')[0]![1]).to.deep.include({ nonce: 9, sources: ['1', '2'] });
    const attempt = attemptIn(effects);
    expect(attempt).to.be.greaterThan(ID(1));
    stage.commit(2, [put('b')]);
    expect(stage.group(ID(1)).learner).to.equal(undefined);
    const later = stage.group(attempt + 1);
    expect(later.learner).to.deep.equal({ node: '3', attempt, isActive: true });
    expect(later.participants).to.deep.equal(['1', '2']);
    expect(status(stage)).to.deep.include({ followers: ['1', '2'], learner: '3' });
  });

  it('takes it in when it has caught up and nothing is under way; until then nothing begins', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    const attempt = attemptIn(askToJoin(stage, '3'));
    stage.role.receive({ type: 'learning', attempt, hasCaughtUp: false }, '3/newcomer');
    expect(stage.role.is('followers.teaching')).to.equal(true);
    stage.role.receive({ type: 'learning', attempt, hasCaughtUp: true }, '3/newcomer');
    expect(begun(stage.commit(2, [put('b')]))).to.deep.equal([]);
    stage.decide(ID(1));
    const invited = stage.end(ID(1));
    expect(letters(invited)).to.deep.equal(['invite 3/newcomer']);
    const effects = stage.role.receive({ type: 'joined', attempt }, '3/newcomer');
    expect(letters(effects)).to.deep.equal(['welcome 3/newcomer', `beginGroups ${SELF}`]);
    expect(persisted(effects).map((write) => 'key' in write && write.key)).to.deep.equal([['followers']]);
    const [input] = spawned(stage.begin(), 'leader');
    expect((input!.input as LeaderInput).group).to.deep.include({
      participants: ['1', '2', '3'],
      learner: undefined,
    });
    expect(letters(stage.role.receive({ type: 'joined', attempt }, '3/newcomer'))).to.deep.equal([
      'welcome 3/newcomer',
    ]);
  });

  it('gives it up when it is silent, or what is under way does not end, and goes on', () => {
    for (const hasCaughtUp of [false, true]) {
      const stage = new Stage();
      stage.commit(1, [put('a')]);
      const attempt = attemptIn(askToJoin(stage, '3'));
      stage.commit(2, [put('b')]);
      const { learner } = stage.group(attempt + 1);
      stage.role.receive({ type: 'learning', attempt, hasCaughtUp }, '3/newcomer');
      stage.role.pass(learnerTimeoutMs);
      expect(learner!.isActive).to.equal(false);
      expect(begun(stage.commit(3, [put('c')]))).to.deep.equal([[3]]);
      // It learns by this that it was given up.
      const late = stage.role.receive({ type: 'learning', attempt, hasCaughtUp: true }, '3/newcomer');
      expect(letters(late)).to.deep.equal(['challenge 3/newcomer']);
    }
  });

  it('takes in one after the other', () => {
    const stage = new Stage();
    askToJoin(stage, '3');
    expect(letters(askToJoin(stage, '4'))).to.deep.equal([]);
    expect(status(stage)).to.deep.include({ learner: '3' });
  });

  it('waits no more for a follower that has lost its memory, and teaches it', () => {
    const stage = new Stage();
    stage.commit(1, [put('a')]);
    const effects = askToJoin(stage, '2');
    expect([...stage.group(ID(1)).acknowledged]).to.deep.equal(['2']);
    expect(persisted(effects).map((write) => 'key' in write && write.key)).to.deep.equal([['followers']]);
    expect(sent(effects, 'teach')[0]![1]).to.deep.include({ sources: ['1'] });
    stage.commit(2, [put('b')]);
    expect(stage.group(attemptIn(effects) + 1).participants).to.deep.equal(['1']);
  });

  it('does not take old word for it that a follower has lost its memory', () => {
    const stage = new Stage();
    const attempt = attemptIn(askToJoin(stage, '2'));
    stage.role.receive({ type: 'learning', attempt, hasCaughtUp: true }, '2/newcomer');
    stage.role.receive({ type: 'joined', attempt }, '2/newcomer');
    for (const token of [0, attempt - 1]) {
      const late = stage.role.receive({ type: 'askToJoin', token, nonce: 9 }, '2/newcomer');
      expect(letters(late)).to.deep.equal(['challenge 2/newcomer']);
    }
    expect(status(stage)).to.deep.include({ followers: ['1', '2'] });
  });

  it('turns transactions away while nobody has the store', () => {
    const stage = new Stage();
    askToJoin(stage, '1');
    askToJoin(stage, '2');
    const effects = stage.commit(1, [put('a'), look('a')]);
    expect(outcomes(effects)).to.deep.include.members([
      [1, 'aborted', 'timeout'],
      [2, 'aborted', 'timeout'],
    ]);
  });
});
