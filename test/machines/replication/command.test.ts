import { expect } from 'chai';
import fc from 'fast-check';
import { pack } from '../../../actors/codec.ts';
import {
  CHUNK_OPERATIONS_MAX,
  type Chunk,
  decodeChunk,
  encodeChunk,
  NONCE_LENGTH_MAX,
} from '../../../machines/replication/command.ts';
import { BadChunkError } from '../../../machines/replication/errors.ts';

const operation = fc.oneof(
  fc.tuple(fc.constant(0), fc.string({ unit: 'grapheme' }), fc.string()),
  fc.record({ type: fc.string(), count: fc.integer() }),
  fc.constant(null),
);

const operations = fc.record({
  kind: fc.constant('operations' as const),
  session: fc.integer({ min: 1 }),
  first: fc.integer({ min: 1 }),
  acknowledged: fc.nat(),
  operations: fc.array(fc.tuple(fc.constantFrom('kv', 'chatroom', 'own'), operation), { minLength: 1 }),
});

function operationsChunk(overrides: object): Chunk {
  return { kind: 'operations', session: 1, first: 1, acknowledged: 0, operations: [['kv', 1]], ...overrides };
}

describe('a chunk', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(operations, (chunk) => {
        expect(decodeChunk(encodeChunk(chunk))).to.deep.equal(chunk);
      }),
    );
    expect(decodeChunk(encodeChunk({ kind: 'open', nonce: 'n-1' }))).to.deep.equal({
      kind: 'open',
      nonce: 'n-1',
    });
  });

  it('names an application once, however many operations are for it', () => {
    const one = encodeChunk(operationsChunk({ operations: [['counter', 7]] }));
    const ten = encodeChunk(operationsChunk({ operations: Array(10).fill(['counter', 7]) }));
    expect(ten.byteLength - one.byteLength).to.equal(9);
  });

  it('is refused by the packer when no replica would take it', () => {
    const bad = [
      operationsChunk({ operations: [] }),
      operationsChunk({ operations: Array(CHUNK_OPERATIONS_MAX + 1).fill(['kv', 1]) }),
      operationsChunk({ session: 0 }),
      operationsChunk({ first: 0 }),
      operationsChunk({ first: 1.5 }),
      operationsChunk({ acknowledged: -1 }),
      operationsChunk({ first: Number.MAX_SAFE_INTEGER }),
      { kind: 'open', nonce: '' } as const,
      { kind: 'open', nonce: 'n'.repeat(NONCE_LENGTH_MAX + 1) } as const,
    ];
    for (const chunk of bad) expect(() => encodeChunk(chunk)).to.throw(BadChunkError);
  });

  it('is refused with a code when the bytes are something else', () => {
    const values = [
      null,
      'text',
      [],
      [2],
      [0],
      [0, 5],
      [0, 'n', 'more'],
      [1, 1, 1, 0],
      [1, 1, 1, 0, 'no list', 'kv'],
      [1, 1, 1, 0, [], 'kv'],
      [1, 1, 1, 0, [1], 5],
      [1, '1', 1, 0, [1], 'kv'],
      [1, 1, 1, 0, [1, 2], ['kv'], [0]],
      [1, 1, 1, 0, [1], ['kv'], [1]],
      [1, 1, 1, 0, [1], [5], [0]],
      [1, 1, 1, 0, [1], 'kv', [0]],
    ];
    for (const value of values) {
      expect(() => decodeChunk(pack(value)), JSON.stringify(value)).to.throw(BadChunkError);
    }
    expect(() => decodeChunk(new Uint8Array()))
      .to.throw(BadChunkError)
      .with.property('code', 'SYNOD_BAD_CHUNK');
  });

  it('never fails in another way, whatever the bytes', () => {
    const real = encodeChunk(
      operationsChunk({
        operations: [
          ['kv', [0, 'key', 'value']],
          ['chatroom', [1, 5]],
        ],
      }),
    );
    const damaged = fc
      .array(fc.tuple(fc.nat(real.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => {
        const bytes = new Uint8Array(real);
        for (const [position, byte] of changes) bytes[position] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          decodeChunk(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(BadChunkError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
