import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkSessions,
  type History,
  HistoryRecorder,
  type Operation,
  SESSION_GUARANTEES,
  type SessionGuarantee,
} from '../../../src/checks/index.ts';
import { ordersOf } from './brute-force.ts';

interface Plan {
  readonly session: number;
  readonly key: string;
  readonly puts: boolean;
  readonly isUnknown: boolean;
  /** Which of the values put so far a get returns, as a share of them; none for the first. */
  readonly seen: number;
}

const plans = fc.array(
  fc.record({
    session: fc.nat(2),
    key: fc.constantFrom('x', 'x', 'y'),
    puts: fc.nat(9).map((chance) => chance < 4),
    isUnknown: fc.nat(7).map((chance) => chance === 0),
    seen: fc.integer({ min: 0, max: 99 }).map((part) => part / 100),
  }),
  { minLength: 3, maxLength: 8 },
);

function historyOf(given: readonly Plan[]): History {
  const recorder = new HistoryRecorder();
  const values: { readonly key: string; readonly value: number }[] = [];
  for (const { session, key, puts, isUnknown, seen } of given) {
    if (puts) {
      const value = values.push({ key, value: values.length + 1 });
      recorder.invoke({ process: session, f: 'put', key, value })(isUnknown ? 'info' : 'ok');
    } else {
      const known = [null, ...values.filter((put) => put.key === key).map(({ value }) => value)];
      recorder.invoke({ process: session, f: 'get', key })('ok', {
        value: known[Math.floor(seen * known.length)]!,
      });
    }
  }
  return recorder.history;
}

/** Puts that a get saw. */
type Seen = ReadonlyMap<Operation, ReadonlySet<Operation>>;

/** Whether some order of the puts and some views of the gets are as the guarantees and the answers say. */
function isExplained({ operations }: History, guarantees: readonly SessionGuarantee[]): boolean {
  const puts = operations.filter(({ f }) => f === 'put');
  const gets = operations.filter(({ f }) => f === 'get');
  const rules = guarantees.map((guarantee) => RULES[guarantee]);
  for (const order of ordersOf(puts, () => true)) {
    const place = (put: Operation) => order.indexOf(put);
    const search = (seen: Seen): boolean => {
      if (!rules.every((rule) => rule(operations, seen, place))) return false;
      const get = gets[seen.size];
      if (get === undefined) return true;
      return subsetsOf(puts).some((view) => {
        const ofKey = view.filter(({ key }) => key === get.key).sort((a, b) => place(a) - place(b));
        return (
          (ofKey.at(-1)?.argument ?? null) === get.result && search(new Map([...seen, [get, new Set(view)]]))
        );
      });
    };
    if (search(new Map())) return true;
  }
  return false;
}

function subsetsOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: 2 ** items.length }, (_, subset) =>
    items.filter((_item, place) => (subset >> place) & 1),
  );
}

type Rule = (operations: readonly Operation[], seen: Seen, place: (put: Operation) => number) => boolean;

function isBefore(a: Operation, b: Operation): boolean {
  return a.process === b.process && a.invoked < b.invoked;
}

/** Wherever `second` is seen, `first` is; and of one key, `second` is the later one. */
function isWith(first: Operation, second: Operation, seen: Seen, place: (put: Operation) => number): boolean {
  return (
    [...seen.values()].every((view) => !view.has(second) || view.has(first)) &&
    (first.key !== second.key || first === second || place(first) < place(second))
  );
}

/** As Terry and others (1994) put them. */
const RULES: Readonly<Record<SessionGuarantee, Rule>> = {
  'read your writes': (operations, seen) =>
    [...seen].every(([get, view]) =>
      operations.every(
        (put) => put.f !== 'put' || put.outcome !== 'ok' || !isBefore(put, get) || view.has(put),
      ),
    ),
  'monotonic reads': (_operations, seen) =>
    [...seen].every(([later, view]) =>
      [...seen].every(([get, before]) => !isBefore(get, later) || [...before].every((put) => view.has(put))),
    ),
  'monotonic writes': (operations, seen, place) =>
    operations.every(
      (second) =>
        second.f !== 'put' ||
        operations.every(
          (first) =>
            first.f !== 'put' ||
            first.outcome !== 'ok' ||
            !isBefore(first, second) ||
            isWith(first, second, seen, place),
        ),
    ),
  'writes follow reads': (operations, seen, place) =>
    operations.every(
      (second) =>
        second.f !== 'put' ||
        [...seen].every(
          ([get, view]) =>
            !isBefore(get, second) || [...view].every((first) => isWith(first, second, seen, place)),
        ),
    ),
};

/** The least sets of guarantees that do not all hold. */
function brokenSets(history: History): SessionGuarantee[][] {
  const least: SessionGuarantee[][] = [];
  for (const guarantees of subsetsOf(SESSION_GUARANTEES).sort((a, b) => a.length - b.length)) {
    const isKnown = least.some((known) => known.every((guarantee) => guarantees.includes(guarantee)));
    if (!isKnown && !isExplained(history, guarantees)) least.push(guarantees);
  }
  return least;
}

describe('the check for session guarantees', () => {
  it('agrees with a search through all orders of puts and all views of gets', function () {
    this.timeout(60_000);
    const found = new Set<string>();
    fc.assert(
      fc.property(plans, (given) => {
        const history = historyOf(given);
        const { verdict, violations } = checkSessions(history);
        const names = violations.map(({ guarantees }) => guarantees.join(' or '));
        expect(names).to.have.members(brokenSets(history).map((guarantees) => guarantees.join(' or ')));
        expect(verdict).to.equal(names.length === 0 ? 'ok' : 'violated');
        for (const name of names) found.add(name);
        for (const { operations } of violations) expect(operations).to.not.have.length(0);
      }),
      { numRuns: 1000 },
    );
    expect(found.size).to.be.greaterThan(4);
  });

  it('of puts that are kept side by side finds nothing that it would not find of puts in one order', function () {
    this.timeout(60_000);
    let broken = 0;
    fc.assert(
      fc.property(plans, (given) => {
        const history = historyOf(given);
        const { verdict, violations } = checkSessions(history, undefined, { siblings: true });
        if (verdict === 'ok') return;
        broken += 1;
        const all = brokenSets(history).map((guarantees) => guarantees.join(' or '));
        for (const { guarantees } of violations)
          expect(
            all.some((known) => known.split(' or ').every((one) => guarantees.some((name) => name === one))),
          ).to.equal(true);
      }),
      { numRuns: 500 },
    );
    expect(broken).to.be.above(50);
  });

  describe('of puts that are kept side by side', () => {
    const recorded = (
      ...steps: readonly (readonly [session: string, f: 'put' | 'get', value: number | null])[]
    ) => {
      const recorder = new HistoryRecorder();
      for (const [process, f, value] of steps) {
        const end = recorder.invoke({ process, f, key: 'x', value: f === 'put' ? value : null });
        end('ok', { value });
      }
      return recorder.history;
    };

    it('lets what was put beside it show, though there is no one order of all', () => {
      // 1 is put on the highest server, 2 on the one in the middle, 3, which follows 1, on the lowest.
      const history = recorded(
        ['a', 'put', 1],
        ['b', 'put', 2],
        ['b', 'get', 1],
        ['a', 'put', 3],
        ['a', 'get', 2],
      );
      expect(checkSessions(history).verdict).to.equal('violated');
      expect(checkSessions(history, undefined, { siblings: true }).verdict).to.equal('ok');
    });

    for (const [guarantees, history] of [
      ['read your writes', recorded(['a', 'put', 1], ['a', 'put', 2], ['a', 'get', 1])],
      ['monotonic reads', recorded(['a', 'put', 1], ['a', 'put', 2], ['b', 'get', 2], ['b', 'get', 1])],
      [
        'writes follow reads',
        recorded(['a', 'put', 1], ['b', 'get', 1], ['b', 'put', 2], ['c', 'get', 2], ['c', 'get', 1]),
      ],
      ['read your writes', recorded(['a', 'put', 1], ['a', 'get', null])],
    ] as const) {
      it(`finds that ${guarantees} is broken`, () => {
        const { violations } = checkSessions(history, undefined, { siblings: true });
        expect(violations.flatMap((violation) => violation.guarantees)).to.include(guarantees);
        expect(violations[0]?.drawing).to.match(/but get .* (returned|found nothing)/);
      });
    }
  });
});
