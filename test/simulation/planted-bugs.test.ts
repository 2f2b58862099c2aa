import { FAULT_NAMES, type Strengths } from '../../src/simulation/faults/index.ts';
import { SIMULATED_PROTOCOLS } from '../../src/simulation/protocols/index.ts';
import { PLANTED_BUGS } from './support/planted-bugs.ts';
import { SEEK_MS_MAX, seekBug } from './support/seek-bug.ts';

type Protocol = keyof typeof PLANTED_BUGS;

/** Where the rarer ones were found last: tried first, to save time. Any other seed will do as well. */
const LIKELY_SEEDS: Readonly<Record<Protocol, Readonly<Record<string, number>>>> = {
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
  Protocol,
  (typeof PLANTED_BUGS)[Protocol],
][]) {
  describe(`the simulation of ${protocol} finds a planted bug`, function () {
    this.timeout(SEEK_MS_MAX);
    for (const [bug, instrument] of Object.entries(bugs)) {
      it(bug, () =>
        seekBug(
          {
            protocol: SIMULATED_PROTOCOLS[protocol],
            nodes: NODES[bug] ?? 3,
            faults: BEST_FAULTS[bug] ?? {},
            instruments: [instrument],
          },
          LIKELY_SEEDS[protocol][bug],
        ),
      );
    }
  });
}
