import type { Ballot } from '../../../../machines/paxos/ballot.ts';
import type { Pvalue, Slot } from '../../../../machines/paxos/pvalue.ts';
import type { PaxosReplicaContext } from '../../../../machines/paxos/replica-context.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import type { MemoryWatch, Reign } from '../replicated-log/memory-watch.ts';
import { forPaxos } from './open-paxos.ts';

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

const ACCEPTOR_ACTIONS = ['accept', 'promise', 'answerReadCheck', 'collect', 'recover'];

/** Looks into the contexts of the roles of all nodes of Multi-Paxos. */
export class PaxosMemory implements MemoryWatch {
  readonly replicas = new Map<string, PaxosReplicaContext>();
  readonly reigns: Reign[] = [];
  readonly snapshots: string[] = [];
  readonly #acceptors = new Map<string, AcceptorMemory>();
  readonly #leaders = new Map<string, LeaderMemory>();
  readonly #forgetful = new Set<string>();

  readonly instrument = forPaxos((program) => {
    const { node, inputs } = program;
    if (inputs.acceptor.isForgetful) this.#forgetful.add(node);
    watchActions(program, 'acceptor', ACCEPTOR_ACTIONS, ({ context }) => this.#acceptors.set(node, context));
    watchActions(program, 'leader', ['noteRecovery'], () => this.#forgetful.delete(node));
    watchActions(program, 'replica', ['tellProgress'], ({ context }) => this.replicas.set(node, context));
    watchActions(program, 'replica', ['goOnFromSnapshot'], () => this.snapshots.push(node));
    watchActions(program, 'leader', ['beat', 'follow'], ({ context }) => this.#leaders.set(node, context));
    watchActions(program, 'leader', ['adopt'], ({ context }) => {
      const { round, leader } = context.ballot as Ballot;
      this.reigns.push({ number: round, leader });
    });
  });

  get watched(): number {
    return this.#acceptors.size;
  }

  hasVote(node: string): boolean {
    return !this.#forgetful.has(node);
  }

  /** A ballot that nobody adopts shows in no leader that goes on leading. */
  highestTerm(): number {
    return 0;
  }

  readsAt(node: string): number {
    return sizeOf(this.#leaders.get(node)?.readsWaiting ?? []);
  }

  leftovers(): Record<string, number> {
    const found: Record<string, number> = {};
    const note = (node: string, what: string, size: number) => {
      if (size > 0) found[`${node} ${what}`] = size;
    };
    for (const [node, { accepted, acceptedBytes }] of this.#acceptors) {
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
    for (const [node, { proposals, readsAsked, readsWaiting }] of this.#leaders) {
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
