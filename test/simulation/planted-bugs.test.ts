import { expect } from 'chai';
import { experiment } from '../../src/simulation/experiment.ts';
import { FAULT_NAMES, type Strengths } from '../../src/simulation/faults/index.ts';
import { SIMULATED_PROTOCOLS, type SimulatedProtocolName } from '../../src/simulation/protocols/index.ts';
import { isLong } from '../long.ts';
import { PLANTED_BUGS } from './support/planted-bugs.ts';

const SEEDS_MAX = 200;
/** Where the rarer ones were found last: tried first in CI, to save time. Any other seed will do as well. */
const LIKELY_SEEDS: Readonly<Record<SimulatedProtocolName, Readonly<Record<string, number>>>> = {
  paxos: {
    'an acceptor forgets its promise when it restarts': 65,
    'acceptors forget what no replica has on disk': 183,
    'a leader answers reads without asking a majority': 149,
  },
  raft: {
    'a server forgets its vote when it restarts': 78,
    'a leader answers reads without a round of heartbeats': 25,
    'a follower takes entries wherever its log ends': 33,
    'a follower commits beyond what matches its leader': 16,
    'a log is compacted before its entries are applied on disk': 79,
  },
  eventual: {
    'a sync counts as whole after its first piece': 20,
    'a message that comes again is taken again': 14,
  },
};

/** What rests on one kind of faults shows sooner under these alone. */
const BEST_FAULTS: Readonly<Record<string, Strengths>> = {
  'a leader answers reads without a round of heartbeats': {
    ...Object.fromEntries(FAULT_NAMES.map((fault) => [fault, 0])),
    partition: 3,
    cut: 2,
  },
};

/** With three nodes, one follower makes a majority. */
const NODES: Readonly<Record<string, number>> = { 'a leader of five counts a follower twice': 5 };

for (const [protocol, bugs] of Object.entries(PLANTED_BUGS) as [
  SimulatedProtocolName,
  (typeof PLANTED_BUGS)[SimulatedProtocolName],
][]) {
  describe(`the simulation of ${protocol} finds a planted bug`, () => {
    for (const [bug, instrument] of Object.entries(bugs)) {
      it(bug, async function () {
        this.timeout(180_000);
        let found: unknown;
        for (let tried = 0; tried < SEEDS_MAX && found === undefined; tried++) {
          const seed = tried === 0 && !isLong ? (LIKELY_SEEDS[protocol][bug] ?? 1) : tried;
          const nodes = NODES[bug] ?? 3;
          await experiment({
            protocol: SIMULATED_PROTOCOLS[protocol],
            seed,
            nodes,
            stormMs: 1500,
            faults: BEST_FAULTS[bug] ?? {},
            instruments: [instrument],
          }).catch((error: unknown) => {
            found = error;
            if (process.env.SYNOD_VERBOSE !== undefined) console.log(seed, String(error).slice(0, 300));
          });
        }
        expect(found, `in ${SEEDS_MAX} seeds`).to.be.instanceOf(Error);
        // That would be a bug of the planted one.
        expect(found).to.not.be.instanceOf(TypeError);
      });
    }
  });
}
