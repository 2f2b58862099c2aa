import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { pack } from '../../../actors/codec.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { seededRandom } from '../../../actors/random.ts';
import { packTransaction } from '../../../actors/threads/packed-transaction.ts';
import { ApplicationStore } from '../../../machines/replication/application-store.ts';
import { RECORD_KEY_BYTES_MAX } from '../../../machines/replication/record-memory.ts';

/** Flushes by hand: `take` begins, `land` ends. A restart finds what has landed. */
class Harness {
  readonly #cacheBytesMax: number | undefined;
  #journal = new MemoryJournal();
  readonly #taken: { readonly writes: JournalWrite[]; readonly transaction: number }[] = [];
  #lastTransaction = 0;
  store: ApplicationStore;

  constructor(cacheBytesMax?: number) {
    this.#cacheBytesMax = cacheBytesMax;
    this.store = this.#open();
  }

  take(): void {
    const taken = { writes: [], transaction: ++this.#lastTransaction };
    this.#taken.push(taken);
    this.store.takeDirty(taken.writes, taken.transaction);
  }

  land(): void {
    const taken = this.#taken.shift();
    if (taken !== undefined)
      this.#journal.commit(taken.writes, () => this.store.persisted(taken.transaction));
  }

  /** The disk has it before the store is told. */
  landUnnoticed(): void {
    const [taken] = this.#taken;
    if (taken !== undefined) this.#journal.commit(taken.writes, () => {});
  }

  restart(): void {
    this.take();
    while (this.#taken.length > 0) this.land();
    this.store = this.#open();
  }

  #open(): ApplicationStore {
    return new ApplicationStore(this.#journal, 3, 'app', this.#cacheBytesMax);
  }
}

const key = fc.constantFrom(
  '',
  'a',
  'aa',
  'ab',
  'b',
  'é',
  '\uffff',
  '\u{1f600}',
  '\u{1f600}b',
  'c\u0000',
  'c\u0001',
);
const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.uint8Array(), fc.array(fc.string()));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('scan' as const),
      prefix: key,
      from: fc.option(key, { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'land' as const, 'landUnnoticed' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

function first([name]: readonly [string, unknown]): string {
  return name;
}

/** As short texts have always been on disk. */
function packedText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(5, 0xdb);
  header.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([header, bytes]);
}

function byBytes([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function scanOf(model: ReadonlyMap<string, unknown>, prefix: string, from = prefix): [string, unknown][] {
  const isWanted = (name: string) =>
    name.startsWith(prefix) && Buffer.compare(Buffer.from(name), Buffer.from(from)) >= 0;
  return [...model].filter(([name]) => isWanted(name)).sort(byBytes);
}

function answersAsModel(cacheBytesMax?: number): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const harness = new Harness(cacheBytesMax);
      const model = new Map<string, unknown>();
      for (const each of steps) {
        if (each.do === 'put') {
          harness.store.put(each.key, each.value);
          model.set(each.key, each.value);
        } else if (each.do === 'delete') {
          harness.store.delete(each.key);
          model.delete(each.key);
        } else if (each.do === 'get') {
          expect(harness.store.get(each.key)).to.deep.equal(model.get(each.key));
        } else if (each.do === 'scan') {
          expect([...harness.store.scan(each.prefix, each.from)]).to.deep.equal(
            scanOf(model, each.prefix, each.from),
          );
        } else {
          harness[each.do]();
        }
      }
      expect([...harness.store.scan('')]).to.deep.equal(scanOf(model, ''));
      harness.restart();
      expect([...harness.store.scan('')]).to.deep.equal(scanOf(model, ''));
    }),
    { numRuns: 300 },
  );
}

describe('the store of an application', () => {
  it('answers as a plain map would, wherever the records are', () => answersAsModel());

  it('answers the same when the cache holds next to nothing', () => answersAsModel(1));

  it('answers the same when the cache turns over often', () => answersAsModel(1000));

  it('reads again from the journal what the cache has forgotten, and no more often than it must', () => {
    const journal = new MemoryJournal();
    const filled = new ApplicationStore(journal, 0, 'app');
    for (const name of ['a', 'b', 'c']) filled.put(name, name);
    const writes: JournalWrite[] = [];
    filled.takeDirty(writes, 1);
    journal.commit(writes, () => {});
    const reads: string[] = [];
    const counting = {
      get: (parts: readonly (string | number)[]) => {
        reads.push(String(parts.at(-1)));
        return journal.get(parts);
      },
      range: () => journal.range(['none']),
    };
    const kept = new ApplicationStore(counting, 0, 'app');
    for (const name of ['a', 'a', 'x', 'x']) kept.get(name);
    expect(reads.splice(0)).to.deep.equal(['a', 'x']);
    const forgetful = new ApplicationStore(counting, 0, 'app', 150);
    for (const name of ['a', 'b', 'c', 'a']) expect(forgetful.get(name)).to.equal(name);
    expect(reads).to.deep.equal(['a', 'b', 'c', 'a']);
  });

  it('shows a scan as it stood when it began, so that a range can be deleted while it is read', () => {
    const { store } = new Harness();
    for (const name of ['a', 'b', 'c']) store.put(name, name);
    const seen: string[] = [];
    for (const [name] of store.scan('')) {
      seen.push(name);
      store.delete('b');
      store.put('bb', 'new');
    }
    expect(seen).to.deep.equal(['a', 'b', 'c']);
    expect([...store.scan('')].map(([name]) => name)).to.deep.equal(['a', 'bb', 'c']);
  });

  it('shares nothing with what was put or what was got', () => {
    const { store } = new Harness();
    const list = ['a'];
    store.put('list', list);
    list.push('b');
    (store.get('list') as string[]).push('c');
    for (const [, got] of store.scan('list')) (got as string[]).push('d');
    expect(store.get('list')).to.deep.equal(['a']);
  });

  it('keeps no frame alive for a binary that came in it', () => {
    const harness = new Harness();
    harness.store.put('k', new Uint8Array(100_000).subarray(5, 10));
    expect((harness.store.get('k') as Uint8Array).buffer.byteLength).to.equal(5);
    harness.restart();
    expect((harness.store.get('k') as Uint8Array).buffer.byteLength).to.equal(5);
  });

  it('counts what is dirty', () => {
    const harness = new Harness();
    harness.store.put('k', 'x'.repeat(1000));
    const once = harness.store.dirtyBytes;
    expect(once).to.be.within(1000, 1300);
    harness.store.put('k', 'y'.repeat(1000));
    expect(harness.store.dirtyBytes).to.equal(once);
    harness.store.delete('k');
    expect(harness.store.dirtyBytes).to.be.below(300);
    harness.take();
    expect(harness.store.dirtyBytes).to.equal(0);
  });

  it('takes keys up to the limit of the disk and refuses others', () => {
    const { store } = new Harness();
    const longest = 'é'.repeat(RECORD_KEY_BYTES_MAX / 2);
    store.put(longest, 1);
    expect(store.get(longest)).to.equal(1);
    expect(() => store.put(`${longest}x`, 1)).to.throw(RangeError);
    expect(() => store.put('\ud800', 1)).to.throw(TypeError);
    expect(store.get(`${longest}x`)).to.equal(undefined);
  });

  it('writes the same bytes as if each record were written by itself', () => {
    const longText = fc.string({ unit: 'binary', minLength: 400, maxLength: 600 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, fc.oneof(value, longText)), { selector: first }),
        (entries) => {
          const { store } = new Harness();
          for (const [name] of entries) store.put(name, 'what it was before');
          for (const [name, last] of entries) store.put(name, last);
          store.put('deleted', 1);
          store.delete('deleted');
          const writes: JournalWrite[] = [];
          store.takeDirty(writes, 1);
          const separate = entries.map(([name, last]) => ({
            key: ['data', 3, 'app', name],
            value: typeof last === 'string' && last.length <= 512 ? packedText(last) : pack(last),
          }));
          expect(packTransaction(writes)).to.deep.equal(
            packTransaction([...separate, { key: ['data', 3, 'app', 'deleted'], value: undefined }]),
          );
        },
      ),
    );
  });

  it('takes no more memory than it may, however long it is written to and read', async function () {
    this.timeout(20_000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const cacheBytesMax = 1024 * 1024;
    const harness = new Harness(cacheBytesMax);
    const random = seededRandom(1);
    const names = Array.from({ length: 5000 }, (_, index) => `record ${index}`);
    const model = new Map<string, string>();
    const usedBytes = async () => {
      // What one collection has found is let go of by the next.
      for (let time = 0; time < 3; time++) {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      }
      return process.memoryUsage().arrayBuffers;
    };
    const before = await usedBytes();
    for (let round = 0; round < 200; round++) {
      for (let step = 0; step < 500; step++) {
        const name = names[random.integer(0, names.length - 1)]!;
        const text = 'x'.repeat(random.integer(0, random.integer(0, 99) === 0 ? 20_000 : 400));
        if (step % 3 === 0) expect(harness.store.get(name)).to.equal(model.get(name));
        harness.store.put(name, text);
        model.set(name, text);
      }
      harness.take();
      if (round > 10) harness.land();
    }
    for (let round = 0; round <= 10; round++) harness.land();
    const onDisk = [...model.values()].reduce((bytes, text) => bytes + text.length + 5, 0);
    expect((await usedBytes()) - before - onDisk).to.be.below(2 * cacheBytesMax);
    for (const name of names) expect(harness.store.get(name)).to.equal(model.get(name));
  });

  it('gives queries no way to write', () => {
    const { store } = new Harness();
    store.put('k', 1);
    expect(store.reader.get('k')).to.equal(1);
    expect([...store.reader.scan('')]).to.deep.equal([['k', 1]]);
    expect(store.reader).to.have.all.keys('get', 'scan');
  });
});
