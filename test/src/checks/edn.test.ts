import { expect } from 'chai';
import fc from 'fast-check';
import { type Edn, EdnError, EdnMap, Keyword, readEdn, writeEdn } from '../../../src/checks/edn.ts';

const keywords = fc.stringMatching(/^[a-z][a-z0-9*!?<>.-]{0,8}$/).map((name) => new Keyword(name));
const plain: fc.Arbitrary<Edn> = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.integer(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  keywords,
);
const { value: values } = fc.letrec<{ value: Edn }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    plain,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(plain, tie('value')), { maxLength: 4, selector: ([key]) => writeEdn(key) })
      .map((entries) => new EdnMap(entries)),
  ),
}));

describe('EDN', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(readEdn(writeEdn(value))).to.deep.equal(value);
      }),
    );
  });

  it('of one line is written on one line', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(writeEdn(value)).to.not.match(/[\n\r]/);
      }),
    );
  });

  const read: readonly (readonly [text: string, value: Edn])[] = [
    ['nil', null],
    [' , true ; and a comment', true],
    ['-0', 0],
    ['+7', 7],
    ['12345678901234567890', 12345678901234567890n],
    ['7N', 7],
    ['1.5e3', 1500],
    ['2.50M', 2.5],
    ['"a\\n\\"b\\"\\u00e9\\\\"', 'a\n"b"é\\'],
    ['\\a', 'a'],
    ['\\space', ' '],
    ['\\u0041', 'A'],
    [':jepsen/op', new Keyword('jepsen/op')],
    ['some-symbol', 'some-symbol'],
    ['[1 (2 3) #{4}]', [1, [2, 3], [4]]],
    ['[1 #_2 #_ [3 4] 5]', [1, 5]],
    ['#inst "2026-11-21"', '2026-11-21'],
    ['#jepsen.history.Op{:f :read}', new EdnMap([[new Keyword('f'), new Keyword('read')]])],
    ['{}', new EdnMap([])],
  ];
  for (const [text, value] of read) {
    it(`reads ${text}`, () => {
      expect(readEdn(text)).to.deep.equal(value);
    });
  }

  const wrong: readonly (readonly [text: string, column: number, what: RegExp])[] = [
    ['', 1, /a value is missing/],
    ['  [1 2', 3, /it has no \]/],
    ['[1 2)', 5, /nothing is open/],
    ['}', 1, /nothing is open/],
    ['{:a}', 1, /a key of this map has no value/],
    ['{:a 1 :a 2}', 1, /:a twice/],
    ['[1 "abc]', 4, /a text is not closed/],
    ['"a\\q"', 3, /\\q means nothing/],
    ['1 2', 3, /more than one value/],
    ['01', 1, /01 is no number/],
    ['1.2.3', 1, /1\.2\.3 is no number/],
    ['[::x]', 2, /::x is no keyword/],
    ['[: x]', 2, /: is no keyword/],
    ['\\unicorn', 1, /\\unicorn is no character/],
    ['[#1]', 2, /#1 is no tag/],
    ['[1 #_]', 6, /nothing is open/],
    ['['.repeat(200), 102, /inside each other/],
    ['#_'.repeat(200), 203, /inside each other/],
  ];
  for (const [text, column, what] of wrong) {
    it(`refuses ${text.slice(0, 20)}, and says where`, () => {
      const error = errorOf(() => readEdn(text));
      expect(error).to.be.instanceOf(EdnError);
      expect(error.message).to.match(what);
      expect((error as EdnError).column).to.equal(column);
    });
  }
});

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
