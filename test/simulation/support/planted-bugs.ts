import type { ExperimentOptions } from '../../../src/simulation/experiment.ts';
import { FAULT_NAMES, type Strengths } from '../../../src/simulation/faults/index.ts';
import { forEventual } from '../../../src/simulation/protocols/eventual/open-eventual.ts';
import { SIMULATED_PROTOCOLS, type SimulatedProtocolName } from '../../../src/simulation/protocols/index.ts';
import { forPaxos } from '../../../src/simulation/protocols/paxos/open-paxos.ts';
import { forRaft } from '../../../src/simulation/protocols/raft/open-raft.ts';
import { forReplicas } from '../../../src/simulation/protocols/replicated-log/open-replica.ts';
import type { Instrument } from '../../../src/simulation/watch/instrumented-program.ts';
import { EVENTUAL_BUGS } from './eventual-bugs.ts';
import { MEMORY_BUGS } from './memory-bugs.ts';
import { PAXOS_BUGS } from './paxos-bugs.ts';
import { PAXOS_COMMIT_BUGS } from './paxos-commit/bugs.ts';
import { RAFT_BUGS } from './raft-bugs.ts';
import { REPLICATION_BUGS } from './replication-bugs.ts';
import { TWO_PHASE_BUGS } from './two-phase/bugs.ts';

/** An experiment with a planted bug, but for its seed. */
export type BuggyExperiment = Omit<ExperimentOptions, 'seed'>;

/** A known bug, and the experiment that shows it, at some seed. */
export interface PlantedBug {
  readonly what: string;
  readonly experiment: BuggyExperiment;
}

const NO_FAULTS: Strengths = Object.fromEntries(FAULT_NAMES.map((fault) => [fault, 0]));

/** What rests on one kind of faults shows sooner under these alone. */
const BEST: Readonly<Record<string, Pick<BuggyExperiment, 'faults' | 'settings' | 'stormMs'>>> = {
  'a leader answers reads without a round of heartbeats': { faults: { ...NO_FAULTS, partition: 3, cut: 2 } },
  'a leader trusts its lease for longer than others wait': {
    faults: { ...NO_FAULTS, partition: 3 },
    settings: { reads: 'lease' },
    stormMs: 6000,
  },
};

/** With three nodes, one follower makes a majority. */
const NODES: Readonly<Record<string, number>> = { 'a leader of five counts a follower twice': 5 };

/** Known bugs of every protocol, to prove that the harness finds them. */
export const PLANTED_BUGS: Readonly<Record<SimulatedProtocolName, readonly PlantedBug[]>> = {
  paxos: ofThreeNodes('paxos', {
    ...mapped(PAXOS_BUGS, forPaxos),
    ...mapped(REPLICATION_BUGS, forReplicas),
    ...MEMORY_BUGS.paxos,
  }),
  raft: ofThreeNodes('raft', {
    ...mapped(RAFT_BUGS, forRaft),
    ...mapped(REPLICATION_BUGS, forReplicas),
    ...MEMORY_BUGS.raft,
  }),
  eventual: ofThreeNodes('eventual', mapped(EVENTUAL_BUGS, forEventual)),
  '2pc': TWO_PHASE_BUGS.map(({ what, presume, instrument, faults = {}, settings }) => ({
    what: `${what} (presume ${presume})`,
    experiment: {
      protocol: SIMULATED_PROTOCOLS['2pc'],
      faults,
      settings: { ...settings, presume },
      instruments: [instrument],
    },
  })),
  'paxos-commit': PAXOS_COMMIT_BUGS.map(({ what, instrument }) => ({
    what,
    experiment: { protocol: SIMULATED_PROTOCOLS['paxos-commit'], instruments: [instrument] },
  })),
};

/** What plants a bug. @throws TypeError when there is none of this name. */
export function plantedBug(bug: string): Instrument {
  const all = Object.values(PLANTED_BUGS).flat();
  const found = all.find(({ what }) => what === bug)?.experiment.instruments?.[0];
  if (found === undefined) throw new TypeError(`there is no bug "${bug}"`);
  return found;
}

function ofThreeNodes(name: SimulatedProtocolName, bugs: Readonly<Record<string, Instrument>>): PlantedBug[] {
  return Object.entries(bugs).map(([what, instrument]) => ({
    what,
    experiment: {
      protocol: SIMULATED_PROTOCOLS[name],
      nodes: NODES[what] ?? 3,
      ...BEST[what],
      instruments: [instrument],
    },
  }));
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
