import { expect } from 'chai';
import { derivedRandom } from '../../actors/simulated/seed.ts';
import { RAFT_DEFAULTS, type RaftSettings } from '../../machines/raft/settings.ts';
import { type KeyValueStore, openKeyValueStore } from '../../src/key-value-store.ts';
import { experiment } from './support/experiment.ts';
import { findNonlinearizable, type RegisterCall } from './support/linearizability.ts';
import { raftOf } from './support/raft-scene.ts';

/** More of them by hand: SYNOD_SEEDS=1000-3000 npx mocha test/simulation/leases.test.ts */
const [FIRST = 1, LAST = 60] = (process.env.SYNOD_SEEDS ?? '1-60').split('-').map(Number);
const SEEDS_A_TEST = 20;
/** More than there ever are in one experiment. */
const NODES = 40;

/** How much faster than a leader's any server's clock may run. */
const DRIFT_MAX = RAFT_DEFAULTS.electionTimeoutMs / RAFT_DEFAULTS.leaseMs;

/** Clocks of which none runs faster than another by more than `drift`; half of them at one end or the other. */
function clocksOf(seed: number, drift: number): Record<string, number> {
  const random = derivedRandom(seed, 'clocks');
  const slowest = 1 / Math.sqrt(drift);
  return Object.fromEntries(
    Array.from({ length: NODES }, (_, node) => {
      const place = random.next() < 0.5 ? random.integer(0, 1) : random.next();
      return [String(node), slowest * drift ** place];
    }),
  );
}

describe('reads by lease stay linearizable in storms', () => {
  for (let from = FIRST; from <= LAST; from += SEEDS_A_TEST) {
    const to = Math.min(LAST, from + SEEDS_A_TEST - 1);
    it(`while clocks drift as far as they may; every other time, members change: seeds ${from} to ${to}`, async function () {
      this.timeout(SEEDS_A_TEST * 5000);
      for (let seed = from; seed <= to; seed++) {
        const changes = seed % 2 === 0;
        await experiment({
          protocol: 'raft',
          seed,
          stormMs: 1000,
          settings: { reads: 'lease' },
          clockRates: clocksOf(seed, DRIFT_MAX),
          changes,
        }).catch((error: unknown) => {
          throw new Error(`seed ${seed}`, { cause: error });
        });
      }
    });
  }
});

/**
 * A leader is cut off from the others, and a client goes on reading beside it; another client writes through the one that
 * is elected meanwhile. Whether what both saw is linearizable.
 */
async function staysLinearizable(
  seed: number,
  drift: number,
  settings: Partial<RaftSettings> = {},
): Promise<boolean> {
  const [slow, fast] = [1 / Math.sqrt(drift), Math.sqrt(drift)];
  await using scene = await raftOf({
    seed,
    settings: { reads: 'lease', ...settings },
    clockRates: { '0': slow, '1': fast, '2': fast },
  });
  const { simulated } = scene;
  const { host } = simulated;
  const run = <Result>(promise: Promise<Result>) => simulated.runWhile(promise, 3000);
  const calls: RegisterCall[] = [];
  let ticks = 0;
  const call = async (store: KeyValueStore, value: string | undefined) => {
    const invoked = ++ticks;
    const done = value === undefined ? await store.get('key') : await store.put('key', value);
    const what = { kind: value === undefined ? 'get' : 'put', value: value ?? done ?? null };
    calls.push({ client: '', key: 'key', invoked, returned: ++ticks, call: what as RegisterCall['call'] });
  };
  // The writer finds its way to another node than the leader's.
  host.linkOneWay('clients', '0', false);
  const writer = openKeyValueStore(await run(simulated.distantClient()));
  host.linkOneWay('clients', '0', true);
  const reader = openKeyValueStore(await run(simulated.distantClient()));
  await run(call(writer, 'one'));
  await run(call(reader, 'two'));
  await simulated.run(100);
  await scene.isolate(0, true);
  const written: Promise<void>[] = [];
  for (let turn = 0; turn < 300; turn++) {
    // One that is passed on to the leader of before is lost; one that comes after shows that it is missing.
    if (turn % 10 === 0) written.push(call(writer, `turn ${turn}`));
    void call(reader, undefined).catch(() => {});
    await simulated.run(1);
  }
  await scene.isolate(0, false);
  await run(Promise.all(written));
  return findNonlinearizable(calls) === undefined;
}

describe('reads by lease beside a leader that is cut off', () => {
  const SEEDS = Array.from({ length: 20 }, (_, place) => place + 1);

  it('are linearizable while clocks drift as far as they may', async () => {
    for (const seed of SEEDS) expect(await staysLinearizable(seed, DRIFT_MAX), `seed ${seed}`).to.equal(true);
  });

  for (const [why, drift, settings] of [
    ['the lease is longer than an election takes', 1, { leaseMs: 2 * RAFT_DEFAULTS.electionTimeoutMs }],
    ['clocks drift further apart than they may', 2 * DRIFT_MAX, {}],
  ] as const) {
    it(`are found not to be where ${why}`, async () => {
      let isFound = false;
      for (const seed of SEEDS) isFound ||= !(await staysLinearizable(seed, drift, settings));
      expect(isFound).to.equal(true);
    });
  }
});
