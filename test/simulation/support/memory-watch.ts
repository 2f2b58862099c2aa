import type { Ballot } from '../../../machines/paxos/ballot.ts';
import type { Pvalue, Slot } from '../../../machines/paxos/pvalue.ts';
import type { PaxosReplicaContext } from '../../../machines/paxos/replica-context.ts';
import { type Instrument, replaceAction } from './instrumented-program.ts';

interface AcceptorMemory {
  readonly accepted: ReadonlyMap<Slot, Pvalue>;
  readonly acceptedBytes: number;
}

interface LeaderMemory {
  readonly ballot: Ballot;
  readonly proposals: {
    readonly pending: { readonly chunks: readonly Uint8Array[] };
    readonly open: ReadonlyMap<Slot, number>;
    readonly kept: ReadonlyMap<Slot, number>;
  };
  readonly readsAsked: readonly unknown[] | ReadonlyMap<string, unknown>;
  readonly readsWaiting: readonly unknown[] | ReadonlyMap<string, unknown>;
}

/** Looks into the contexts of the roles of all nodes: what they keep, and how many ballots there were. */
export class MemoryWatch {
  readonly acceptors = new Map<string, AcceptorMemory>();
  readonly replicas = new Map<string, PaxosReplicaContext>();
  readonly leaders = new Map<string, LeaderMemory>();
  /** Ballots that were adopted, in their order. */
  readonly ballots: Ballot[] = [];
  /** Snapshots that were put in force, by node. */
  readonly snapshots: string[] = [];

  readonly instrument: Instrument = (program) => {
    const { node } = program;
    for (const action of ['accept', 'promise', 'answerReadCheck', 'collect']) {
      replaceAction(program, 'acceptor', action, (args, original) => {
        this.acceptors.set(node, args.context);
        return original(args);
      });
    }
    replaceAction(program, 'replica', 'tellProgress', (args, original) => {
      this.replicas.set(node, args.context);
      return original(args);
    });
    replaceAction(program, 'replica', 'goOnFromSnapshot', (args, original) => {
      this.snapshots.push(node);
      return original(args);
    });
    for (const action of ['beat', 'follow']) {
      replaceAction(program, 'leader', action, (args, original) => {
        this.leaders.set(node, args.context);
        return original(args);
      });
    }
    replaceAction(program, 'leader', 'adopt', (args, original) => {
      this.ballots.push(args.context.ballot);
      return original(args);
    });
  };

  /** What an idle cluster may not keep: for each node, the names of what it keeps, with how much. */
  leftovers(): Record<string, number> {
    const found: Record<string, number> = {};
    const note = (node: string, what: string, size: number) => {
      if (size > 0) found[`${node} ${what}`] = size;
    };
    for (const [node, { accepted, acceptedBytes }] of this.acceptors) {
      // What a former leader had proposed, and no later one has heard of, stays until its slot is used.
      const applied = this.replicas.get(node)?.state.applied ?? 0;
      note(node, 'accepted', [...accepted.keys()].filter((slot) => slot <= applied).length);
      if (accepted.size === 0) note(node, 'acceptedBytes', acceptedBytes);
    }
    for (const [node, replica] of this.replicas) {
      note(node, 'held', replica.held.size);
      note(node, 'heldBytes', replica.heldBytes);
      note(node, 'passedOn', replica.passedOn.flat().length);
      note(node, 'unconfirmed', replica.unconfirmed.size);
      note(node, 'confirmed', replica.confirmed.length);
      const { applied } = replica.state;
      note(node, 'log.accepted', [...replica.log.accepted.keys()].filter((slot) => slot <= applied).length);
      note(node, 'log.announced', replica.log.announced.size);
      note(node, 'undurable', replica.state.applied - replica.state.durable);
      note(node, 'decidedBytes over the bound', replica.log.decidedBytes - replica.settings.decisionBytesMax);
    }
    for (const [node, { proposals, readsAsked, readsWaiting }] of this.leaders) {
      note(node, 'pending', proposals.pending.chunks.length);
      note(node, 'open', proposals.open.size);
      note(node, 'kept', proposals.kept.size);
      note(node, 'readsAsked', sizeOf(readsAsked));
      note(node, 'readsWaiting', sizeOf(readsWaiting));
    }
    return found;
  }
}

function sizeOf(list: readonly unknown[] | ReadonlyMap<string, unknown>): number {
  return 'size' in list ? list.size : list.length;
}
