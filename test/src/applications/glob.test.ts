import { expect } from 'chai';
import fc from 'fast-check';
import { globMatcher } from '../../../src/applications/glob.ts';

/** The rules said again, as directly and as slowly as can be; `[` and `]` only as the ends of a class. */
function matchesSlowly(pattern: readonly string[], name: readonly string[]): boolean {
  const [step, ...steps] = pattern;
  const [character, ...characters] = name;
  if (step === undefined) return character === undefined;
  if (step === '*') {
    return matchesSlowly(steps, name) || (character !== undefined && matchesSlowly(pattern, characters));
  }
  if (character === undefined) return false;
  const isMatch =
    step === '?' ||
    (step.length > 1 && step.startsWith('[')
      ? step.includes(character) !== step.startsWith('[!')
      : step === character);
  return isMatch && matchesSlowly(steps, characters);
}

describe('a glob pattern', () => {
  const cases: readonly (readonly [pattern: string, matching: string[], other: string[]])[] = [
    ['anna', ['anna'], ['Anna', 'ann', 'annas', '']],
    ['*', ['', 'anna', '.hidden', 'a/b', 'two words', 'two\nlines'], []],
    ['', [''], ['a']],
    ['a*a', ['aa', 'anna', 'a a'], ['a', 'annas']],
    ['**a', ['a', 'anna'], ['ann']],
    ['*nn*', ['anna', 'nn'], ['ana']],
    ['?', ['a', '?', '/', '😀'], ['', 'ab']],
    ['a?c', ['abc', 'a.c'], ['ac', 'abbc']],
    ['[abc]', ['a', 'b', 'c'], ['d', 'ab', '']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x', 'x']],
    ['[a-cx-z0]', ['a', 'c', 'y', '0'], ['d', '-', '1']],
    ['[!a-c]', ['d', '!', '-'], ['a', 'b', '']],
    ['[]]', [']'], ['[', '']],
    ['[]a]', [']', 'a'], ['[']],
    ['[!]a]', ['b', '['], [']', 'a']],
    ['[a-]', ['a', '-'], ['b']],
    ['[-a]', ['a', '-'], ['b']],
    ['[!-]', ['a'], ['-']],
    ['[z-a]', [], ['a', 'm', 'z', '-']],
    ['[!z-a]', ['a', '-'], ['']],
    ['[a!]', ['a', '!'], ['b']],
    ['[^a]', ['^', 'a'], ['b']],
    ['[*]', ['*'], ['a', '']],
    ['[?]', ['?'], ['a']],
    ['[[]', ['['], ['a']],
    ['[', ['['], ['a', '']],
    ['[a', ['[a'], ['a']],
    ['[]', ['[]'], [']', '']],
    ['[!]', ['[!]'], ['a']],
    ['a]', ['a]'], ['a']],
    ['a\\*', ['a\\', 'a\\b'], ['a*']],
    ['[\\]', ['\\'], ['[']],
    ['{a,b}', ['{a,b}'], ['a']],
    ['(a|b)', ['(a|b)'], ['a']],
    ['a.b+$', ['a.b+$'], ['axb']],
    ['[😀-😂]é', ['😁é'], ['😃é', '\ud83de']],
  ];
  for (const [pattern, matching, other] of cases) {
    it(`"${pattern}" means what it should`, () => {
      const isMatch = globMatcher(pattern);
      expect(matching.filter((name) => !isMatch(name))).to.deep.equal([]);
      expect(other.filter(isMatch)).to.deep.equal([]);
    });
  }

  it('matches as the rules say, whatever the pattern', () => {
    const step = fc.constantFrom('a', 'b', '-', '*', '*', '?', '[ab]', '[!a]', '[!b-]', '[-b]');
    const name = fc.array(fc.constantFrom('a', 'b', '-', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 7 }), name, (pattern, characters) => {
        expect(globMatcher(pattern.join(''))(characters.join(''))).to.equal(
          matchesSlowly(pattern, characters),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no longer for a pattern that was made to take long', () => {
    const isMatch = globMatcher(`${'*a'.repeat(300)}*b`);
    expect(isMatch('a'.repeat(2000))).to.equal(false);
    expect(isMatch(`${'a'.repeat(2000)}b`)).to.equal(true);
  });
});
