import { expect } from 'chai';
import fc from 'fast-check';
import { UnknownMemberError } from '../../../machines/eventual/errors.ts';
import { packOperations } from '../../../machines/eventual/operations.ts';
import {
  contextBytes,
  packContext,
  RunReader,
  RunWriter,
  readContext,
} from '../../../machines/eventual/run.ts';
import { checkRun } from '../../../machines/eventual/server-state.ts';
import { VarintReader, varintBytes, writeVarint } from '../../../machines/eventual/varint.ts';
import { clock } from './values.ts';

const number = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat());

const version = fc.record({
  origin: fc.constantFrom(0, 1, 2 ** 32 + 1),
  counter: fc.integer({ min: 1, max: 300 }),
  order: clock,
  past: clock,
  key: fc.string({ unit: 'grapheme', maxLength: 6 }),
  value: fc.option(fc.string({ maxLength: 8 }), { nil: undefined }),
});

describe('a number', () => {
  it('comes back as it was written, in as many bytes as it was said to take', () => {
    fc.assert(
      fc.property(fc.array(number), (numbers) => {
        const target = Buffer.alloc(8 * numbers.length);
        let end = 0;
        for (const value of numbers) {
          const start = end;
          end = writeVarint(value, target, end);
          expect(end - start).to.equal(varintBytes(value));
        }
        const reader = new VarintReader(target.subarray(0, end));
        expect(numbers.map(() => reader.next())).to.deep.equal(numbers);
        expect(reader.hasMore).to.equal(false);
      }),
    );
  });

  it('that does not end, or is too large, is none', () => {
    for (const bytes of [
      [],
      [0x80],
      [255, 255, 255, 255, 255, 255, 255, 255, 1],
      new Array<number>(20).fill(0x80),
    ]) {
      expect(() => new VarintReader(Uint8Array.from(bytes)).next()).to.throw(RangeError);
    }
  });
});

describe('a run of versions', () => {
  it('comes back as it was packed', () => {
    fc.assert(
      fc.property(fc.array(version), (versions) => {
        const writer = new RunWriter();
        for (const { origin, counter, order, past, key, value } of versions) {
          const packed = Buffer.from(packOperations([{ key, value }]));
          writer.add(origin, counter, { order, past }, packed, 0, packed.byteLength);
        }
        expect(writer.count).to.equal(versions.length);
        const reader = new RunReader(writer.take());
        for (const { origin, counter, order, past, key, value } of versions) {
          expect(reader.next()).to.equal(true);
          expect({ origin: reader.origin, counter: reader.counter, key: reader.key }).to.deep.equal({
            origin,
            counter,
            key,
          });
          expect(reader.context).to.deep.equal({ order, past });
          expect(reader.isTombstone).to.equal(value === undefined);
          const packed = packOperations([{ key, value }]);
          expect(new Uint8Array(reader.bytes.subarray(reader.start, reader.end))).to.deep.equal(packed);
        }
        expect(reader.next()).to.equal(false);
      }),
    );
  });

  it('takes a few bytes for versions that share a context', () => {
    const writer = new RunWriter();
    const packed = Buffer.from(packOperations([{ key: 'key', value: 'value' }]));
    const context = { order: [1, 1000, 2, 2000], past: [2, 3] };
    for (let counter = 1; counter <= 100; counter++)
      writer.add(0, counter, context, packed, 0, packed.byteLength);
    expect(writer.take().byteLength).to.be.below(100 * (packed.byteLength + 1) + 20);
  });

  it('is looked through before anything of it is used: bytes that are none are refused', () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1 }), fc.nat(), (versions, at) => {
        const writer = new RunWriter();
        for (const { origin, counter, order, past, key, value } of versions) {
          const packed = Buffer.from(packOperations([{ key, value }]));
          writer.add(origin, counter, { order, past }, packed, 0, packed.byteLength);
        }
        const run = writer.take();
        checkRun(run, () => true);
        // Cut anywhere it is a shorter run, or none; never an error of another kind.
        const cut = run.subarray(0, at % run.byteLength);
        try {
          checkRun(cut, () => true);
        } catch (error) {
          expect(error).to.include({ code: 'SYNOD_BAD_GOSSIP' });
        }
      }),
    );
    for (const bytes of [[1], [0, 1], [0, 0, 0, 0, 0, 1, 200], [0, 0, 0, 0, 0, 1, 0, 9]]) {
      expect(() => checkRun(Uint8Array.from(bytes), () => true), String(bytes)).to.throw('does not decode');
    }
  });

  it('is refused when it names a server that is no member, wherever', () => {
    const packed = Buffer.from(packOperations([{ key: 'key', value: 1 }]));
    const isMember = (server: number) => server < 5;
    for (const [origin, order, past] of [
      [9, [], []],
      [0, [9, 1], []],
      [0, [], [9, 1]],
      [0, [9 + 2 ** 32, 1], []],
    ] as const) {
      const writer = new RunWriter();
      writer.add(0, 1, { order: [], past: [] }, packed, 0, packed.byteLength);
      writer.add(origin, 2, { order, past }, packed, 0, packed.byteLength);
      expect(() => checkRun(writer.take(), isMember)).to.throw(UnknownMemberError);
    }
    const writer = new RunWriter();
    writer.add(4, 1, { order: [3, 1], past: [3, 1] }, packed, 0, packed.byteLength);
    checkRun(writer.take(), isMember);
  });
});

describe('a context', () => {
  it('comes back as it was packed', () => {
    fc.assert(
      fc.property(clock, clock, (order, past) => {
        const packed = packContext({ order, past });
        expect(packed.byteLength).to.equal(contextBytes({ order, past }));
        expect(readContext(new VarintReader(packed))).to.deep.equal({ order, past });
      }),
    );
  });
});
