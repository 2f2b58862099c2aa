import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send, spawn, stop } from '../../actors/effects.ts';
import type { CommanderInput } from '../paxos/commander.ts';
import { keyOf } from '../paxos/leader-context.ts';
import type { Pvalue, Slot } from '../paxos/pvalue.ts';
import { NO_OP } from '../replication/batch.ts';
import { requestGroups } from '../two-phase-commit/coordinator-context.ts';
import { packGroup } from '../two-phase-commit/group.ts';
import type { LedGroup } from '../two-phase-commit/open-groups.ts';
import { ABORTED, type Decision } from '../two-phase-commit/presumption.ts';
import type { RequestedTransaction } from '../two-phase-commit/requests.ts';
import { transactionId } from '../two-phase-commit/transaction-id.ts';
import { countVote, decisionOf, noVotes } from '../two-phase-commit/votes.ts';
import {
  type Arguments,
  type CoordinatorContext,
  NOTHING_TO_SETTLE,
  newLeadership,
  type OnlyContext,
} from './coordinator-context.ts';
import type { LeaderInput } from './leader.ts';
import { lifeOfBallot } from './lives.ts';
import type { Settled } from './messages.ts';
import { unpackOrigins } from './origins.ts';
import { type RecoveredGroup, recoveredGroups } from './recovered-groups.ts';
import { HANDED_OUT_MAX } from './slotted-groups.ts';

/** Slots that are settled at the same time, at most. */
const SETTLED_AT_ONCE_MAX = 64;

/**
 * What a new ballot begins with. Phase 1 has told what acceptors have accepted in former ballots: that is proposed again.
 * In every other slot that a former ballot may have handed out nobody shall ever have voted. Once all of that is chosen,
 * each group of a former ballot has either all its votes, or will never have them; and one that this leader does not know
 * of has aborted.
 */
export const actions = {
  adopt({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    const { output } = event;
    if (typeof output === 'number' || !('kind' in output) || output.kind !== 'adopted') return;
    const { accepted, floor } = output;
    context.floor = Math.max(context.floor, floor);
    const slots = slotsToSettle(context, accepted);
    context.settlement = {
      values: new Map(slots.map((slot) => [slot, accepted.get(slot)?.batch ?? NO_OP])),
      waiting: slots,
      open: new Set(),
      nextSlot: lastHandedOut(context.floor, accepted) + 1,
    };
  },

  settle({ context }: OnlyContext): Effect[] {
    const { node, nodes, ballot, settings, settlement } = context;
    const { waiting, open, values } = settlement;
    const effects: Effect[] = [];
    while (waiting.length > 0 && open.size < SETTLED_AT_ONCE_MAX) {
      const slot = waiting.shift()!;
      open.add(slot);
      const pvalue: Pvalue = { ballot, slot, batch: values.get(slot)! };
      const input: CommanderInput = { node, nodes, pvalue, retryMs: settings.retryMs };
      effects.push(spawn('commander', keyOf(ballot, slot), input));
    }
    return effects;
  },

  noteChosen({ context, event }: Arguments): void {
    assertEvent(event, 'done');
    const { output } = event;
    if (typeof output === 'number' || !('kind' in output) || output.kind !== 'decided') return;
    context.settlement.open.delete(output.slot);
  },

  stopSettling({ context }: OnlyContext): Effect[] {
    return [...context.settlement.open].map((slot) => stop('commander', keyOf(context.ballot, slot)));
  },

  /** All is chosen that was handed out before: each open group is decided by that, and work goes on. */
  takeOver({ context }: OnlyContext): Effect[] {
    const { ballot, nodes, settings, settlement } = context;
    const life = lifeOfBallot(ballot, nodes);
    const ownBelow = context.leads ? context.groups.next : 0;
    if (!context.leads) Object.assign(context, newLeadership(life, ballot, settings));
    const { groups } = context;
    groups.beginBallot(ballot, settlement.nextSlot, transactionId(life, 1));
    context.settlement = NOTHING_TO_SETTLE;
    const recovered = recoveredGroups(settlement.values);
    const found = new Set(recovered.map(({ group }) => group));
    const effects: Effect[] = [];
    for (const { id, decision } of groups.values()) {
      if (decision === undefined && !found.has(id)) effects.push(tellSettled(context, id, ABORTED));
    }
    for (const group of recovered) {
      // One of its own that is not open has ended meanwhile.
      if (group.group >= ownBelow || groups.get(group.group) !== undefined) {
        effects.push(conclude(context, group));
      }
    }
    context.beginRequested = false;
    return [...effects, ...requestGroups(context)];
  },

  /** It leads no more. What it has begun, whoever leads next brings to its end; clients will ask there. */
  abandon({ context }: OnlyContext): Effect[] {
    if (!context.leads) return [];
    const { groups, validations, settings } = context;
    const effects = [
      ...Array.from(groups.values(), ({ id }) => stop('leader', String(id))),
      ...Array.from(validations.keys(), (number) => stop('validator', String(number))),
    ];
    Object.assign(context, newLeadership(0, context.ballot, settings), { leads: false });
    return effects;
  },
};

export const guards = {
  isSettled: ({ context: { settlement } }: OnlyContext) =>
    settlement.waiting.length === 0 && settlement.open.size === 0,
  isAdopted: ({ context, event }: Arguments) =>
    isOutcome(event, 'adopted') && keyOf(event.output.ballot) === keyOf(context.ballot),
  isChosen: ({ event }: Arguments) => isOutcome(event, 'decided'),
};

/** The last slot that a former ballot can have handed out: none is before all those that many below are chosen. */
function lastHandedOut(floor: Slot, accepted: ReadonlyMap<Slot, Pvalue>): Slot {
  let last = floor - 1;
  for (const slot of accepted.keys()) last = Math.max(last, slot);
  return last + HANDED_OUT_MAX;
}

/** In order. What this leader knows to be chosen, from a ballot before, is left out. */
function slotsToSettle(
  { leads, groups, floor }: CoordinatorContext,
  accepted: ReadonlyMap<Slot, Pvalue>,
): Slot[] {
  const slots = leads ? groups.undecidedSlots() : [];
  const last = lastHandedOut(floor, accepted);
  for (let slot = leads ? Math.max(groups.nextSlot, floor) : floor; slot <= last; slot++) slots.push(slot);
  return slots;
}

/** Decides a group by the votes that are chosen. */
function conclude(context: CoordinatorContext, recovered: RecoveredGroup): Effect {
  const { groups } = context;
  const { group: id, count, participants, votes: cast } = recovered;
  const known = groups.get(id);
  const votes = known?.votes ?? noVotes();
  for (const [node, refused] of cast) countVote(votes, node, refused);
  const decision = participants.every((node) => cast.has(node)) ? decisionOf(votes, count) : ABORTED;
  if (known !== undefined) return tellSettled(context, id, decision);
  const group: LedGroup = {
    id,
    count,
    participants,
    transactions: packGroup([]),
    members: inherited(context, recovered),
    votes,
    decision,
    acknowledged: new Set(),
    learner: undefined,
  };
  groups.inherit(group, recovered.firstSlot);
  context.voting += 1;
  context.pending += group.members.length;
  const { node, settings, journal } = context;
  return spawn('leader', String(id), { node, settings, journal, groups, group } satisfies LeaderInput);
}

/** The clients of a former leader will ask what became of theirs. */
function inherited({ sessions }: CoordinatorContext, { origins }: RecoveredGroup): RequestedTransaction[] {
  return unpackOrigins(origins).map(({ client, session: id, number, writes }) => {
    const session = sessions.inherit(id, client);
    session.outcomes.set(number, undefined);
    return { session, number, bytes: NOTHING, shared: [], exclusive: [], missing: 0, writes };
  });
}

const NOTHING = new Uint8Array(0);

function tellSettled({ node }: CoordinatorContext, id: number, decision: Decision): Effect {
  return send<Settled>(addressOf(node, 'leader', String(id)), { type: 'settled', decision });
}

type Outcome = Extract<Arguments['event'], { type: 'done' }>['output'] & { readonly kind: string };

function isOutcome<Kind extends Outcome['kind']>(
  event: Arguments['event'],
  kind: Kind,
): event is Extract<Arguments['event'], { type: 'done' }> & { output: Extract<Outcome, { kind: Kind }> } {
  if (event.type !== 'done') return false;
  const { output } = event;
  return typeof output !== 'number' && 'kind' in output && output.kind === kind;
}
