import { assertEvent } from 'xstate';
import { type Address, addressOf, nodeOf } from '../../actors/address.ts';
import { type Effect, persist, send } from '../../actors/effects.ts';
import { bytesOf } from '../replication/batch.ts';
import type { ConfirmRead } from '../replication/leader-messages.ts';
import type { AcceptorContext, Arguments, OnlyContext } from './acceptor-context.ts';
import { acceptedRecord, floorRecords, livesRecord, promiseRecord } from './acceptor-records.ts';
import { compareBallots, highestBallot } from './ballot.ts';
import type { AskLife, KnownLife, Readmit, Recollection, Recovered } from './messages.ts';
import { areMajority, hear, mergeLives, NO_VOICES, type Testimony } from './voices.ts';

/**
 * An acceptor that has lost its memory has forgotten promises and acceptances: to answer again could undo both. It
 * begins a new life, which a majority of all acceptors, without it, writes down before it tells what it knows; from
 * then on nothing that the acceptor said in a former life counts together with the word of any of these. Then it
 * waits until the replica beside has all that was decided before: what its node said to be on disk is so again.
 */
export const actions = {
  /** The next life, should this one end before it is told of, must know that there is nothing to know. */
  rememberForgetting({ context }: OnlyContext): Effect {
    return persist(livesRecord(undefined, context.lives));
  },

  askLife({ context }: OnlyContext): Effect[] {
    const { nonce } = context;
    return silentOf(context).map((acceptor) => send<AskLife>(acceptor, { type: 'askLife', nonce }));
  },

  tellLife({ context, event }: Arguments): Effect {
    assertEvent(event, 'askLife');
    const life = context.lives.get(nodeOf(event.from)) ?? 0;
    return send<KnownLife>(event.from, { type: 'knownLife', nonce: event.nonce, life });
  },

  noteLife({ context, event }: Arguments): void {
    assertEvent(event, 'knownLife');
    context.helpers = hear(context.helpers, { from: event.from });
    context.life = Math.max(context.life, event.life);
  },

  beginLife({ context }: OnlyContext): void {
    context.life += 1;
    context.helpers = NO_VOICES;
  },

  askReadmission({ context }: OnlyContext): Effect[] {
    const { nonce, life } = context;
    return silentOf(context).map((acceptor) => send<Readmit>(acceptor, { type: 'readmit', nonce, life }));
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
        nonce: event.nonce,
        ballot,
        accepted: [...accepted.values()],
        floor,
        ...testimony(context),
      }),
    ];
  },

  /**
   * Takes over whatever any of them has promised, accepted, or knows to be decided. One that has lost its own memory
   * since it answered is asked again: it has been told what was decided meanwhile.
   */
  recollect({ context, event }: Arguments): void {
    assertEvent(event, 'recollection');
    context.helpers = hear(context.helpers, event);
    context.lives = context.helpers.lives;
    context.ballot = highestBallot(context.ballot, event.ballot);
    context.floor = Math.max(context.floor, event.floor);
    for (const pvalue of event.accepted) {
      const known = context.accepted.get(pvalue.slot);
      if (known !== undefined && compareBallots(known.ballot, pvalue.ballot) >= 0) continue;
      context.acceptedBytes += bytesOf(pvalue.batch) - (known === undefined ? 0 : bytesOf(known.batch));
      context.accepted.set(pvalue.slot, pvalue);
    }
  },

  /** A leader knows, as for a linearizable read: up to where must the replica beside be? */
  askDecided({ context }: OnlyContext): Effect[] {
    const { node, nodes, decided, nonce } = context;
    if (decided !== undefined) return [];
    const message: ConfirmRead = { type: 'confirmRead', ticket: ticketOf(nonce) };
    return nodes.filter((other) => other !== node).map((other) => send(addressOf(other, 'leader'), message));
  },

  noteDecided({ context, event }: Arguments): void {
    assertEvent(event, 'readConfirmed');
    context.decided ??= event.index;
  },

  noteFloor({ context, event }: Arguments): void {
    assertEvent(event, 'collect');
    context.floor = Math.max(context.floor, event.floor);
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
  hasHelpers: ({ context }: OnlyContext) => areMajority(context.helpers, context.nodes),
  isForThisLife: ({ context, event }: Arguments) =>
    'nonce' in event
      ? event.nonce === context.nonce
      : event.type === 'readConfirmed' && event.ticket === ticketOf(context.nonce),
  /** What the others have let go of, the replica beside must have: else it might be nowhere, were one of them to die. */
  isRepaired: ({ context: { repaired, floor, decided } }: OnlyContext) =>
    decided !== undefined && repaired >= Math.max(decided, floor - 1),
};

/** What an acceptor says of lives in each answer that counts. */
export function testimony({ life, lives }: AcceptorContext): Testimony {
  return {
    ...(life === 0 ? {} : { life }),
    ...(lives.size === 0 ? {} : { lives: Object.fromEntries(lives) }),
  };
}

/** The other acceptors that have not answered. */
function silentOf({ node, nodes, helpers }: AcceptorContext): Address[] {
  return nodes
    .filter((other) => other !== node && !helpers.answered.has(other))
    .map((other) => addressOf(other, 'acceptor'));
}

function ticketOf(nonce: number): string {
  return `recovery ${nonce}`;
}
