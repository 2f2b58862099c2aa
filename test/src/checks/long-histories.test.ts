import { expect } from 'chai';
import { seededRandom } from '../../../actors/random.ts';
import type { Call } from '../../../src/checks/calls.ts';
import {
  checkLinearizability,
  checkSerializability,
  type EndCall,
  type History,
  HistoryRecorder,
  type Value,
} from '../../../src/checks/index.ts';
import { searchOrder } from '../../../src/checks/order-search.ts';
import { type SimulatedRegisterOptions, simulatedRegister } from './simulated-register.ts';

const LONG = { operations: 10_000, clients: 16 };
const SECONDS = 1000;

/** How long a check may take on a machine that has nothing else to do; tests share theirs. */
const LIMIT_MS = 5 * SECONDS;

describe('the check for linearizability, on 10,000 operations of 16 clients', function () {
  this.timeout(60 * SECONDS);

  const good: readonly (readonly [what: string, options: Partial<SimulatedRegisterOptions>])[] = [
    ['each value written once', {}],
    ['the same few values again and again', { values: 5 }],
    ['some results unknown', { unknown: 0.02 }],
    ['some results unknown, few values', { unknown: 0.02, values: 5 }],
  ];
  for (const [what, options] of good) {
    it(`takes less than 5 s: ${what}`, () => {
      const history = simulatedRegister({ ...LONG, seed: 1, ...options });
      const startedMs = performance.now();
      expect(checkLinearizability(history, 'register').verdict).to.equal('ok');
      expect(performance.now() - startedMs).to.be.below(LIMIT_MS);
    });
  }

  for (const seed of [1, 2, 3]) {
    it(`finds the one stale read, and shows few operations (seed ${seed})`, () => {
      const history = simulatedRegister({ ...LONG, seed, staleAt: 7000 });
      const { verdict, violations } = checkLinearizability(history, 'register');
      expect(verdict).to.equal('violated');
      expect(violations[0]!.operations.length).to.be.within(2, 8);
    });
  }
});

/** Appends at once, of which no order leads to what is read in the end: all there are must be tried. */
function appendsAtOnce(recorder: HistoryRecorder, key: string): void {
  const ends = Array.from({ length: 24 }, (_, index) =>
    recorder.invoke({ process: index, f: 'append', key, value: String.fromCharCode(97 + index) }),
  );
  for (const end of ends) end('ok');
  recorder.invoke({ process: 'last', f: 'put', key, value: '' })('ok');
  recorder.invoke({ process: 'last', f: 'get', key })('ok', { value: 'never' });
}

describe('a check that takes too long', () => {
  it('says that it does not know, by the clock that it is given', () => {
    let now = 0;
    const clock = { now: () => now++ };
    const history = simulatedRegister({ ...LONG, seed: 1 });
    expect(checkLinearizability(history, 'register', { clock, timeLimitMs: 5 })).to.deep.equal({
      verdict: 'unknown',
      violations: [],
      reason: 'the time limit',
    });
  });

  it('on one key does not keep another from being judged', () => {
    let now = 0;
    const clock = { now: () => now++ };
    const recorder = new HistoryRecorder();
    appendsAtOnce(recorder, 'hard');
    const limits = { clock, timeLimitMs: 1000 };
    expect(checkLinearizability(recorder.history, 'kv', limits).verdict).to.equal('unknown');
    recorder.invoke({ process: 'last', f: 'get', key: 'easy' })('ok', { value: 'never' });
    const { verdict, violations } = checkLinearizability(recorder.history, 'kv', limits);
    expect(verdict).to.equal('violated');
    expect(violations[0]!.key).to.equal('easy');
  });

  it('ends when it has too much to remember', () => {
    const calls = Array.from({ length: 24 }, (_, index): Call => {
      const value = String.fromCharCode(97 + index);
      return { action: { kind: 'append', value }, invoked: index, completed: 100 + index };
    });
    calls.push({ action: { kind: 'write', value: '' }, invoked: 200, completed: 201 });
    calls.push({ action: { kind: 'read', value: 'never' }, invoked: 202, completed: 203 });
    expect(searchOrder(calls, () => false, 1_000_000)).to.equal('the limit on memory');
  });
});

describe('a check of transactions that is short of time', () => {
  it('never says ok of what is not, and says what it knows', () => {
    const recorder = new HistoryRecorder();
    const blind = [1, 2].map((value) => {
      const steps = [
        ['w', 'x', value],
        ['w', 'y', value],
      ];
      return { steps, end: recorder.invoke({ process: value, f: 'txn', value: steps }) };
    });
    for (const { steps, end } of blind) end('ok', { value: steps });
    const asked = ['x', 'y'].map((key) => ['r', key, null]);
    const told = [
      ['r', 'x', 1],
      ['r', 'y', 2],
    ];
    recorder.invoke({ process: 'reader', f: 'txn', value: asked })('ok', { value: told });
    const found = new Set<string>();
    for (let timeLimitMs = 0; timeLimitMs < 40; timeLimitMs++) {
      let now = 0;
      const limits = { clock: { now: () => now++ }, timeLimitMs };
      const { verdict, violations } = checkSerializability(recorder.history, { limits, realTime: true });
      found.add([verdict, ...violations.map(({ name }) => name)].join(': '));
    }
    expect([...found]).to.have.members(['unknown', 'violated: no serial order', 'violated: G0-realtime']);
  });
});

type Store = Map<string, Value>;

/** Transactions that overlap, each taking effect at one moment; at the end one that read what had been there long before. */
function simulatedTransactions(seed: number, f: 'append' | 'w', isStale: boolean): History {
  const random = seededRandom(seed);
  const recorder = new HistoryRecorder();
  const store: Store = new Map();
  const clients = Array.from({ length: LONG.clients }, (_, process) => ({
    process,
    turn: 0,
    end: NOTHING,
    steps: [] as Step[],
  }));
  let values = 0;
  let begun = 0;
  let old: Value | undefined;
  while (begun < LONG.operations) {
    const client = clients[random.integer(0, clients.length - 1)]!;
    if (client.turn === 0) {
      begun += 1;
      client.steps = Array.from({ length: random.integer(1, 4) }, (): Step => {
        // A few keys at a time, so that lists do not grow for ever.
        const key = `k${random.integer(0, 2) + 3 * Math.floor(begun / 500)}`;
        return random.next() < 0.5 ? ['r', key, null] : [f, key, ++values];
      });
      client.end = recorder.invoke({ process: client.process, f: 'txn', value: client.steps });
    } else if (client.turn === 1) {
      client.steps = client.steps.map((step) => carryOut(step, store));
      if (begun === 9600) old = store.get('k57') ?? null;
    } else {
      client.end('ok', { value: client.steps });
    }
    client.turn = (client.turn + 1) % 3;
  }
  if (isStale) {
    const end = recorder.invoke({ process: 'stale', f: 'txn', value: [['r', 'k57', null]] });
    end('ok', { value: [['r', 'k57', old ?? null]] });
  }
  return recorder.history;
}

type Step = readonly [f: string, key: string, value: Value];
const NOTHING: EndCall = () => {};

function carryOut([f, key, value]: Step, store: Store): Step {
  const held = store.get(key) ?? null;
  if (f === 'r') return [f, key, held];
  store.set(key, f === 'w' ? value : [...(Array.isArray(held) ? held : []), value]);
  return [f, key, value];
}

describe('the check for serializability, on 10,000 transactions of 16 clients', function () {
  this.timeout(60 * SECONDS);
  for (const f of ['append', 'w'] as const) {
    const limits = { clock: performance, timeLimitMs: 30 * SECONDS };
    it(`ends, good or bad, on ${f === 'w' ? 'registers' : 'lists'}`, () => {
      for (const realTime of [false, true]) {
        expect(
          checkSerializability(simulatedTransactions(1, f, false), { limits, realTime }).verdict,
        ).to.equal('ok');
      }
      const { verdict, violations } = checkSerializability(simulatedTransactions(1, f, true), {
        limits,
        realTime: true,
      });
      expect(verdict).to.equal('violated');
      expect(violations.map(({ name }) => name)).to.deep.equal(['G-single-realtime']);
    });
  }
});
