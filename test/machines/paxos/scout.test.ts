import { expect } from 'chai';
import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { P1b } from '../../../machines/paxos/messages.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import { type ScoutOutcome, scout } from '../../../machines/paxos/scout.ts';
import { early, RoleDriver, receivers, sent } from '../role-driver.ts';
import { ballot, NODES, pvalue } from './values.ts';

const MINE = ballot(5, 'a');
const OLDER = ballot(4, 'b');
const HIGHER = ballot(5, 'b');
const RETRY_MS = 60;

function scouting(nodes: readonly string[] = NODES, fromSlot: Slot = 1) {
  const role = new RoleDriver(scout, 'a/scout/5.a', { ballot: MINE, nodes, fromSlot, retryMs: RETRY_MS });
  return {
    role,
    p1b: (node: string, number: Ballot, accepted: readonly Pvalue[] = [], floor: Slot = 1) =>
      role.receive<P1b>({ type: 'p1b', ballot: number, accepted, floor }, `${node}/acceptor`),
    adopted: () => {
      const outcome = role.output as ScoutOutcome | undefined;
      if (outcome?.kind !== 'adopted') throw new Error(`it ended ${JSON.stringify(outcome)}`);
      return { ...outcome, accepted: [...outcome.accepted.values()] };
    },
  };
}

describe('the scout (PMMC, figure 6)', () => {
  it('asks every acceptor to adopt its ballot, the own one included, once the own promise can be on disk', () => {
    const { role } = scouting(NODES, 7);
    const p1a = { type: 'p1a', ballot: MINE, fromSlot: 7 };
    expect(sent(role.started)).to.deep.equal([
      ['a/acceptor', p1a],
      ['b/acceptor', p1a],
      ['c/acceptor', p1a],
    ]);
    expect(early(role.started)).to.deep.equal([]);
  });

  it('ends adopted when a majority has promised', () => {
    const { role, p1b, adopted } = scouting();
    p1b('a', MINE);
    expect(role.state).to.equal('gathering');
    p1b('c', MINE);
    expect(adopted()).to.deep.equal({ kind: 'adopted', ballot: MINE, accepted: [], floor: 1 });
    expect(role.timersMs).to.deep.equal([]);
  });

  it('counts an acceptor once, however often it answers', () => {
    const { role, p1b } = scouting();
    p1b('b', MINE);
    p1b('b', MINE);
    expect(role.state).to.equal('gathering');
  });

  it('needs three of five', () => {
    const { role, p1b } = scouting(['a', 'b', 'c', 'd', 'e']);
    p1b('a', MINE);
    p1b('e', MINE);
    expect(role.state).to.equal('gathering');
    p1b('c', MINE);
    expect(role.state).to.equal('adopted');
  });

  it('ends preempted by the first acceptor that has promised more', () => {
    const { role, p1b } = scouting();
    p1b('a', MINE);
    p1b('b', HIGHER);
    expect(role.output).to.deep.equal({ kind: 'preempted', ballot: HIGHER });
  });

  it('takes an answer of an older ballot, held up on the way, for no promise', () => {
    const { role, p1b, adopted } = scouting();
    p1b('a', MINE);
    p1b('b', OLDER, [pvalue(OLDER, 1, 9)]);
    expect(role.state).to.equal('gathering');
    p1b('c', MINE);
    expect(adopted().accepted).to.deep.equal([]);
  });

  it('gathers for each slot the pvalue of the highest ballot (pmax), in whichever order they come', () => {
    const low = pvalue(ballot(1, 'b'), 3, 1);
    const high = pvalue(ballot(2, 'b'), 3, 2);
    for (const [first, second] of [
      [low, high],
      [high, low],
    ] as const) {
      const { p1b, adopted } = scouting();
      p1b('b', MINE, [first, pvalue(ballot(1, 'c'), 4, 4)]);
      p1b('c', MINE, [second]);
      expect(adopted().accepted).to.have.deep.members([high, pvalue(ballot(1, 'c'), 4, 4)]);
    }
  });

  it('learns the highest slot below which pvalues are gone', () => {
    const { p1b, adopted } = scouting(NODES, 3);
    p1b('b', MINE, [], 9);
    p1b('c', MINE, [], 2);
    expect(adopted().floor).to.equal(9);
  });

  it('wants nothing below the slot that it asks from', () => {
    const { p1b, adopted } = scouting(NODES, 3);
    p1b('b', MINE);
    p1b('c', MINE);
    expect(adopted().floor).to.equal(3);
  });

  it('asks again, only those who are silent, for as long as it takes', () => {
    const { role, p1b } = scouting();
    p1b('b', MINE);
    expect(role.pass(RETRY_MS - 1)).to.deep.equal([]);
    expect(receivers(role.pass(1), 'p1a')).to.deep.equal(['a/acceptor', 'c/acceptor']);
    expect(receivers(role.pass(RETRY_MS), 'p1a')).to.deep.equal(['a/acceptor', 'c/acceptor']);
  });
});
