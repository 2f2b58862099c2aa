import { expect } from 'chai';
import {
  areMajority,
  hear,
  mergeLives,
  NO_VOICES,
  type Testimony,
  type Voices,
} from '../../../machines/paxos/voices.ts';

type Answer = readonly [node: string, testimony?: Testimony];

function heard(...answers: readonly Answer[]): Voices {
  return answers.reduce(
    (voices, [node, testimony]) => hear(voices, { from: `${node}/acceptor`, ...testimony }),
    NO_VOICES,
  );
}

function counted(...answers: readonly Answer[]): string[] {
  return [...heard(...answers).answered.keys()].sort();
}

describe('voices', () => {
  it('count each acceptor once, and a majority of all', () => {
    expect(counted(['a'], ['a'], ['b'])).to.deep.equal(['a', 'b']);
    expect(areMajority(heard(['a'], ['b']), ['a', 'b', 'c'])).to.equal(true);
    expect(areMajority(heard(['a'], ['a']), ['a', 'b', 'c'])).to.equal(false);
    expect(areMajority(heard(['a'], ['b']), ['a', 'b', 'c', 'd']), 'half').to.equal(false);
  });

  it('of a former life count no longer once another answer tells of a later one, in whatever order they come', () => {
    const former: Answer = ['a'];
    const witness: Answer = ['b', { lives: { a: 1 } }];
    expect(counted(former, witness)).to.deep.equal(['b']);
    expect(counted(witness, former)).to.deep.equal(['b']);
    expect(counted(witness, former, ['c'])).to.deep.equal(['b', 'c']);
  });

  it('of a former life count as long as nobody among those who answered knows better', () => {
    expect(counted(['a'], ['c'])).to.deep.equal(['a', 'c']);
    expect(counted(['a'], ['c', { lives: { b: 3 } }])).to.deep.equal(['a', 'c']);
  });

  it('of the present life count, and end those of former ones', () => {
    const witness: Answer = ['b', { lives: { a: 1 } }];
    expect(counted(witness, ['a', { life: 1 }])).to.deep.equal(['a', 'b']);
    expect(counted(['a', { life: 1 }], ['b', { lives: { a: 2 } }])).to.deep.equal(['b']);
    expect(counted(['a', { life: 2 }], witness)).to.deep.equal(['a', 'b']);
  });

  it('are not taken back by an answer of a former life that comes late', () => {
    expect(counted(['a', { life: 1 }], ['a'])).to.deep.equal(['a']);
    expect(heard(['a', { life: 1 }], ['a']).answered.get('a')).to.equal(1);
  });

  it('know of a later life what the one who lives it says, also through others', () => {
    expect([...heard(['a', { life: 2 }], ['b', { lives: { c: 1, a: 1 } }]).lives]).to.deep.equal([
      ['a', 2],
      ['c', 1],
    ]);
  });
});

describe('lives', () => {
  it('are merged to the later of each node; first lives are left out', () => {
    const known = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    expect([...mergeLives(known, { a: 1, b: 3, c: 0, d: 1 })]).to.deep.equal([
      ['a', 2],
      ['b', 3],
      ['d', 1],
    ]);
    expect(mergeLives(known, { a: 2, c: 0 }), 'no news').to.equal(known);
    expect([...known.keys()], 'never changed in place').to.deep.equal(['a', 'b']);
  });
});
