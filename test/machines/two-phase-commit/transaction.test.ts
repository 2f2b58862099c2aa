import { expect } from 'chai';
import fc from 'fast-check';
import { unpack } from '../../../actors/codec.ts';
import { BadTransactionError } from '../../../machines/two-phase-commit/errors.ts';
import { packGroup, unpackGroup } from '../../../machines/two-phase-commit/group.ts';
import {
  KEY_BYTES_MAX,
  TRANSACTION_BYTES_MAX,
  type Transaction,
  VALUE_BYTES_MAX,
} from '../../../machines/two-phase-commit/transaction.ts';
import {
  decodeTransaction,
  encodeTransaction,
  transactionBytes,
} from '../../../machines/two-phase-commit/transaction-bytes.ts';
import { formatId, lifeOf, transactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { encoded, transaction } from './values.ts';

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => text.isWellFormed());
const value = fc.oneof(
  fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()),
  fc.uint8Array(),
);
const valueOrNone = fc.option(value);

function listOf<Second>(second: fc.Arbitrary<Second>): fc.Arbitrary<(readonly [string, Second])[]> {
  return fc.uniqueArray(fc.tuple(key, second), { selector: ([each]) => each, maxLength: 5 });
}

const anyTransaction: fc.Arbitrary<Transaction> = fc.record({
  reads: listOf(fc.maxSafeNat()),
  conditions: listOf(valueOrNone),
  writes: listOf(valueOrNone),
});

/** Binaries by their contents: what comes back is a view. */
function plain(transaction: Transaction): unknown {
  return JSON.parse(
    JSON.stringify(transaction, (_, item) => (item instanceof Uint8Array ? [...item] : item)),
  );
}

describe('a transaction', () => {
  it('comes back as it was packed, alone and in a group', () => {
    fc.assert(
      fc.property(fc.array(anyTransaction, { maxLength: 4 }), (transactions) => {
        const packed = transactions.map(encodeTransaction);
        expect(packed.map(decodeTransaction).map(plain)).to.deep.equal(transactions.map(plain));
        expect(unpackGroup(packGroup(packed)).map(plain)).to.deep.equal(transactions.map(plain));
      }),
    );
  });

  const REFUSED: Readonly<Record<string, object>> = {
    'a number for a key': { writes: [[7, 'v']] },
    'no key': { writes: [[null, 'v']] },
    'a binary for a key': { writes: [[Uint8Array.of(1), 'v']] },
    'an empty key': { writes: [['', 'v']] },
    'a key over the limit': { writes: [['k'.repeat(KEY_BYTES_MAX + 1), 'v']] },
    'a key over the limit in bytes': { writes: [['ü'.repeat(KEY_BYTES_MAX / 2 + 1), 'v']] },
    'a value over the limit': { writes: [['k', 'v'.repeat(VALUE_BYTES_MAX + 1)]] },
    'a binary over the limit': { conditions: [['k', new Uint8Array(VALUE_BYTES_MAX + 1)]] },
    'a value that is a number': { conditions: [['k', 7]] },
    'a version that is a text': { reads: [['k', 'v']] },
    'a version below zero': { reads: [['k', -1]] },
    'a version that is no whole number': { reads: [['k', 1.5]] },
    'a key twice among its writes': {
      writes: [
        ['k', 'v'],
        ['k', 'w'],
      ],
    },
  };
  for (const [what, parts] of Object.entries(REFUSED)) {
    it(`is refused with ${what}`, () => {
      const bytes = transactionBytes(transaction(parts));
      expect(() => decodeTransaction(bytes)).to.throw(BadTransactionError);
    });
  }

  it('is refused where it is cut off, wherever that is, and where it goes on', () => {
    const bytes = encoded({
      reads: [['a', 3]],
      conditions: [['b', Uint8Array.of(1)]],
      writes: [['c', null]],
    });
    for (let end = 0; end < bytes.byteLength; end++) {
      expect(() => decodeTransaction(bytes.subarray(0, end)), `${end} bytes`).to.throw(BadTransactionError);
    }
    expect(() => decodeTransaction(Uint8Array.of(...bytes, 0xc0))).to.throw(BadTransactionError);
  });

  it('is refused where the bytes are anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), (noise, place) => {
        const bytes = Buffer.from(encoded({ reads: [['a', 3]], writes: [['b', 'value']] }));
        bytes.set(noise.subarray(0, bytes.byteLength - (place % bytes.byteLength)), place % bytes.byteLength);
        for (const each of [noise, bytes]) {
          try {
            decodeTransaction(each);
          } catch (error) {
            expect(error).to.be.instanceOf(BadTransactionError);
          }
        }
      }),
    );
  });

  it('is MessagePack', () => {
    const bytes = encoded({ reads: [['a', 3]], conditions: [['b', null]], writes: [['c', 'ü']] });
    expect(unpack(bytes)).to.deep.equal([
      ['a', 3],
      ['b', null],
      ['c', 'ü'],
    ]);
  });

  it('is refused with half a character, before it is packed', () => {
    expect(() => encoded({ writes: [['\ud800', 'v']] })).to.throw(BadTransactionError);
    expect(() => encoded({ writes: [['k', '\ud800']] })).to.throw(BadTransactionError);
  });

  it('is refused over its limit of bytes, when it is packed too', () => {
    const writes = Array.from(
      { length: 9 },
      (_, place) => [`key ${place}`, 'v'.repeat(VALUE_BYTES_MAX)] as const,
    );
    expect(() => encoded({ writes })).to.throw(BadTransactionError, String(TRANSACTION_BYTES_MAX));
  });

  it('takes keys and values up to their limits', () => {
    const writes = [['k'.repeat(KEY_BYTES_MAX), 'v'.repeat(VALUE_BYTES_MAX)]] as const;
    expect(decodeTransaction(encoded({ writes })).writes).to.deep.equal(writes);
  });
});

describe('the id of a transaction', () => {
  it('names the life of its leader, and orders later ones behind', () => {
    const id = transactionId(3, 7);
    expect([formatId(id), lifeOf(id)]).to.deep.equal(['3.7', 3]);
    expect(transactionId(4, 1)).to.be.greaterThan(transactionId(3, 2 ** 32 - 1));
  });
});
