import { expect } from 'chai';
import fc from 'fast-check';
import { pack } from '../../../actors/codec.ts';
import { BadTransactionError } from '../../../machines/two-phase-commit/errors.ts';
import { packGroup, unpackGroup } from '../../../machines/two-phase-commit/group.ts';
import {
  decodeTransaction,
  encodeTransaction,
  KEY_BYTES_MAX,
  TRANSACTION_BYTES_MAX,
  type Transaction,
  VALUE_BYTES_MAX,
} from '../../../machines/two-phase-commit/transaction.ts';
import { formatId, lifeOf, transactionId } from '../../../machines/two-phase-commit/transaction-id.ts';
import { encoded } from './values.ts';

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

  const REFUSED: Readonly<Record<string, unknown>> = {
    'no list': 'abc',
    'a list of two': [[], []],
    'a key without its second': [[], [], ['a']],
    'an empty key': [[], [], ['', 'v']],
    'a key that is no text': [[], [], [7, 'v']],
    'a key over the limit': [[], [], ['k'.repeat(KEY_BYTES_MAX + 1), 'v']],
    'a key over the limit in bytes': [[], [], ['ü'.repeat(KEY_BYTES_MAX / 2 + 1), 'v']],
    'a value over the limit': [[], [], ['k', 'v'.repeat(VALUE_BYTES_MAX + 1)]],
    'a binary over the limit': [[], [], ['k', new Uint8Array(VALUE_BYTES_MAX + 1)]],
    'a value that is a number': [[], [], ['k', 7]],
    'a version that is a text': [['k', 'v'], [], []],
    'a version below zero': [['k', -1], [], []],
    'a key twice among its writes': [[], [], ['k', 'v', 'k', 'w']],
  };
  for (const [what, parts] of Object.entries(REFUSED)) {
    it(`is refused with ${what}`, () => {
      expect(() => decodeTransaction(pack(parts))).to.throw(BadTransactionError);
    });
  }

  it('is refused with half a character, before it is packed', () => {
    expect(() => encoded({ writes: [['\ud800', 'v']] })).to.throw(BadTransactionError);
    expect(() => encoded({ writes: [['k', '\ud800']] })).to.throw(BadTransactionError);
  });

  it('is refused where the bytes do not decode', () => {
    expect(() => decodeTransaction(Uint8Array.of(0xdd, 1, 2))).to.throw(
      BadTransactionError,
      'does not decode',
    );
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
