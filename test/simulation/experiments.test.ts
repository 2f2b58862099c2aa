import { expect } from 'chai';
// Built: it runs quicker.
import { SIMULATED_PROTOCOL_NAMES, type SwarmSettings, swarm, type Verdict } from 'synod/simulation';
import { isLong } from '../long.ts';

/** More of them: npx synod simulate --protocol raft --seeds 10000 */
const SEEDS = isLong ? 2000 : 150;
const SEEDS_OF_MIXES = isLong ? 500 : 20;

/** What seldom comes together by chance. */
const MIXES: Readonly<Record<string, SwarmSettings>> = {
  'paxos whose nodes forget all when they end': { protocol: 'paxos', faults: { volatile: 1 } },
  'raft whose nodes forget all when they end': { protocol: 'raft', faults: { volatile: 1, members: 0 } },
  'paxos whose disks are lost, torn or rot': {
    protocol: 'paxos',
    faults: { amnesia: 2, torn: 2, rot: 2, volatile: 0 },
  },
  'raft whose disks are lost, torn or rot': {
    protocol: 'raft',
    faults: { amnesia: 2, torn: 2, rot: 2, volatile: 0, members: 0 },
  },
  'raft whose members change while disks are lost': {
    protocol: 'raft',
    faults: { members: 1, amnesia: 2, volatile: 0 },
  },
  'raft whose members change while nodes forget': { protocol: 'raft', faults: { members: 1, volatile: 1 } },
  'the eventually consistent store whose servers forget all when they end': {
    protocol: 'eventual',
    faults: { volatile: 1 },
  },
  'the eventually consistent store whose disks are lost, torn or rot while servers join': {
    protocol: 'eventual',
    faults: { amnesia: 2, torn: 2, rot: 2, members: 1, volatile: 0 },
  },
  'two-phase commit whose followers come, and forget all when they end': {
    protocol: '2pc',
    faults: { members: 1, volatile: 1, crash: 3 },
  },
  'raft that trusts its leases while clocks drift and nodes pause': {
    protocol: 'raft',
    faults: { drift: 0.15, pause: 400, members: 0 },
    settings: { reads: 'lease' },
  },
};

async function failuresOf(settings: SwarmSettings, count: number): Promise<string[]> {
  const failures: string[] = [];
  const onVerdict = ({ seed, failure }: Verdict) => {
    if (failure !== undefined) failures.push(`seed ${seed}: ${failure.message}`);
  };
  const { signal } = new AbortController();
  await swarm({ ...settings, from: 1, count, signal, onVerdict });
  return failures;
}

describe('what is promised holds in simulated storms, and everything recovers from them:', function () {
  this.timeout(isLong ? 3_600_000 : 300_000);

  for (const protocol of SIMULATED_PROTOCOL_NAMES) {
    it(`${SEEDS} seeds of ${protocol}`, async () => {
      expect(await failuresOf({ protocol }, SEEDS)).to.deep.equal([]);
    });
  }

  for (const [mix, settings] of Object.entries(MIXES)) {
    it(`${SEEDS_OF_MIXES} seeds of ${mix}`, async () => {
      expect(await failuresOf(settings, SEEDS_OF_MIXES)).to.deep.equal([]);
    });
  }
});
