import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import { forPaxos, forRaft, type Instrument } from './instrumented-program.ts';
import { PAXOS_BUGS } from './paxos-bugs.ts';
import { RAFT_BUGS } from './raft-bugs.ts';
import { REPLICATION_BUGS } from './replication-bugs.ts';

/** Known bugs, to prove that the harness finds them. */
export const PLANTED_BUGS: Readonly<Record<ProtocolName, Readonly<Record<string, Instrument>>>> = {
  paxos: { ...mapped(PAXOS_BUGS, forPaxos), ...REPLICATION_BUGS },
  raft: { ...mapped(RAFT_BUGS, forRaft), ...REPLICATION_BUGS },
};

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
