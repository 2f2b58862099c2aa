import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { open } from 'lmdb';
import { CorruptJournalError, CorruptRecordError, DiskFullError } from '../../../actors/errors.ts';
import type { Journal, JournalKey, JournalView, JournalWrite } from '../../../actors/journal.ts';
import { keyBytes } from '../../../actors/key-bytes.ts';
import { Disk } from '../../../actors/threads/disk.ts';
import { Environment } from '../../../actors/threads/environment.ts';
import { LmdbJournal } from '../../../actors/threads/lmdb-journal.ts';
import { ENVIRONMENT } from '../../../actors/threads/lmdb-options.ts';
import { packTransaction } from '../../../actors/threads/packed-transaction.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
const put = (key: JournalKey, value: string): JournalWrite => ({ key, value: bytes(value) });
const durably = (journal: Journal, ...writes: JournalWrite[]): Promise<void> =>
  new Promise((resolve) => journal.commit(writes, resolve));
const keysOf = (view: JournalView, prefix: JournalKey, from?: JournalKey): JournalKey[] =>
  [...view.range(prefix, from)].map(([key]) => key);

/** A journal on a disk thread of its own. `failed` resolves with the error that it fails with. */
class Bench implements AsyncDisposable {
  readonly disk: Disk;
  readonly folder: string;
  readonly failed: Promise<Error>;
  #failed: (error: Error) => void = () => {};
  #end: () => void = () => {};

  constructor(folder: string, journalBytesMax = 2 ** 30, collectMs = 0) {
    this.folder = folder;
    this.disk = new Disk(journalBytesMax, collectMs);
    this.failed = new Promise((resolve) => {
      this.#failed = resolve;
    });
  }

  async open(): Promise<LmdbJournal> {
    const { port } = await this.disk.open(this.folder, 'bench');
    this.#end = () => port.close();
    return new LmdbJournal(this.folder, port, this.#failed);
  }

  /** Ends the life of the node that has the journal. */
  end(): void {
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.disk.close();
  }
}

const itWorks = (collectMs: number) => () => {
  const folder = useTemporaryFolder();

  it('shows a transaction when it is durable, and not a part of it', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    await durably(journal, put(['a'], '1'), put(['b'], '2'));
    expect(text(journal.get(['a']))).to.equal('1');
    await durably(journal, { key: ['a'], value: undefined }, put(['b'], '3'));
    expect(journal.get(['a'])).to.equal(undefined);
    expect(text(journal.get(['b']))).to.equal('3');
  });

  it('gathers what follows a flush, where it is to wait for company, and writes at once what follows nothing', async () => {
    let journal: LmdbJournal;
    const later: string[] = [];
    {
      await using bench = new Bench(folder(), 2 ** 30, 3_600_000);
      journal = await bench.open();
      await durably(journal, put(['a'], '1'));
      for (const key of ['b', 'c']) journal.commit([put([key], '2')], () => later.push(key));
      expect(later).to.deep.equal([]);
    }
    await using bench = new Bench(folder());
    journal = await bench.open();
    expect(['a', 'b', 'c'].map((key) => text(journal.get([key])))).to.deep.equal(['1', '2', '2']);
  });

  it('calls back in the order of the commits, though many share a flush', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      for (let number = 0; number < 200; number++) {
        const writes =
          number % 7 === 3 ? [{ clear: ['none'] }, put(['n'], `${number}`)] : [put(['n'], `${number}`)];
        journal.commit(number % 50 === 0 ? [] : writes, () => {
          order.push(number);
          if (number % 50 !== 0) expect(Number(text(journal.get(['n'])))).to.be.at.least(number);
          if (number === 199) resolve();
        });
      }
    });
    expect(order).to.deep.equal(Array.from({ length: 200 }, (_, index) => index));
  });

  it('ranges below a prefix in the order of keys, from where it is told', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    const keys: JournalKey[] = [['s'], ['s', 0], ['s', 2], ['s', 10], ['s', 300], ['s', 300, 'x'], ['t', 1]];
    await durably(journal, ...keys.toReversed().map((key) => put(key, JSON.stringify(key))));
    expect(keysOf(journal, ['s'])).to.deep.equal(keys.slice(1, 6));
    expect(keysOf(journal, ['s'], ['s', 3])).to.deep.equal(keys.slice(3, 6));
    expect(keysOf(journal, ['s', 300])).to.deep.equal([['s', 300, 'x']]);
    expect(keysOf(journal, [])).to.deep.equal(keys);
    expect(keysOf(journal, ['u'])).to.deep.equal([]);
    for (const [key, value] of journal.range(['s'])) expect(text(value)).to.equal(JSON.stringify(key));
  });

  it('takes keys of letters that mean something to the encoding or to LMDB', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    const keys: JournalKey[] = [
      '',
      '\x00',
      '\x00\x00',
      '\x01',
      'a',
      'a\x00',
      'a\x00b',
      'ab',
      'ÿ',
      '日本',
      '😀',
    ].map((name) => ['k', name]);
    await durably(journal, ...keys.map((key) => put(key, JSON.stringify(key))));
    for (const key of keys) expect(text(journal.get(key))).to.equal(JSON.stringify(key));
    expect(keysOf(journal, ['k'])).to.deep.equal(keys);
  });

  it('says nothing of keys longer than it takes', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    await durably(journal, put(['k', 'a'], '1'), put(['k', 'z'], '2'));
    const long = 'm'.repeat(5000);
    expect(journal.get(['k', long])).to.equal(undefined);
    expect(keysOf(journal, ['k', long])).to.deep.equal([]);
    expect(keysOf(journal, ['k'], ['k', long])).to.deep.equal([['k', 'z']]);
    expect(() => journal.commit([put(['k', long], 'x')], () => {})).to.throw(
      /SYNOD|over what a journal takes/,
    );
    await durably(journal, put(['k', 'b'], '3'));
    expect(keysOf(journal, ['k'])).to.deep.equal([
      ['k', 'a'],
      ['k', 'b'],
      ['k', 'z'],
    ]);
  });

  it('clears a prefix in its place among the writes of a transaction', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    const many = Array.from({ length: 3000 }, (_, index) => put(['log', index], `${index}`));
    await durably(journal, put(['log'], 'itself'), put(['other'], 'kept'), ...many);
    await durably(journal, put(['log', 5000], 'before'), { clear: ['log'] }, put(['log', 7], 'after'));
    expect(keysOf(journal, ['log'])).to.deep.equal([['log', 7]]);
    expect(text(journal.get(['log', 7]))).to.equal('after');
    expect(text(journal.get(['log']))).to.equal('itself');
    expect(text(journal.get(['other']))).to.equal('kept');
  });

  it('keeps a snapshot as it was while the journal moves on', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    await durably(journal, put(['a'], 'old'), put(['l', 1], 'old'));
    const snapshot = journal.snapshot();
    const begun = snapshot.range(['l']);
    await durably(journal, put(['a'], 'new'), { clear: ['l'] }, put(['l', 2], 'new'));
    expect(text(snapshot.get(['a']))).to.equal('old');
    expect(keysOf(snapshot, ['l'])).to.deep.equal([['l', 1]]);
    expect(text(begun.next().value?.[1])).to.equal('old');
    begun.return?.();
    expect(text(journal.get(['a']))).to.equal('new');
    snapshot[Symbol.dispose]();
    expect(() => snapshot.get(['a'])).to.throw(/disposed/);
    expect(keysOf(journal, ['l'])).to.deep.equal([['l', 2]]);
  });

  it('gives a large record back whole', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    const large = new Uint8Array(9_000_000).map((_, index) => index * 31);
    await durably(journal, { key: ['large'], value: large });
    expect(Buffer.compare(journal.get(['large'])!, large)).to.equal(0);
    expect(Buffer.compare([...journal.range([])][0]![1], large)).to.equal(0);
  });

  it('shows the next life of the node everything that the last one had posted', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    for (let life = 0; life < 10; life++) {
      const journal = await bench.open();
      expect(keysOf(journal, ['log'])).to.have.length(life * 100);
      for (let index = 0; index < 100; index++)
        journal.commit([put(['log', life * 100 + index], 'x')], () => {});
      bench.end();
    }
    const journal = await bench.open();
    expect(keysOf(journal, ['log'])).to.have.length(1000);
  });

  it('never serves a record that fails its checksum, and does not open again', async () => {
    await using bench = new Bench(folder(), undefined, collectMs);
    const journal = await bench.open();
    await durably(journal, put(['a'], 'right'), put(['b'], 'wrong'));
    const db = open<Buffer, Uint8Array>(folder(), ENVIRONMENT);
    const record = Buffer.from(db.get(keyBytes(['b']))!);
    record[0]! ^= 1;
    await db.put(keyBytes(['b']), record);
    await db.close();
    await durably(journal, put(['c'], 'right'));
    expect(text(journal.get(['a']))).to.equal('right');
    expect(() => journal.get(['b'])).to.throw(CorruptRecordError, /"b"/);
    expect(() => [...journal.range([])]).to.throw(CorruptRecordError);
    bench.end();
    const refused = await bench.open().catch((reason: unknown) => reason);
    expect(refused).to.be.instanceOf(CorruptRecordError).with.property('message').that.matches(/"b"/);
  });

  it('fails when it has grown to its bound, with nothing half written and nothing written after', async () => {
    await using bench = new Bench(folder(), 1024 * 1024, collectMs);
    const journal = await bench.open();
    let durable = 0;
    const block = 'x'.repeat(10_000);
    for (let index = 0; index < 200; index++) {
      journal.commit([put(['first', index], block), put(['second', index], block)], () => {
        durable += 1;
      });
      if (index % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    }
    journal.commit([put(['last'], 'small')], () => {
      durable += 1000;
    });
    expect(await bench.failed)
      .to.be.instanceOf(DiskFullError)
      .with.property('code', 'SYNOD_DISK_FULL');
    bench.end();

    const kept = await bench.open();
    expect(durable).to.be.greaterThan(0).and.lessThan(1000);
    expect(keysOf(kept, ['first'])).to.have.length(durable);
    expect(keysOf(kept, ['second'])).to.have.length(durable);
    expect(kept.get(['last'])).to.equal(undefined);
    await durably(kept, { clear: ['first'] });
    await durably(kept, put(['last'], 'there is room again'));
    expect(text(kept.get(['last']))).to.equal('there is room again');
  });

  it('leaves other journals of the same disk thread alone when one fails', async () => {
    await using bench = new Bench(join(folder(), 'a'), 1024 * 1024, collectMs);
    const full = await bench.open();
    const other = join(folder(), 'b');
    const { port } = await bench.disk.open(other, 'bench');
    const failures: Error[] = [];
    const well = new LmdbJournal(other, port, (error) => failures.push(error));
    full.commit([{ key: ['much'], value: new Uint8Array(3_000_000) }], () => {});
    await durably(well, put(['a'], '1'));
    expect(await bench.failed).to.be.instanceOf(DiskFullError);
    await durably(well, put(['a'], '2'));
    expect(text(well.get(['a']))).to.equal('2');
    expect(failures).to.deep.equal([]);
    port.close();
  });
};

describe('a journal on LMDB', itWorks(0));

describe('a journal on LMDB that collects transactions', itWorks(5));

describe('a damaged journal', () => {
  const folder = useTemporaryFolder();

  async function expectCorrupt(name: string): Promise<void> {
    await using bench = new Bench(join(folder(), name));
    const error = await bench.open().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, name).to.be.instanceOf(CorruptJournalError).with.property('code', 'SYNOD_CORRUPT_JOURNAL');
    // The thread lives on, and other folders open.
    const { port } = await bench.disk.open(join(folder(), 'well'), 'bench');
    port.close();
  }

  it('is refused when it opens, wherever it was cut short or overwritten', async function () {
    this.timeout(60_000);
    {
      await using bench = new Bench(join(folder(), 'original'));
      const journal = await bench.open();
      await durably(
        journal,
        ...Array.from({ length: 2000 }, (_, index) => put(['k', index], 'x'.repeat(200))),
      );
      await durably(journal, put(['large'], 'y'.repeat(20_000)));
    }
    const original = join(folder(), 'original', 'data.mdb');
    const size = readFileSync(original).byteLength;
    const damage: Record<string, (file: string) => void> = {
      garbage: (file) => writeFileSync(file, Buffer.alloc(size, 'garbage')),
      short: (file) => writeFileSync(file, 'short'),
      'one page': (file) => truncateSync(file, 4096),
      half: (file) => truncateSync(file, size / 2),
      'all but a little': (file) => truncateSync(file, size - 30_000),
      'zeros in the middle': (file) => {
        const content = readFileSync(file);
        content.fill(0, 3 * 4096, size - 4096);
        writeFileSync(file, content);
      },
    };
    for (const [name, spoil] of Object.entries(damage)) {
      mkdirSync(join(folder(), name));
      const file = join(folder(), name, 'data.mdb');
      copyFileSync(original, file);
      spoil(file);
      await expectCorrupt(name);
    }
  });

  it('may be an empty file, which holds nothing', async () => {
    writeFileSync(join(folder(), 'data.mdb'), '');
    await using bench = new Bench(folder());
    const journal = await bench.open();
    await durably(journal, put(['a'], '1'));
    expect(text(journal.get(['a']))).to.equal('1');
  });

  it('is not made of a lock file that was left behind or damaged', async () => {
    const environment = new Environment(folder(), 2 ** 20);
    environment.write(packTransaction([put(['a'], '1')]));
    await environment.close();
    writeFileSync(join(folder(), 'lock.mdb'), Buffer.alloc(8192, 'garbage'));
    await using bench = new Bench(folder());
    expect(text((await bench.open()).get(['a']))).to.equal('1');
  });
});
