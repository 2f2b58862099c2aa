import { expect } from 'chai';
import fc from 'fast-check';
import { pack, unpack } from '../../../actors/codec.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ApplicationStore } from '../../../machines/replication/application-store.ts';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/applications/key-value-bounds.ts';
import {
  type KvOperation,
  type KvPage,
  type KvQuery,
  kv,
  kvOperation,
  kvQuery,
  SCAN_BYTES_MAX,
  SCAN_ENTRIES_MAX,
} from '../../../src/applications/kv.ts';

/** The store as a client meets it: everything passes through the codec. */
function openKv() {
  const state = new ApplicationStore(new MemoryJournal(), 0, kv.name);
  return {
    apply: (operation: KvOperation) => {
      kv.check?.(operation);
      return unpack(pack(kv.apply(unpack(pack(operation)) as KvOperation, state)));
    },
    applyUnchecked: (operation: unknown) => kv.apply(operation as KvOperation, state),
    query: (query: KvQuery) => unpack(pack(kv.query(unpack(pack(query)) as KvQuery, state.reader))),
    queryUnchecked: (query: unknown) => kv.query(query as KvQuery, state.reader),
  };
}

describe('the key-value store', () => {
  it('puts, gets and deletes texts and binaries', () => {
    const store = openKv();
    expect(store.query(kvQuery.get('k'))).to.equal(null);
    expect(store.apply(kvOperation.put('k', 'text'))).to.equal(true);
    expect(store.query(kvQuery.get('k'))).to.equal('text');
    store.apply(kvOperation.put('k', Uint8Array.of(0, 255)));
    expect([...(store.query(kvQuery.get('k')) as Uint8Array)]).to.deep.equal([0, 255]);
    expect(store.apply(kvOperation.delete('k'))).to.equal(true);
    expect(store.apply(kvOperation.delete('k'))).to.equal(false);
    expect(store.query(kvQuery.get('k'))).to.equal(null);
  });

  it('sets a value only where the expected one stands', () => {
    const store = openKv();
    expect(store.apply(kvOperation.compareAndSet('k', 'a', 'b'))).to.equal(false);
    expect(store.apply(kvOperation.compareAndSet('k', null, 'a'))).to.equal(true);
    expect(store.apply(kvOperation.compareAndSet('k', null, 'c'))).to.equal(false);
    expect(store.apply(kvOperation.compareAndSet('k', 'a', Uint8Array.of(1)))).to.equal(true);
    expect(store.apply(kvOperation.compareAndSet('k', Uint8Array.of(2), 'd'))).to.equal(false);
    expect(store.apply(kvOperation.compareAndSet('k', '\u0001', 'd'))).to.equal(false);
    expect(store.apply(kvOperation.compareAndSet('k', Uint8Array.of(1), 'd'))).to.equal(true);
    expect(store.query(kvQuery.get('k'))).to.equal('d');
  });

  it('scans by prefix, page by page, in the order of the keys', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', '\uffff', '\u{1f600}'),
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(key),
        fc.constantFrom('', 'a', 'ab', '\uffff'),
        fc.integer({ min: 1, max: 5 }),
        (keys, prefix, limit) => {
          const store = openKv();
          for (const each of keys) store.apply(kvOperation.put(each, each));
          const scanned: string[] = [];
          let next: string | null = prefix;
          while (next !== null) {
            const page = store.query(kvQuery.scan(prefix, next, limit)) as KvPage;
            expect(page.entries.length).to.be.at.most(limit);
            for (const [name, value] of page.entries) {
              expect(value).to.equal(name);
              scanned.push(name);
            }
            next = page.next;
          }
          const expected = keys
            .filter((each) => each.startsWith(prefix))
            .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          expect(scanned).to.deep.equal(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('bounds a page by entries and by bytes, and gives one entry at least', () => {
    const store = openKv();
    for (let i = 0; i <= SCAN_ENTRIES_MAX; i += 1)
      store.apply(kvOperation.put(`many/${String(i).padStart(5, '0')}`, ''));
    const many = store.query(kvQuery.scan('many/', undefined, Number.MAX_SAFE_INTEGER)) as KvPage;
    expect([many.entries.length, many.next]).to.deep.equal([SCAN_ENTRIES_MAX, 'many/01000']);
    for (const name of ['large/a', 'large/b']) store.apply(kvOperation.put(name, 'x'.repeat(SCAN_BYTES_MAX)));
    const large = store.query(kvQuery.scan('large/')) as KvPage;
    expect([large.entries.length, large.next]).to.deep.equal([1, 'large/b']);
  });

  it('takes keys and values up to their limits', () => {
    const store = openKv();
    const key = 'é'.repeat(KEY_BYTES_MAX / 2);
    expect(store.apply(kvOperation.put(key, 'é'.repeat(VALUE_BYTES_MAX / 2)))).to.equal(true);
    expect(store.apply(kvOperation.put(key, new Uint8Array(VALUE_BYTES_MAX)))).to.equal(true);
  });

  const bad: [what: string, operation: unknown, code: string][] = [
    ['a long key', kvOperation.put(`${'é'.repeat(KEY_BYTES_MAX / 2)}x`, 'v'), 'SYNOD_KEY_TOO_LARGE'],
    ['a large text', kvOperation.put('k', `${'é'.repeat(VALUE_BYTES_MAX / 2)}x`), 'SYNOD_VALUE_TOO_LARGE'],
    ['a large binary', kvOperation.put('k', new Uint8Array(VALUE_BYTES_MAX + 1)), 'SYNOD_VALUE_TOO_LARGE'],
    [
      'a large value to set',
      kvOperation.compareAndSet('k', null, new Uint8Array(VALUE_BYTES_MAX + 1)),
      'SYNOD_VALUE_TOO_LARGE',
    ],
    ['an empty key', kvOperation.delete(''), 'SYNOD_BAD_OPERATION'],
    ['a key that is no text', [0, 5, 'v'], 'SYNOD_BAD_OPERATION'],
    ['half a character', kvOperation.put('\ud800', 'v'), 'SYNOD_BAD_OPERATION'],
    ['a value that is a number', [0, 'k', 5], 'SYNOD_BAD_OPERATION'],
    ['no value', [0, 'k'], 'SYNOD_BAD_OPERATION'],
    ['no expected value', [2, 'k', undefined, 'v'], 'SYNOD_BAD_OPERATION'],
    ['an unknown type', [9, 'k'], 'SYNOD_BAD_OPERATION'],
    ['no list', null, 'SYNOD_BAD_OPERATION'],
  ];
  for (const [what, operation, code] of bad) {
    it(`refuses ${what}: at the client with an error, at the replicas with a result`, () => {
      expect(() => kv.check?.(operation as KvOperation))
        .to.throw()
        .with.property('code', code);
      expect(openKv().applyUnchecked(operation)).to.deep.equal({ refused: code });
    });
  }

  it('answers a query that is none with the reason', () => {
    const store = openKv();
    for (const query of [null, [7], [0], [0, ''], [1, 'p'], [1, 'p', 'p', 0], [1, 5, '', 1]]) {
      expect(store.queryUnchecked(query), JSON.stringify(query)).to.deep.equal({
        refused: 'SYNOD_BAD_OPERATION',
      });
    }
    expect(store.queryUnchecked([0, 'x'.repeat(KEY_BYTES_MAX + 1)])).to.deep.equal({
      refused: 'SYNOD_KEY_TOO_LARGE',
    });
  });
});
