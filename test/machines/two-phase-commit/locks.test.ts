import { expect } from 'chai';
import fc from 'fast-check';
import { type LockOwner, LockTable } from '../../../machines/two-phase-commit/locks.ts';

interface Owner extends LockOwner {
  readonly name: string;
}

function owner(name: string, exclusive: readonly string[], shared: readonly string[] = []): Owner {
  return { name, exclusive, shared, missing: 0 };
}

function names(owners: readonly Owner[]): string[] {
  return owners.map(({ name }) => name);
}

describe('a lock table', () => {
  it('gives a key to one writer at a time, in the order of their coming', () => {
    const table = new LockTable<Owner>();
    const [a, b, c] = [owner('a', ['k']), owner('b', ['k']), owner('c', ['k'])];
    expect([a, b, c].map((each) => table.request(each))).to.deep.equal([true, false, false]);
    expect(names(table.release(a))).to.deep.equal(['b']);
    expect(names(table.release(b))).to.deep.equal(['c']);
    expect(names(table.release(c))).to.deep.equal([]);
    expect(table.size).to.equal(0);
  });

  it('gives a key to many readers, and to none that came after a writer that waits', () => {
    const table = new LockTable<Owner>();
    const [a, b, writer, late] = [
      owner('a', [], ['k']),
      owner('b', [], ['k']),
      owner('w', ['k']),
      owner('l', [], ['k']),
    ];
    expect([a, b, writer, late].map((each) => table.request(each))).to.deep.equal([true, true, false, false]);
    expect(names(table.release(a))).to.deep.equal([]);
    expect(names(table.release(b))).to.deep.equal(['w']);
    expect(names(table.release(writer))).to.deep.equal(['l']);
  });

  it('tells an owner only when it has all its keys', () => {
    const table = new LockTable<Owner>();
    const [a, b, both] = [owner('a', ['x']), owner('b', ['y']), owner('both', ['x', 'y'])];
    table.request(a);
    table.request(b);
    expect(table.request(both)).to.equal(false);
    expect(names(table.release(a))).to.deep.equal([]);
    expect(names(table.release(b))).to.deep.equal(['both']);
  });

  it('lets one go that waits, and serves those behind it', () => {
    const table = new LockTable<Owner>();
    const [reader, writer, behind] = [
      owner('r', [], ['k']),
      owner('w', ['k', 'other']),
      owner('b', [], ['k']),
    ];
    table.request(reader);
    table.request(writer);
    table.request(behind);
    expect(names(table.release(writer))).to.deep.equal(['b']);
    table.release(reader);
    table.release(behind);
    expect(table.size).to.equal(0);
  });

  it('says whether one who comes last could read', () => {
    const table = new LockTable<Owner>();
    const reader = owner('r', [], ['k']);
    table.request(reader);
    expect(table.areReadable(['k', 'other'])).to.equal(true);
    table.request(owner('w', ['k']));
    expect(table.areReadable(['k'])).to.equal(false);
    table.release(reader);
    expect(table.areReadable(['k'])).to.equal(false);
  });

  it('serves everybody in the end, whatever they ask for, and never two who may not be side by side', () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 });
    const request = fc.record({ exclusive: keys, shared: keys, leavesEarly: fc.boolean() });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (requests, chance) => {
        const table = new LockTable<Owner>();
        const holding = new Set<Owner>();
        const waiting = new Set<Owner>();
        const draw = (set: Set<Owner>): Owner => [...set][chance.next().value % set.size]!;
        const take = (owners: readonly Owner[]) => {
          for (const each of owners) {
            expect(waiting.delete(each), each.name).to.equal(true);
            hold(each);
          }
        };
        const hold = (each: Owner) => {
          for (const other of holding) expect(areCompatible(each, other)).to.equal(true);
          holding.add(each);
        };
        requests.forEach(({ exclusive, shared, leavesEarly }, number) => {
          const each = owner(
            String(number),
            exclusive,
            shared.filter((key) => !exclusive.includes(key)),
          );
          if (table.request(each)) hold(each);
          else waiting.add(each);
          if (leavesEarly && waiting.size > 0) {
            const leaver = draw(waiting);
            waiting.delete(leaver);
            take(table.release(leaver));
          }
        });
        while (holding.size > 0) {
          const next = draw(holding);
          holding.delete(next);
          take(table.release(next));
        }
        expect([...waiting], 'who still waits').to.deep.equal([]);
        expect(table.size).to.equal(0);
      }),
    );
  });
});

function areCompatible(a: Owner, b: Owner): boolean {
  const clash = (x: Owner, y: Owner) =>
    [...x.exclusive].some((key) => [...y.exclusive, ...y.shared].includes(key));
  return !clash(a, b) && !clash(b, a);
}
