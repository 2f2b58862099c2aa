import { assertEvent } from 'xstate';
import { addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import { bytesOf, majorityOf } from '../replication/batch.ts';
import type { AcceptorContext, Arguments, OnlyContext } from './acceptor-context.ts';
import { acceptedRecord, floorRecords, livesRecord, promiseRecord } from './acceptor-records.ts';
import { compareBallots, highestBallot } from './ballot.ts';
import type { AskLife, KnownLife, Readmit, Recollection, Recovered } from './messages.ts';
import { mergeLives, type Testimony } from './voices.ts';

/**
 * An acceptor that has lost its memory has forgotten promises and acceptances: to answer again could undo both. It
 * begins a new life, which a majority of all acceptors, without it, writes down before it tells what it knows; from
 * then on nothing that the acceptor said in a former life counts together with the word of any of these.
 */
export const actions = {
  /** The next life, should this one end before it is told of, must know that there is nothing to know. */
  rememberForgetting({ context }: OnlyContext): Effect {
    return persist(livesRecord(undefined, context.lives));
  },

  askLife({ context }: OnlyContext): Effect[] {
    return othersOf(context, context.helpers).map((acceptor) => send<AskLife>(acceptor, { type: 'askLife' }));
  },

  tellLife({ context, event }: Arguments): Effect {
    assertEvent(event, 'askLife');
    const life = context.lives.get(nodeOf(event.from)) ?? 0;
    return send<KnownLife>(event.from, { type: 'knownLife', life });
  },

  noteLife({ context, event }: Arguments): void {
    assertEvent(event, 'knownLife');
    context.helpers.add(nodeOf(event.from));
    context.life = Math.max(context.life, event.life);
  },

  beginLife({ context }: OnlyContext): void {
    context.life += 1;
    context.helpers.clear();
  },

  askReadmission({ context }: OnlyContext): Effect[] {
    const message: Readmit = { type: 'readmit', life: context.life };
    return othersOf(context, context.helpers).map((acceptor) => send(acceptor, message));
  },

  /** The new life is on disk before anything is told: whoever hears of the one from here hears of the other. */
  readmit({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'readmit');
    context.lives = mergeLives(context.lives, { [nodeOf(event.from)]: event.life });
    const { ballot, accepted, floor, life, lives } = context;
    return [
      persist(livesRecord(life, lives)),
      send<Recollection>(event.from, {
        type: 'recollection',
        for: event.life,
        ballot,
        accepted: [...accepted.values()],
        floor,
        ...testimony(context),
      }),
    ];
  },

  /** Takes over whatever any of them has promised, accepted, or knows to be decided. */
  recollect({ context, event }: Arguments): void {
    assertEvent(event, 'recollection');
    context.helpers.add(nodeOf(event.from));
    context.ballot = highestBallot(context.ballot, event.ballot);
    context.floor = Math.max(context.floor, event.floor);
    context.lives = mergeLives(context.lives, event.lives ?? {});
    for (const pvalue of event.accepted) {
      const known = context.accepted.get(pvalue.slot);
      if (known !== undefined && compareBallots(known.ballot, pvalue.ballot) >= 0) continue;
      context.acceptedBytes += bytesOf(pvalue.batch) - (known === undefined ? 0 : bytesOf(known.batch));
      context.accepted.set(pvalue.slot, pvalue);
    }
  },

  noteRepair({ context, event }: Arguments): void {
    assertEvent(event, 'applied');
    context.repaired = event.durable;
  },

  /** It is an acceptor again: what it has been told is on disk before it answers anybody. */
  recover({ context }: OnlyContext): Effect[] {
    const { ballot, floor, life, lives, accepted, node } = context;
    for (const [slot, { batch }] of accepted) {
      if (slot >= floor) continue;
      accepted.delete(slot);
      context.acceptedBytes -= bytesOf(batch);
    }
    return [
      persist(
        promiseRecord(ballot),
        ...floorRecords(floor, []),
        ...[...accepted.values()].map(acceptedRecord),
        livesRecord(life, lives),
      ),
      send<Recovered>(addressOf(node, 'leader'), { type: 'recovered', ballot, floor }),
    ];
  },
};

export const guards = {
  isForgetful: ({ context }: OnlyContext) => context.isForgetful,
  hasHelpers: ({ context }: OnlyContext) => context.helpers.size >= majorityOf(context.nodes.length),
  isForThisLife: ({ context, event }: Arguments) =>
    event.type === 'recollection' && event.for === context.life,
  /** What the others have let go of, the replica beside must have: else it might be nowhere, were one of them to die. */
  isRepaired: ({ context }: OnlyContext) => context.repaired >= context.floor - 1,
};

/** What an acceptor says of lives in each answer that counts. */
export function testimony({ life, lives }: AcceptorContext): Testimony {
  return {
    ...(life === 0 ? {} : { life }),
    ...(lives.size === 0 ? {} : { lives: Object.fromEntries(lives) }),
  };
}

function othersOf({ node, nodes }: AcceptorContext, answered: ReadonlySet<string>) {
  return nodes
    .filter((other) => other !== node && !answered.has(other))
    .map((other) => addressOf(other, 'acceptor'));
}
