import { expect } from 'chai';
import picocolors from 'picocolors';
import { compareLines, drawComparison, expectedLines } from '../../../src/scenario/compare.ts';

describe('comparing output', () => {
  it('finds equal lines equal', () => {
    expect(compareLines(['a', 'b'], ['a', 'b'])).to.equal(undefined);
    expect(compareLines([], [])).to.equal(undefined);
  });

  it('tells what is missing from what is unexpected', () => {
    expect(compareLines(['a', 'b'], ['a', 'c'])).to.deep.equal([
      { kind: 'same', text: 'a' },
      { kind: 'missing', text: 'b' },
      { kind: 'unexpected', text: 'c' },
    ]);
  });

  it('is strict about order, number and spaces', () => {
    expect(compareLines(['a', 'b'], ['b', 'a'])).to.not.equal(undefined);
    expect(compareLines(['a'], ['a', 'a'])).to.not.equal(undefined);
    expect(compareLines(['a'], ['a '])).to.not.equal(undefined);
  });

  it('reads expected lines whatever their ends, and ignores blank ones at the end', () => {
    expect(expectedLines('a\r\n\r\nb')).to.deep.equal(['a', '', 'b']);
    expect(expectedLines('a\nb\n\n\n')).to.deep.equal(['a', 'b']);
    expect(expectedLines('')).to.deep.equal([]);
  });

  it('draws differences with a few lines around them, and spaces at the end visible', () => {
    const same = Array.from({ length: 10 }, (_, index) => `line ${index}`);
    const comparison = compareLines([...same, 'x'], [...same, 'x ']);
    if (comparison === undefined) throw new Error('found equal');
    expect(drawComparison(comparison, picocolors.createColors(false)).split('\n')).to.deep.equal([
      '- expected   + printed',
      '  … 7 equal',
      '  line 7',
      '  line 8',
      '  line 9',
      '- x',
      '+ x·',
    ]);
  });
});
