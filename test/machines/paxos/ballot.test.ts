import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Ballot,
  ballotAbove,
  compareBallots,
  highestBallot,
  LOWEST_BALLOT,
} from '../../../machines/paxos/ballot.ts';
import { ballot } from './values.ts';

const anyBallot = fc.record({ round: fc.nat(4), leader: fc.constantFrom('', 'a', 'b', 'c10', 'c9') });

describe('ballots (PMMC, section 2.2)', () => {
  it('are ordered by rounds first, then by the names of their leaders', () => {
    const ordered = [LOWEST_BALLOT, ballot(1, 'a'), ballot(1, 'b'), ballot(2, 'a'), ballot(10, 'a')];
    const shuffled = [ordered[3]!, ordered[0]!, ordered[4]!, ordered[2]!, ordered[1]!];
    expect(shuffled.sort(compareBallots)).to.deep.equal(ordered);
  });

  it('are ordered totally: equal only to themselves, and the same from both sides', () => {
    fc.assert(
      fc.property(anyBallot, anyBallot, anyBallot, (a, b, c) => {
        expect(compareBallots(a, b) === 0).to.equal(a.round === b.round && a.leader === b.leader);
        expect(Math.sign(compareBallots(a, b))).to.equal(0 - Math.sign(compareBallots(b, a)));
        const [low, middle, high] = [a, b, c].sort(compareBallots) as [Ballot, Ballot, Ballot];
        expect(compareBallots(low, middle)).to.be.at.most(0);
        expect(compareBallots(low, high)).to.be.at.most(0);
      }),
    );
  });

  it('stand below the one that a leader picks to outrank them, which is its own', () => {
    fc.assert(
      fc.property(anyBallot, fc.constantFrom('a', 'b'), (seen, leader) => {
        expect(compareBallots(ballotAbove(seen, leader), seen)).to.be.above(0);
        expect(ballotAbove(seen, leader).leader).to.equal(leader);
      }),
    );
  });

  it('have a highest among two', () => {
    expect(highestBallot(ballot(1, 'b'), ballot(1, 'a'))).to.deep.equal(ballot(1, 'b'));
    expect(highestBallot(ballot(1, 'b'), ballot(2, 'a'))).to.deep.equal(ballot(2, 'a'));
  });
});
