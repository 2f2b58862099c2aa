import { expect } from 'chai';
import fc from 'fast-check';
import { Held } from '../../../machines/eventual/held.ts';
import { originOf } from '../../../machines/eventual/origin.ts';
import { RunWriter } from '../../../machines/eventual/run.ts';
import { mergeSessions, NEW_SESSION, type Session } from '../../../machines/eventual/session.ts';
import { Stability } from '../../../machines/eventual/stability.ts';
import { counterOf, covers } from '../../../machines/eventual/vector-clock.ts';
import { TestServer } from './values.ts';

const KEYS = ['a', 'b'];

type Step =
  /** A session writes on a server; undefined deletes. */
  | {
      readonly do: 'write';
      readonly session: number;
      readonly server: number;
      readonly key: string;
      readonly value: number | undefined;
    }
  | { readonly do: 'read'; readonly session: number; readonly server: number; readonly key: string }
  /** A server hears some of the writes of another. */
  | {
      readonly do: 'hear';
      readonly server: number;
      readonly from: number;
      readonly first: number;
      readonly last: number;
    };

const server = fc.integer({ min: 0, max: 2 });
const session = fc.integer({ min: 0, max: 2 });
const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('write' as const),
    session,
    server,
    key,
    value: fc.option(fc.nat(99), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('read' as const), session, server, key }),
  fc.record({
    do: fc.constant('hear' as const),
    server,
    from: server,
    first: fc.integer({ min: 1, max: 6 }),
    last: fc.integer({ min: 1, max: 6 }),
  }),
);

/** Servers, and sessions that go from one to another, and read whatever they find. */
function play(steps: readonly Step[]): TestServer[] {
  const servers = [0, 1, 2].map((origin) => new TestServer(origin));
  const sessions: Session[] = [NEW_SESSION, NEW_SESSION, NEW_SESSION];
  for (const action of steps) {
    const here = servers[action.server]!;
    if (action.do === 'hear') {
      here.hear(servers[action.from]!, action.first, action.last);
      continue;
    }
    const before = sessions[action.session]!;
    const answer =
      action.do === 'write'
        ? here.put(action.key, action.value, before)
        : here.state.versions.read(action.key);
    sessions[action.session] = mergeSessions(before, answer);
  }
  return servers;
}

/** All versions that a server keeps, by number. */
function versionsOf({ state }: TestServer): string[] {
  const { origins, counters, keys } = state.versions.index.notIn(new Held());
  return keys.map((name, at) => `${name} ${origins[at]} ${counters[at]}`);
}

describe('what a server remembers', () => {
  it('is the same on all that have heard the same, whatever the order it came in, and how often', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(fc.tuple(server, server)), (steps, more) => {
        const servers = play(steps);
        for (const [to, from] of more) servers[to]!.hear(servers[from]!);
        for (const to of servers) for (const from of [...servers].reverse()) to.hear(from);
        const [first, ...others] = servers;
        for (const other of others) {
          expect(other.values()).to.deep.equal(first!.values());
          expect(versionsOf(other)).to.deep.equal(versionsOf(first!));
          expect(other.state.versions.digests).to.deep.equal(first!.state.versions.digests);
          expect(other.state.held.ranges).to.deep.equal(first!.state.held.ranges);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows of the versions that no other follows the one of the highest server', () => {
    const servers = [0, 1, 2].map((origin) => new TestServer(origin));
    for (const { origin } of servers) servers[origin]!.put('k', origin);
    for (const to of servers) for (const from of servers) to.hear(from);
    expect(servers.map((one) => one.value('k'))).to.deep.equal([2, 2, 2]);
    const [zero, , two] = servers;
    zero!.put('k', 'after all');
    two!.hear(zero!);
    expect([zero!.value('k'), two!.value('k')]).to.deep.equal(['after all', 'after all']);
    expect(versionsOf(two!)).to.deep.equal(['k 0 2']);
  });

  it('keeps a tombstone that hides a concurrent put of a lower server, and one that does not', () => {
    const [low, high] = [new TestServer(1), new TestServer(2)];
    low.put('k', 'put');
    high.put('k', undefined);
    low.hear(high);
    high.hear(low);
    expect([low.value('k'), high.value('k')]).to.deep.equal([undefined, undefined]);
    expect(low.state.versions.keys).to.equal(0);
    expect([...low.state.versions.tombstones]).to.deep.equal(['k']);
    const other = new TestServer(3);
    other.put('k', 'of a higher one');
    low.hear(other);
    expect(low.value('k')).to.equal('of a higher one');
    expect(versionsOf(low)).to.have.length(3);
  });

  describe('order', () => {
    it('is transitive: a write covers all that the writes which it covers do', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const stamps: {
            readonly origin: number;
            readonly counter: number;
            readonly order: readonly number[];
          }[] = [];
          const servers = play(steps);
          for (const { state } of servers) {
            for (const name of KEYS) {
              const { order } = state.versions.read(name);
              for (const { origin, counter } of numbersOf(state.versions.index.notIn(new Held()), name))
                stamps.push({ origin, counter, order });
            }
            expect(
              state.held.clock.every(
                (number, at) => at % 2 === 0 || counterOf(state.seen, state.held.clock[at - 1]!) >= number,
              ),
            ).to.equal(true);
          }
          for (const later of servers) {
            const { seen } = later.state;
            for (const { origin, counter, order } of stamps) {
              // `order` is that of all versions of the key; one alone has its own.
              const single = stamps.filter((stamp) => stamp.order === order).length === 1;
              if (single && counterOf(seen, origin) >= counter) expect(covers(seen, order)).to.equal(true);
            }
          }
        }),
        { numRuns: 300 },
      );
    });

    it('takes in what a session has read elsewhere; what is held does not', () => {
      const [far, near] = [new TestServer(1), new TestServer(2)];
      const traveller = far.put('far', 1);
      const after = near.put('near', 2, traveller);
      expect(after).to.deep.equal({ order: [1, 1, 2, 1], past: [1, 1, 2, 1] });
      expect(near.state.held.clock).to.deep.equal([2, 1]);
      const local = near.put('mine', 3);
      expect(local.order, 'it follows what is here').to.deep.equal([1, 1, 2, 2]);
      expect(local.past, 'but rests on its own alone').to.deep.equal([2, 2]);
      expect(near.state.held.covers(local.past)).to.equal(true);
      expect(near.state.held.covers(after.past)).to.equal(false);
    });
  });

  describe('over a restart', () => {
    it('is all that was persisted, wherever it stood; its clock goes on', () => {
      const moment = fc.constantFrom('persist' as const, 'writeBehind' as const, 'restart' as const);
      const action = fc.oneof(
        fc.tuple(fc.constant('put' as const), key, fc.nat(99)),
        fc.tuple(moment),
        fc.tuple(fc.constant('hear' as const)),
      );
      fc.assert(
        fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
          const [here, other, calm] = [new TestServer(1), new TestServer(2), new TestServer(1)];
          let persisted = 0;
          for (const [what, name, value] of actions) {
            if (what === 'put') {
              here.put(name, value);
              calm.put(name, value);
              other.put(name, -value);
            } else if (what === 'hear') {
              here.hear(other);
              here.persist();
              calm.hear(other);
              persisted = other.state.counter;
            } else {
              here[what]();
            }
          }
          here.restart();
          expect(here.values()).to.deep.equal(calm.values());
          expect(versionsOf(here)).to.deep.equal(versionsOf(calm));
          expect(here.state.held.ranges).to.deep.equal(calm.state.held.ranges);
          expect(here.state.seen).to.deep.equal(calm.state.seen);
          expect(here.state.counter).to.equal(calm.state.counter);
          expect(here.state.held.upTo(2)).to.equal(persisted);
          expect(here.state.versions.digests).to.deep.equal(calm.state.versions.digests);
        }),
        { numRuns: 200 },
      );
    });

    it('keeps in the journal only what the store, or another server, may yet need', () => {
      const [here, other] = [new TestServer(1), new TestServer(2)];
      for (let round = 0; round < 20; round++) {
        here.put('k', round);
        other.put('l', round);
        here.hear(other);
        here.persist();
      }
      const before = here.journal.disk.size;
      here.writeBehind();
      here.put('k', 'new');
      here.writeBehind();
      expect(here.journal.disk.size, 'the log stays').to.be.within(21, before);
      here.state.log.acknowledged(21);
      here.put('k', 'newer');
      here.writeBehind();
      expect(here.journal.disk.size, 'who it is, and the last write').to.equal(2);
      here.restart();
      expect(here.state.log.size).to.equal(1);
      expect(here.values()).to.deep.equal({ k: 'newer', l: 19 });
    });

    it('refuses a record that no server wrote, and says which', () => {
      const bad = Uint8Array.of(7, 7, 7);
      for (const [kind, recordKey] of [
        ['journal', ['self']],
        ['journal', ['members']],
        ['journal', ['log', 1]],
        ['journal', ['redo', 1]],
        ['store', ['state']],
        ['store', ['versions', 'k']],
      ] as const) {
        const here = new TestServer(1);
        here.put('k', 1);
        here.writeBehind();
        here[kind].commit([{ key: recordKey, value: bad }], () => {});
        expect(() => here.restart(), recordKey.join(' '))
          .to.throw(recordKey.join(' '))
          .with.property('code', 'SYNOD_CORRUPT_RECORD');
      }
    });
  });

  describe('collecting tombstones', () => {
    const stableOf = (...servers: readonly TestServer[]) => {
      const [first, ...others] = servers;
      const stability = new Stability();
      return stability.check(
        first!.state.held,
        others.map(({ state }) => state.held),
      );
    };

    it('forgets what all hold, and never takes it in again', () => {
      const [a, b] = [new TestServer(1), new TestServer(2)];
      a.put('k', 1);
      a.put('k', undefined);
      b.hear(a);
      expect(b.state.collect(stableOf(b, a)!)).to.equal(1);
      expect(versionsOf(b)).to.deep.equal([]);
      expect(b.state.versions.tombstones.size).to.equal(0);
      b.hear(a);
      expect(versionsOf(b), 'sent again').to.deep.equal([]);
      b.writeBehind();
      b.restart();
      b.hear(a);
      expect(versionsOf(b), 'after a restart, too').to.deep.equal([]);
    });

    it('keeps one that somebody lacks, or that stands beside another version', () => {
      const [a, b, c] = [new TestServer(1), new TestServer(2), new TestServer(3)];
      a.put('k', undefined);
      b.put('k', 'concurrent');
      a.hear(b);
      b.hear(a);
      expect(a.state.collect(stableOf(a, b, c)!), 'c lacks it').to.equal(0);
      c.hear(a);
      c.hear(b);
      expect(a.state.collect(stableOf(a, b, c)!), 'beside another').to.equal(0);
      expect(versionsOf(a)).to.have.length(2);
    });

    it('waits for all that others held when they held it: one of that may be concurrent', () => {
      const [a, b] = [new TestServer(2), new TestServer(1)];
      b.put('k', 'concurrent');
      a.put('k', undefined);
      b.hear(a);
      const stability = new Stability();
      expect(stability.check(a.state.held, [b.state.held]), 'what b wrote is not here').to.equal(undefined);
      a.hear(b);
      const stable = stability.check(a.state.held, [b.state.held])!;
      expect(stable).to.deep.equal([2, 1]);
      a.state.collect(stable);
      expect(versionsOf(a), 'both are here, and stay').to.have.length(2);
      expect([a.value('k'), b.value('k')]).to.deep.equal([undefined, undefined]);
    });

    it('is followed by the writes of a server that never had what was collected', () => {
      const [high, low, late] = [new TestServer(9), new TestServer(1), new TestServer(2)];
      high.put('k', undefined);
      low.hear(high);
      low.state.collect(stableOf(low, high)!);
      expect(versionsOf(low)).to.deep.equal([]);
      // All that it gets of it is that it is held.
      late.state.takeHeld(low.state.held.ranges, low.state.seen, new Held());
      late.put('k', 'new');
      for (const server of [high, low]) server.hear(late);
      expect([high.value('k'), low.value('k')]).to.deep.equal(['new', 'new']);
      expect(versionsOf(high)).to.deep.equal(['k 2 1']);
    });

    it('does not come back with a server that has its store, but not the journal that had the tombstone', () => {
      const [a, b] = [new TestServer(1), new TestServer(2)];
      b.put('gone', 'old');
      b.put('stays', 'same');
      a.hear(b);
      b.put('alone', 'with b');
      b.writeBehind();
      a.put('gone', undefined);
      b.hear(a);
      b.persist();
      // Both hold all of this.
      expect(a.state.collect([1, 1, 2, 2])).to.equal(1);
      b.loseJournal(originOf(2, 5));
      expect(b.values(), 'as the store has it').to.deep.equal({
        gone: 'old',
        stays: 'same',
        alone: 'with b',
      });
      expect(b.state.held.isEmpty).to.equal(true);
      for (const when of ['at once', 'after a restart', 'after another'] as const) {
        if (when === 'at once') b.syncWith(a);
        else b.restart();
        expect(b.values(), when).to.deep.equal({ stays: 'same', alone: 'with b' });
        expect(b.state.held.includes(a.state.held), when).to.equal(true);
        b.writeBehind();
      }
      a.syncWith(b);
      expect(a.values(), 'what b alone had').to.deep.equal({ stays: 'same', alone: 'with b' });
    });

    it('knows nothing to be stable while one member has not said what it holds', () => {
      const a = new TestServer(1);
      a.put('k', undefined);
      expect(new Stability().check(a.state.held, [undefined])).to.equal(undefined);
      expect(new Stability().check(a.state.held, []), 'alone').to.deep.equal([1, 1]);
    });
  });

  it('of a server that counts anew is of another origin, and both show', () => {
    const [before, after] = [new TestServer(1), new TestServer(originOf(1, 7))];
    before.put('k', 'old');
    after.put('l', 'new');
    after.hear(before);
    expect(after.values()).to.deep.equal({ k: 'old', l: 'new' });
    expect(after.state.held.clock).to.deep.equal([1, 1, originOf(1, 7), 1]);
    expect(after.state.counter).to.equal(1);
  });

  it('begins another run where one grows too large', () => {
    const here = new TestServer(1);
    const value = 'x'.repeat(100_000);
    here.write(Array.from({ length: 9 }, (_, at) => ({ key: `k${at}`, value })));
    const runs = here.state.log.between(1, 9);
    expect(runs.map(({ first, last }) => [first, last])).to.deep.equal([
      [1, 3],
      [4, 6],
      [7, 9],
    ]);
    const other = new TestServer(2);
    other.hear(here, 4, 6);
    expect(other.state.held.ranges).to.deep.equal([[1, 4, 6]]);
    expect(new RunWriter().take().byteLength).to.equal(0);
  });
});

function numbersOf(
  { origins, counters, keys }: ReturnType<TestServer['state']['versions']['index']['notIn']>,
  name: string,
) {
  return keys.flatMap((candidate, at) =>
    candidate === name ? [{ origin: origins[at]!, counter: counters[at]! }] : [],
  );
}
