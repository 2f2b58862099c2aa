import { OneBatchASlot } from '../../invariants/one-batch-a-slot.ts';
import { PromisesNeverGoBack } from '../../invariants/promises-never-go-back.ts';
import type { Agreement } from '../replicated-log/agreement.ts';
import { AcceptorDisks } from './acceptor-disks.ts';

/** What must hold of Multi-Paxos. */
export function paxosAgreement(nodes: readonly string[]): Agreement {
  const agreement = new OneBatchASlot(nodes.length);
  return {
    disks: [new AcceptorDisks([new PromisesNeverGoBack(), agreement])],
    instruments: [],
    get decided() {
      return agreement.slots;
    },
    voters: undefined,
    apply: (node, index, batch) => agreement.apply(node, index, batch),
    crashed: (node) => agreement.crashed(node),
  };
}
