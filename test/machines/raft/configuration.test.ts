import { expect } from 'chai';
import fc from 'fast-check';
import {
  agreedValue,
  type Configuration,
  canDecide,
  foundedBy,
  isJoint,
  isVoter,
  membersOf,
} from '../../../machines/raft/configuration.ts';
import { configuration } from './values.ts';

const NODES = ['a', 'b', 'c', 'd', 'e', 'f'];

const voters = fc.uniqueArray(fc.constantFrom(...NODES), { minLength: 1 });
const configurations = fc.record({
  voters,
  nextVoters: fc.oneof(fc.constant<string[]>([]), voters),
  learners: fc.subarray(NODES),
});

/** More than half of them, counted one by one. */
function isMajority(nodes: readonly string[], agrees: (node: string) => boolean): boolean {
  let count = 0;
  for (const node of nodes) if (agrees(node)) count += 1;
  return count > nodes.length - count;
}

function mayDecide({ voters: old, nextVoters }: Configuration, agrees: (node: string) => boolean): boolean {
  return isMajority(old, agrees) && (nextVoters.length === 0 || isMajority(nextVoters, agrees));
}

describe('a configuration (thesis, chapter 4)', () => {
  it('decides by a majority of its voters; a joint one by one of each (section 4.3)', () => {
    fc.assert(
      fc.property(configurations, fc.subarray(NODES), (given, agreeing) => {
        const agrees = (node: string) => agreeing.includes(node);
        expect(canDecide(given, agrees)).to.equal(mayDecide(given, agrees));
      }),
    );
  });

  it('has reached the highest value that those who can decide have all reached', () => {
    fc.assert(
      fc.property(configurations, fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }), (given, reached) => {
        const reachedBy = (node: string) => reached[NODES.indexOf(node)]!;
        let highest = 0;
        for (let value = 1; value <= 9; value++) {
          if (mayDecide(given, (node) => reachedBy(node) >= value)) highest = value;
        }
        expect(agreedValue(given, reachedBy)).to.equal(highest);
      }),
    );
  });

  it('has no two groups that can decide without a node in common, also on its way to the next one', () => {
    const deciding = (given: Configuration) =>
      fc.subarray(NODES).filter((group) => mayDecide(given, (node) => group.includes(node)));
    const step = fc.tuple(voters, voters).chain(([from, to]) => {
      const joint = configuration(from, { next: to });
      const steps = [configuration(from), joint, configuration(to)];
      return fc
        .constantFrom<readonly [Configuration, Configuration]>(
          [steps[0]!, steps[0]!],
          [steps[0]!, joint],
          [joint, joint],
          [joint, steps[2]!],
        )
        .chain(([now, next]) => fc.tuple(fc.constant([now, next] as const), deciding(now), deciding(next)));
    });
    fc.assert(
      fc.property(step, ([[now, next], some, others]) => {
        expect(canDecide(now, (node) => some.includes(node))).to.equal(true);
        expect(canDecide(next, (node) => others.includes(node))).to.equal(true);
        expect(some.filter((node) => others.includes(node))).to.not.deep.equal([]);
      }),
    );
  });

  it('lets nobody decide where there is nobody', () => {
    expect(canDecide(foundedBy([]), () => true)).to.equal(false);
    expect(agreedValue(foundedBy([]), () => 9)).to.equal(0);
  });

  it('gives learners no voice (section 4.2.1)', () => {
    const given = configuration(['a', 'b', 'c'], { learners: ['d', 'e', 'f'] });
    expect(canDecide(given, (node) => ['a', 'd', 'e', 'f'].includes(node))).to.equal(false);
    expect(isVoter(given, 'd')).to.equal(false);
  });

  it('sends the log to each member once', () => {
    const given = configuration(['a', 'b'], { next: ['b', 'c'], learners: ['d'] });
    expect(membersOf(given)).to.have.members(['a', 'b', 'c', 'd']);
    expect(membersOf(given)).to.have.length(4);
    expect([isJoint(given), isVoter(given, 'a'), isVoter(given, 'c')]).to.deep.equal([true, true, true]);
  });
});
