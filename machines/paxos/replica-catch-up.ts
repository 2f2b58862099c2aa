import { assertEvent } from 'xstate';
import { addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import { majorityOf } from '../replication/batch.ts';
import { offerSnapshot } from '../replication/replica-snapshots.ts';
import { decisionsFrom } from './decisions.ts';
import type { Applied, AskProgress, CatchUp, Collect, Decisions, Progress } from './messages.ts';
import {
  type Arguments,
  type OnlyContext,
  otherReplicas,
  type PaxosReplicaContext,
} from './replica-context.ts';

/** How replicas that were away catch up: with decisions while somebody has them, else with a snapshot. */
export const actions = {
  askProgress({ context }: OnlyContext): Effect[] {
    return otherReplicas(context).map((other) => send<AskProgress>(other, { type: 'askProgress' }));
  },

  answerProgress({ context, event }: Arguments): Effect {
    assertEvent(event, 'askProgress');
    return send<Progress>(event.from, progressOf(context));
  },

  noteProgress({ context, event }: Arguments): void {
    assertEvent(event, 'progress');
    const { applied, durable } = event;
    context.peers.set(nodeOf(event.from), { applied, durable });
    context.heard.add(nodeOf(event.from));
    context.heardLately.add(nodeOf(event.from));
  },

  /** Tells the others, and the leader beside, how far this replica is. */
  tellProgress({ context }: OnlyContext): Effect[] {
    const { applied: slot, durable } = context.state;
    const heard = context.heardLately.size;
    context.heardLately.clear();
    return [
      ...otherReplicas(context).map((other) => send<Progress>(other, progressOf(context))),
      ...['leader', 'acceptor'].map((role) =>
        send<Applied>(addressOf(context.node, role), { type: 'applied', slot, durable, heard }),
      ),
    ];
  },

  /** What a majority has applied durably the acceptors may forget (PMMC, section 4.2). */
  collect({ context }: OnlyContext): Effect[] {
    const durable = context.nodes.map((node) =>
      node === context.node ? context.state.durable : (context.peers.get(node)?.durable ?? 0),
    );
    durable.sort((a, b) => b - a);
    const floor = durable[majorityOf(context.nodes.length) - 1]! + 1;
    if (floor <= context.floor) return [];
    context.floor = floor;
    const message: Collect = { type: 'collect', floor };
    return ['acceptor', 'leader'].map((role) => send(addressOf(context.node, role), message));
  },

  /** Asks a replica that is further: the one that has just answered, else each in turn, for one may be dead. */
  askDecisions({ context, event }: Arguments): Effect[] {
    const { nodes, peers, state, askedLast } = context;
    const turn = askedLast === undefined ? 0 : nodes.indexOf(askedLast) + 1;
    const answered = event.type === 'decisions' ? [nodeOf(event.from)] : [];
    const node = [...answered, ...nodes.slice(turn), ...nodes.slice(0, turn)].find(
      (other) => (peers.get(other)?.applied ?? 0) > state.applied,
    );
    if (node === undefined) return [];
    context.askedLast = node;
    return [send<CatchUp>(addressOf(node, 'replica'), { type: 'catchUp', fromSlot: state.applied + 1 })];
  },

  sendDecisions({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'catchUp');
    const { state, log, settings } = context;
    const batches = decisionsFrom(log, event.fromSlot, state.applied, settings.catchUpBytesMax);
    if (batches.length > 0) {
      return [send<Decisions>(event.from, { type: 'decisions', firstSlot: event.fromSlot, batches })];
    }
    return event.fromSlot <= state.durable ? offerSnapshot(context, event.from, event.fromSlot - 1) : [];
  },
};

function progressOf({ state }: PaxosReplicaContext): Progress {
  return { type: 'progress', applied: state.applied, durable: state.durable };
}
