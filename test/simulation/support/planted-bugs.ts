import { forEventual } from '../../../src/simulation/protocols/eventual/open-eventual.ts';
import { forPaxos } from '../../../src/simulation/protocols/paxos/open-paxos.ts';
import { forRaft } from '../../../src/simulation/protocols/raft/open-raft.ts';
import { forReplicas } from '../../../src/simulation/protocols/replicated-log/open-replica.ts';
import type { Instrument } from '../../../src/simulation/watch/instrumented-program.ts';
import { EVENTUAL_BUGS } from './eventual-bugs.ts';
import { MEMORY_BUGS } from './memory-bugs.ts';
import { PAXOS_BUGS } from './paxos-bugs.ts';
import { RAFT_BUGS } from './raft-bugs.ts';
import { REPLICATION_BUGS } from './replication-bugs.ts';

/** Known bugs, to prove that the harness finds them. */
export const PLANTED_BUGS: Readonly<
  Record<'paxos' | 'raft' | 'eventual', Readonly<Record<string, Instrument>>>
> = {
  paxos: { ...mapped(PAXOS_BUGS, forPaxos), ...mapped(REPLICATION_BUGS, forReplicas), ...MEMORY_BUGS.paxos },
  raft: { ...mapped(RAFT_BUGS, forRaft), ...mapped(REPLICATION_BUGS, forReplicas), ...MEMORY_BUGS.raft },
  eventual: mapped(EVENTUAL_BUGS, forEventual),
};

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
