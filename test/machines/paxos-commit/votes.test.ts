import { expect } from 'chai';
import { pack } from '../../../actors/codec.ts';
import { SynodError } from '../../../actors/errors.ts';
import { LIVES_MAX, lifeOfBallot } from '../../../machines/paxos-commit/lives.ts';
import { packOrigins, unpackOrigins } from '../../../machines/paxos-commit/origins.ts';
import { recoveredGroups } from '../../../machines/paxos-commit/recovered-groups.ts';
import { decodeVote, encodeVote, type Vote } from '../../../machines/paxos-commit/vote.ts';
import { NO_OP } from '../../../machines/replication/batch.ts';
import { SessionTable } from '../../../machines/two-phase-commit/sessions.ts';

const VOTE: Vote = {
  group: 7,
  count: 2,
  participants: ['1', '2'],
  firstSlot: 3,
  origins: new Uint8Array([1, 2]),
  refused: [[1, 'condition']],
};

describe('a vote in a slot', () => {
  it('comes back as it was', () => {
    expect(decodeVote(encodeVote(VOTE))).to.deep.equal(VOTE);
  });

  it('is nobody’s where the slot has a no-op', () => {
    expect(decodeVote(NO_OP)).to.equal(undefined);
  });

  for (const parts of [
    'no list',
    [7, 2, ['1'], 3, new Uint8Array(0)],
    [7, 2, '1', 3, new Uint8Array(0), []],
    [7, 2, ['1'], 3, new Uint8Array(0), ['x']],
    [7.5, 2, ['1'], 3, new Uint8Array(0), []],
  ]) {
    it(`is refused where it is none: ${JSON.stringify(parts)}`, () => {
      expect(() => decodeVote([pack(parts)]))
        .to.throw(SynodError)
        .with.property('code', 'SYNOD_CORRUPT_RECORD');
    });
  }
});

describe('groups as chosen votes tell of them', () => {
  it('have the votes of those that voted, in the order of ids', () => {
    const other: Vote = { ...VOTE, group: 5, firstSlot: 8, refused: [] };
    const groups = recoveredGroups(
      new Map([
        [3, encodeVote(VOTE)],
        [4, NO_OP],
        [8, encodeVote(other)],
        [9, encodeVote(other)],
      ]),
    );
    expect(groups.map(({ group }) => group)).to.deep.equal([5, 7]);
    expect([...groups[0]!.votes.keys()]).to.deep.equal(['1', '2']);
    expect([...groups[1]!.votes]).to.deep.equal([['1', [[1, 'condition']]]]);
  });
});

describe('origins', () => {
  it('tell whose each transaction is, and whether it writes', () => {
    const table = new SessionTable(1, 10);
    const [a, b] = [table.open('clients/a'), table.open('clients/b')];
    const member = (session: typeof a, number: number, exclusive: string[] = ['k']) => ({
      session,
      number,
      bytes: new Uint8Array(0),
      shared: [],
      exclusive,
      missing: 0,
    });
    const members = [member(a, 1), member(a, 2), member(a, 3, []), member(b, 9), member(a, 4)];
    expect(unpackOrigins(packOrigins(members))).to.deep.equal(
      members.map(({ session, number, exclusive }) => ({
        client: session.client,
        session: session.id,
        number,
        writes: exclusive.length > 0,
      })),
    );
  });
});

describe('the life of a leader', () => {
  const nodes = ['0', '1', '10', '2'];

  it('rises with its ballot, and no two ballots share one', () => {
    const ballots = [1, 2].flatMap((round) => nodes.map((leader) => ({ round, leader })));
    const lives = ballots.map((ballot) => lifeOfBallot(ballot, ['2', '10', '0', '1']));
    expect(lives).to.deep.equal([...lives].sort((a, b) => a - b));
    expect(new Set(lives).size).to.equal(lives.length);
  });

  it('is refused where ids would not tell it from others', () => {
    expect(() => lifeOfBallot({ round: LIVES_MAX, leader: '0' }, nodes)).to.throw(RangeError);
  });
});
