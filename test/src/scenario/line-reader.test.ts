import { expect } from 'chai';
import { LineError } from '../../../src/scenario/errors.ts';
import { LineReader } from '../../../src/scenario/line-reader.ts';

describe('line reader', () => {
  it('takes words apart at any spaces and tabs', () => {
    const line = new LineReader('  put \t 0   key');
    expect([line.word(), line.word(), line.word(), line.word()]).to.deep.equal([
      'put',
      '0',
      'key',
      undefined,
    ]);
  });

  it('keeps every space of the rest but the one that separates it', () => {
    const line = new LineReader('sendMessage 0  a  b');
    line.word();
    line.word();
    expect(line.text()).to.equal(' a  b');
    expect(line.text()).to.equal(undefined);
  });

  it('ignores what stands at the end of the line: spaces, tabs, a carriage return', () => {
    const line = new LineReader('sendMessage 0 a b \t \r');
    line.word();
    line.word();
    expect(line.text()).to.equal('a b');
  });

  const quoted: readonly (readonly [line: string, word: string, rest: string | undefined])[] = [
    ['"two words" rest', 'two words', 'rest'],
    ['"two  words"\tof  text', 'two  words', 'of  text'],
    ['"in one"', 'in one', undefined],
    ['"" rest', '', 'rest'],
    ['"say \\"hi\\"" rest', 'say "hi"', 'rest'],
    ['"one \\\\ two" rest', 'one \\ two', 'rest'],
    ['"ends so \\\\"', 'ends so \\', undefined],
    ['"\\n\\*" rest', '\\n\\*', 'rest'],
    ['plain rest', 'plain', 'rest'],
    ['in"side" rest', 'in"side"', 'rest'],
    ['back\\slash rest', 'back\\slash', 'rest'],
    ['"anna"  two spaces', 'anna', ' two spaces'],
  ];
  for (const [line, word, rest] of quoted) {
    it(`reads ${line} as it is meant`, () => {
      const reader = new LineReader(line);
      expect([reader.quotable(), reader.text()]).to.deep.equal([word, rest]);
    });
  }

  it('refuses a quote that is not closed, and one that is closed within a word', () => {
    for (const line of ['"', '"two words', '"ends so \\"', '"one"two"'])
      expect(() => new LineReader(line).quotable(), line).to.throw(LineError);
  });

  it('sees no text where only spaces are left', () => {
    const line = new LineReader('sendMessage 0    ');
    line.word();
    line.word();
    expect(line.text()).to.equal(undefined);
  });
});
