import { expect } from 'chai';
import fc from 'fast-check';
import type { JournalKey } from '../../actors/journal.ts';
import { encodeKey } from '../../actors/journal-key.ts';
import { boundsBelow, keyBytes, keyBytesMax, keyOf, writeKey } from '../../actors/key-bytes.ts';

const part = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\x00', '\x01', '\x00\x00', '\x01\x01', 'a\x00', 'ÿ', '\u{10ffff}'),
);
const keys = fc.array(part, { minLength: 1, maxLength: 4 });

describe('the bytes of a key', () => {
  it('say again what the key was', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(keyOf(keyBytes(key))).to.deep.equal(key);
      }),
    );
  });

  it('are the same when they are written among others, and no more than was said', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const target = Buffer.alloc(keyBytesMax(key) + 2, 0xee);
        const end = writeKey(key, target, 1);
        expect(target.subarray(1, end).equals(keyBytes(key))).to.equal(true);
        expect([target[0], target.at(-1)]).to.deep.equal([0xee, 0xee]);
      }),
    );
    expect(() => writeKey([0.5], Buffer.alloc(8), 0)).to.throw(RangeError);
  });

  it('sort as encoded keys do', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const order = encodeKey(a) < encodeKey(b) ? -1 : encodeKey(a) > encodeKey(b) ? 1 : 0;
        expect(keyBytes(a).compare(keyBytes(b))).to.equal(order);
      }),
    );
  });

  it('stand within the bounds of a prefix exactly when the key has the prefix and is longer', () => {
    fc.assert(
      fc.property(keys, fc.array(part, { maxLength: 3 }), keys, (prefix, rest, other) => {
        const { start, end } = boundsBelow(prefix);
        const isBelow = (key: JournalKey): boolean => {
          const bytes = keyBytes(key);
          return bytes.compare(start) >= 0 && bytes.compare(end) < 0;
        };
        expect(isBelow([...prefix, ...rest])).to.equal(rest.length > 0);
        const hasPrefix =
          other.length > prefix.length && prefix.every((item, index) => item === other[index]);
        expect(isBelow(other)).to.equal(hasPrefix);
      }),
    );
  });

  it('that are no key are refused', () => {
    expect(() => keyOf(Buffer.from([7]))).to.throw(RangeError);
    expect(() => keyOf(Buffer.from([1, 0, 0]))).to.throw(RangeError);
    expect(() => keyOf(Buffer.from([2, 65]))).to.throw(RangeError);
  });
});
