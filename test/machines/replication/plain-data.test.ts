import { expect } from 'chai';
import fc from 'fast-check';
import { pack, unpack } from '../../../actors/codec.ts';
import { crc32 } from '../../../machines/replication/checksum.ts';
import { compareKeys } from '../../../machines/replication/key-order.ts';
import { estimateBytes, plainCopy } from '../../../machines/replication/plain-data.ts';
import {
  packable,
  payloadBytes,
  readPayload,
  writePayload,
} from '../../../machines/replication/record-payload.ts';

const text = fc.string({ unit: 'binary', maxLength: 40 });

const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

/** A value as a record holds it, among other bytes. */
function stored(value: unknown): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
  const packed = packable(value);
  const start = 3;
  const end = start + payloadBytes(packed);
  const bytes = Buffer.alloc(end + 2, 0xee);
  writePayload(packed, bytes, start);
  return { bytes, start, end };
}

describe('plain data', () => {
  it('is copied to exactly what the disk would give back', () => {
    fc.assert(
      fc.property(plainData, (value) => {
        const { bytes, start, end } = stored(value);
        expect(readPayload(bytes, start, end)).to.deep.equal(plainCopy(value));
        expect(plainCopy(unpack(pack(value)))).to.deep.equal(plainCopy(value));
      }),
      { numRuns: 500 },
    );
  });

  it('is copied in depth, binaries into bytes of their own', () => {
    const frame = new Uint8Array(1000).fill(7);
    const value = { list: [frame.subarray(10, 20)] };
    const copy = plainCopy(value) as { list: Uint8Array[] };
    value.list[0]![0] = 1;
    value.list.push(frame);
    expect(copy).to.deep.equal({ list: [new Uint8Array(10).fill(7)] });
    expect(copy.list[0]!.buffer.byteLength).to.equal(10);
  });

  it('holds nothing that would come back as something else', () => {
    const half = '\ud800';
    const bad = [
      new Date(),
      new Map(),
      () => 0,
      Symbol('s'),
      5n,
      half,
      { [half]: 1 },
      [new Set()],
      JSON.parse('{"__proto__":1}'),
    ];
    for (const value of bad) expect(() => plainCopy(value), String(value)).to.throw(TypeError);
  });

  it('has a size that grows with it', () => {
    expect(estimateBytes('x'.repeat(1000))).to.be.within(1000, 1100);
    expect(estimateBytes(new Uint8Array(1000))).to.be.within(1000, 1100);
    expect(estimateBytes([{ a: 'x'.repeat(1000) }])).to.be.within(1000, 1200);
  });

  it('has a payload that is packed data, of exactly the size that was said', () => {
    const value = fc.oneof(plainData, fc.string({ unit: 'binary', maxLength: 700 }));
    fc.assert(
      fc.property(value, (value) => {
        const { bytes, start, end } = stored(value);
        expect(plainCopy(unpack(bytes.subarray(start, end)))).to.deep.equal(plainCopy(value));
        expect([...bytes.subarray(0, start), ...bytes.subarray(end)]).to.deep.equal(Array(5).fill(0xee));
      }),
    );
  });
});

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    // Ends of the ranges where UTF-16 and UTF-8 order differ.
    const letter = fc.constantFrom(
      '',
      'a',
      'ab',
      '\u07ff',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    );
    const key = fc.oneof(
      fc.array(letter, { maxLength: 5 }).map((letters) => letters.join('')),
      text,
    );
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).to.equal(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the checksum', () => {
  it('is CRC-32, and can go on from a part', () => {
    const bytes = Buffer.from('123456789');
    expect(crc32(bytes)).to.equal(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).to.equal(0xcbf43926);
  });
});
