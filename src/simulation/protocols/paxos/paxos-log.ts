import { drawnWriteBehind } from '../replicated-log/experiments.ts';
import type { LogProtocol } from '../replicated-log/log-protocol.ts';
import { paxosAgreement } from './paxos-agreement.ts';
import { PaxosMemory } from './paxos-memory.ts';

export const paxosLog: LogProtocol<'paxos'> = {
  name: 'paxos',
  smallSettings: {
    windowSlots: 4,
    slotBytesMax: 200,
    decisionBytesMax: 600,
    catchUpBytesMax: 400,
    writeBehindMs: 20,
    snapshotIdleMs: 300,
  },
  drawSettings: drawnWriteBehind,
  agreement: paxosAgreement,
  memory: () => new PaxosMemory(),
};
