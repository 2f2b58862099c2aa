import { expect } from 'chai';
import fc from 'fast-check';
import type { JournalKey, JournalView } from '../../actors/journal.ts';
import { MemoryDisk, MemoryJournal } from '../../actors/memory-journal.ts';
import { packTransaction } from '../../actors/threads/packed-transaction.ts';

const nothing = () => {};
const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: JournalKey, value = 'value') => ({ key, value: bytes(value) });
const keysBelow = (view: JournalView, prefix: JournalKey, from?: JournalKey) =>
  [...view.range(prefix, from)].map(([key]) => key);
const text = (view: JournalView, key: JournalKey) => {
  const value = view.get(key);
  return value && new TextDecoder().decode(value);
};

/** A journal whose flushes end when the test says so. */
function heldBack(disk = new MemoryDisk()) {
  const flushes: (() => void)[] = [];
  const journal = new MemoryJournal({ disk, flush: (run) => flushes.push(run) });
  return { disk, journal, flushes };
}

describe('the journal in memory', () => {
  it('is durable at once when nobody holds the flush back', () => {
    const journal = new MemoryJournal();
    const log: string[] = [];
    journal.commit([put(['log', 1], 'one')], () => log.push(`durable, reads ${text(journal, ['log', 1])}`));
    expect(log).to.deep.equal(['durable, reads one']);
  });

  it('applies the writes of a transaction in their order, all of them or none', () => {
    const journal = new MemoryJournal();
    journal.commit([put(['a', 1]), put(['a', 2]), put(['b', 1])], nothing);
    journal.commit([{ clear: ['a'] }, put(['a', 3]), { key: ['b', 1], value: undefined }], nothing);
    expect(keysBelow(journal, [])).to.deep.equal([['a', 3]]);
  });

  it('takes a run of packed writes in its place among the others', () => {
    const run = [put(['a', 1], 'one'), { key: ['a', 2], value: undefined }, put(['ü\x00', 3], '')];
    const packed = packTransaction(run);
    const disk = new MemoryDisk();
    const journal = new MemoryJournal({ disk });
    journal.commit([put(['a', 1], 'rotten'), put(['a', 2]), put(['a', 3])], nothing);
    disk.rot(['a', 1]);
    journal.commit([{ packed }, put(['a', 3], 'three')], nothing);
    packed.fill(0);
    expect(
      [...journal.range([])].map(([key, value]) => [key, new TextDecoder().decode(value)]),
    ).to.deep.equal([
      [['a', 1], 'one'],
      [['a', 3], 'three'],
      [['ü\x00', 3], ''],
    ]);
  });

  it('orders numbers by value and strings by their UTF-8 bytes', () => {
    const journal = new MemoryJournal();
    const keys = [
      ['t', 2],
      ['t', 10],
      ['t', 2 ** 32 - 1],
      ['t', 2 ** 32],
      ['t', Number.MAX_SAFE_INTEGER],
      ['t', ''],
      ['t', '\x00'],
      ['t', '\x00\x00'],
      ['t', '\x01'],
      ['t', 'Z'],
      ['t', 'a'],
      ['t', 'a', 0],
      ['t', 'a', 'b'],
      ['t', 'a\x00'],
      ['t', 'ab'],
      ['t', 'ä'],
      ['t', '\uffee'],
      // Above U+FFFF: UTF-16 would put it before the last one.
      ['t', '😀'],
    ];
    journal.commit(keys.map((key) => put(key)).reverse(), nothing);
    expect(keysBelow(journal, ['t'])).to.deep.equal(keys);
  });

  it('ranges below a prefix: not the prefix itself, not longer strings, from a key that is included', () => {
    const journal = new MemoryJournal();
    journal.commit([put(['a']), put(['a', 1]), put(['a', 2, 'x']), put(['a', 3]), put(['ab', 1])], nothing);
    expect(keysBelow(journal, ['a'])).to.deep.equal([
      ['a', 1],
      ['a', 2, 'x'],
      ['a', 3],
    ]);
    expect(keysBelow(journal, ['a'], ['a', 2])).to.deep.equal([
      ['a', 2, 'x'],
      ['a', 3],
    ]);
    expect(keysBelow(journal, ['a'], ['a', 3])).to.deep.equal([['a', 3]]);
    expect(keysBelow(journal, ['a'], ['a', 4])).to.deep.equal([]);
    expect(keysBelow(journal, ['b'])).to.deep.equal([]);
  });

  it('clears below a prefix only', () => {
    const journal = new MemoryJournal();
    journal.commit([put(['a']), put(['a', 1]), put(['a', 2]), put(['ab', 1])], nothing);
    journal.commit([{ clear: ['a'] }], nothing);
    expect(keysBelow(journal, [])).to.deep.equal([['a'], ['ab', 1]]);
  });

  it('refuses numbers that no journal can order', () => {
    const journal = new MemoryJournal();
    for (const number of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => journal.get(['t', number])).to.throw(RangeError);
    }
  });

  it('agrees with a plain sorted list, whatever is put, deleted, cleared and copied', () => {
    const part = fc.oneof(fc.nat(5), fc.constantFrom('', 'a', 'ab', 'b', '\x00', 'ü'));
    const key = fc.array(part, { minLength: 1, maxLength: 3 });
    const write = fc.oneof(
      { weight: 5, arbitrary: fc.record({ put: key }) },
      { weight: 2, arbitrary: fc.record({ delete: key }) },
      { weight: 1, arbitrary: fc.record({ clear: fc.array(part, { maxLength: 2 }) }) },
    );
    fc.assert(
      fc.property(fc.array(write, { maxLength: 60 }), (writes) => {
        const journal = new MemoryJournal();
        const model = new Map<string, JournalKey>();
        for (const step of writes) {
          const before = journal.snapshot();
          const expected = [...model.keys()].sort();
          if ('put' in step) {
            journal.commit([put(step.put)], nothing);
            model.set(JSON.stringify(step.put), step.put);
          } else if ('delete' in step) {
            journal.commit([{ key: step.delete, value: undefined }], nothing);
            model.delete(JSON.stringify(step.delete));
          } else {
            journal.commit([{ clear: step.clear }], nothing);
            for (const [name, candidate] of model) {
              const inside = step.clear.every((item, index) => candidate[index] === item);
              if (inside && candidate.length > step.clear.length) model.delete(name);
            }
          }
          const seen = keysBelow(before, []).map((seenKey) => JSON.stringify(seenKey));
          expect(seen.sort()).to.deep.equal(expected);
        }
        const left = keysBelow(journal, []).map((leftKey) => JSON.stringify(leftKey));
        expect(left.sort()).to.deep.equal([...model.keys()].sort());
        expect(journal.disk.size).to.equal(model.size);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('holds many records in order, put in any order', () => {
    const journal = new MemoryJournal();
    const count = 20_000;
    // 7919 has no factor in common with the count, so every number comes once.
    journal.commit(
      Array.from({ length: count }, (_, index) => put(['log', (index * 7919) % count])),
      nothing,
    );
    expect(keysBelow(journal, ['log']).map(([, number]) => number)).to.deep.equal([...Array(count).keys()]);
    for (let number = 0; number < count; number += 2) {
      journal.commit([{ key: ['log', number], value: undefined }], nothing);
    }
    expect(journal.disk.size).to.equal(count / 2);
    expect(text(journal, ['log', 4321])).to.equal('value');
    expect(text(journal, ['log', 4320])).to.equal(undefined);
  });

  it('keeps a snapshot unchanged by later transactions, and a range by commits during it', () => {
    const journal = new MemoryJournal();
    journal.commit([put(['a', 1], 'old'), put(['a', 2], 'old')], nothing);
    using snapshot = journal.snapshot();
    const seen: JournalKey[] = [];
    for (const [key] of journal.range(['a'])) {
      journal.commit([{ clear: ['a'] }, put(['a', 3], 'new')], nothing);
      seen.push(key);
    }
    expect(seen).to.deep.equal([
      ['a', 1],
      ['a', 2],
    ]);
    expect(keysBelow(journal, ['a'])).to.deep.equal([['a', 3]]);
    expect(keysBelow(snapshot, ['a'])).to.deep.equal([
      ['a', 1],
      ['a', 2],
    ]);
    expect(text(snapshot, ['a', 1])).to.equal('old');
  });

  describe('with a flush that is held back', () => {
    it('shows a transaction when it is durable, not before', () => {
      const { journal, flushes } = heldBack();
      const log: string[] = [];
      journal.commit([put(['a', 1])], () => log.push('durable'));
      expect([journal.get(['a', 1]), log, journal.waiting]).to.deep.equal([undefined, [], 1]);
      flushes[0]!();
      expect([text(journal, ['a', 1]), log, journal.waiting]).to.deep.equal(['value', ['durable'], 0]);
    });

    it('flushes one after the other, each with all that was committed before it began', () => {
      const { journal, flushes } = heldBack();
      const log: number[] = [];
      for (const number of [1, 2, 3]) journal.commit([put(['a', number])], () => log.push(number));
      expect(flushes).to.have.length(1);
      flushes[0]!();
      expect(log).to.deep.equal([1]);
      expect(flushes).to.have.length(2);
      flushes[0]!();
      expect(log, 'a flush ends once').to.deep.equal([1]);
      flushes[1]!();
      expect(log).to.deep.equal([1, 2, 3]);
      expect(flushes).to.have.length(2);
    });

    it('takes a commit from inside durable, in order', () => {
      const { journal, flushes } = heldBack();
      const log: string[] = [];
      journal.commit([put(['a', 1])], () => log.push('first'));
      flushes[0]!();
      journal.commit([put(['a', 2])], () => {
        log.push('second');
        journal.commit([put(['a', 4])], () => log.push('fourth'));
      });
      journal.commit([put(['a', 3])], () => log.push('third'));
      for (let index = 1; index < flushes.length; index += 1) flushes[index]!();
      expect(log).to.deep.equal(['first', 'second', 'third', 'fourth']);
    });

    it('loses the unflushed in a crash and keeps the flushed', () => {
      const { disk, journal, flushes } = heldBack();
      const log: string[] = [];
      journal.commit([put(['a', 1])], () => log.push('first'));
      flushes[0]!();
      journal.commit([put(['a', 2])], () => log.push('second'));
      journal.crash();
      flushes[1]!();
      const next = new MemoryJournal({ disk });
      flushes[1]!();
      expect(keysBelow(next, ['a'])).to.deep.equal([['a', 1]]);
      expect(log).to.deep.equal(['first']);
    });

    it('lets nothing of a former life land on the disk of the next one', () => {
      const { disk, journal, flushes } = heldBack();
      journal.commit([put(['a', 1])], () => expect.fail('a dead journal answered'));
      const next = new MemoryJournal({ disk });
      flushes[0]!();
      journal.commit([put(['a', 2])], () => expect.fail('a dead journal answered'));
      flushes[1]?.();
      journal.crash(1);
      next.commit([put(['a', 3])], nothing);
      expect(keysBelow(next, ['a'])).to.deep.equal([['a', 3]]);
    });

    it('may have written the first of the unflushed without telling anyone, as real disks do', () => {
      const { disk, journal } = heldBack();
      for (const number of [1, 2, 3]) {
        journal.commit([put(['a', number])], () => expect.fail('a dead journal answered'));
      }
      journal.crash(2);
      expect(keysBelow(new MemoryJournal({ disk }), ['a'])).to.deep.equal([
        ['a', 1],
        ['a', 2],
      ]);
    });
  });
});
