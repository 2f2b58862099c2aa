import { drawnWriteBehind } from '../replicated-log/experiments.ts';
import type { LogProtocol } from '../replicated-log/log-protocol.ts';
import { raftAgreement } from './raft-agreement.ts';
import { RaftMemory } from './raft-memory.ts';

export const raftLog: LogProtocol<'raft'> = {
  name: 'raft',
  smallSettings: {
    uncommittedMax: 4,
    slotBytesMax: 200,
    inFlightMessagesMax: 3,
    inFlightBytesMax: 1200,
    logKeptBytes: 600,
    logBytesMax: 8000,
    catchUpBytesMax: 400,
    writeBehindMs: 20,
    snapshotIdleMs: 300,
  },
  // Leases hold while clocks drift apart less than election time-out and lease do.
  drawSettings: (random) => ({
    ...drawnWriteBehind(random),
    ...(random.next() < 0.3 ? { reads: 'lease' } : {}),
  }),
  agreement: raftAgreement,
  memory: () => new RaftMemory(),
};
