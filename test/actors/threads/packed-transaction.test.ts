import { expect } from 'chai';
import { keyBytes } from '../../../actors/key-bytes.ts';
import { payloadOf, putsAnything, RECORD_BYTES_MAX, unpackWrites } from '../../../actors/packed-writes.ts';
import { packTransaction } from '../../../actors/threads/packed-transaction.ts';

const value = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a packed transaction', () => {
  it('holds its writes in their order', () => {
    const packed = packTransaction([
      { key: ['a', 1], value: value('one') },
      { key: ['b'], value: undefined },
      { clear: ['c'] },
      { key: ['d'], value: value('') },
    ]);
    const writes = [...unpackWrites(packed)].map((write) => [
      write.operation,
      Buffer.from(write.key).toString('hex'),
      write.operation === 'put' ? Buffer.from(payloadOf(write.key, write.record)!).toString() : undefined,
    ]);
    expect(writes).to.deep.equal([
      ['put', keyBytes(['a', 1]).toString('hex'), 'one'],
      ['delete', keyBytes(['b']).toString('hex'), undefined],
      ['clear', keyBytes(['c']).toString('hex'), undefined],
      ['put', keyBytes(['d']).toString('hex'), ''],
    ]);
  });

  it('shares no bytes with another, of whatever size they are', () => {
    const sizes = [10, 5_000_000, 10, 70_000, 0];
    const packed = sizes.map((size, index) =>
      packTransaction([{ key: [index], value: new Uint8Array(size).fill(index) }]),
    );
    packed.forEach((bytes, index) => {
      const [put] = unpackWrites(bytes);
      const { key, record } = put as { key: Uint8Array; record: Uint8Array };
      const payload = payloadOf(key, record)!;
      expect(payload.byteLength).to.equal(sizes[index]);
      expect(payload.every((byte) => byte === index)).to.equal(true);
      expect(bytes.buffer.byteLength).to.equal(bytes.byteLength);
    });
  });

  it('says whether it puts anything', () => {
    expect(putsAnything(packTransaction([{ clear: ['b'] }, { key: ['a'], value: value('x') }]))).to.equal(
      true,
    );
    expect(putsAnything(packTransaction([{ clear: ['b'] }, { key: ['a'], value: undefined }]))).to.equal(
      false,
    );
  });

  it('refuses keys and records that the journal cannot take, saying how large they are', () => {
    expect(() => packTransaction([{ key: ['k'.repeat(2000)], value: value('x') }])).to.throw(
      /key of 2002 bytes/,
    );
    expect(() => packTransaction([{ key: ['k'], value: new Uint8Array(RECORD_BYTES_MAX + 1) }])).to.throw(
      /record of/,
    );
    expect(() => packTransaction([{ key: [-1], value: value('x') }])).to.throw(RangeError);
  });
});

describe('a record', () => {
  const [put] = unpackWrites(packTransaction([{ key: ['a'], value: value('payload') }]));
  const { key, record } = put as { key: Uint8Array; record: Uint8Array };

  it('fails its checksum when any bit of it has changed', () => {
    for (let bit = 0; bit < record.byteLength * 8; bit++) {
      const changed = record.slice();
      changed[bit >>> 3]! ^= 1 << (bit & 7);
      expect(payloadOf(key, changed), `bit ${bit}`).to.equal(undefined);
    }
  });

  it('fails its checksum under another key, and when it is cut short', () => {
    expect(payloadOf(keyBytes(['b']), record)).to.equal(undefined);
    expect(payloadOf(key, record.subarray(0, record.byteLength - 1))).to.equal(undefined);
    expect(payloadOf(key, record.subarray(0, 2))).to.equal(undefined);
  });
});
