import { assertEvent, setup } from 'xstate';
import type { Address } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { SnapshotSource } from './snapshot.ts';
import type { OfferAgain, SnapshotOffer, SnapshotPiece, SnapshotRequest } from './snapshot-messages.ts';

export interface SnapshotSenderInput {
  readonly source: SnapshotSource;
  /** The replica that is behind. */
  readonly to: Address;
  readonly pieceBytesMax: number;
  /** Gives up when nothing is asked for this long. */
  readonly idleMs: number;
}

type SnapshotSenderEvent = Received<SnapshotRequest | OfferAgain>;
interface Arguments {
  readonly context: SnapshotSenderInput;
  readonly event: SnapshotSenderEvent;
}

/** Sends one snapshot to one replica, a piece for each request: the receiver sets the pace, and may resume. */
export const snapshotSender = setup({
  types: {} as { context: SnapshotSenderInput; events: SnapshotSenderEvent; input: SnapshotSenderInput },
  guards: {
    /** The other side has more than this snapshot: it needs a newer one. */
    isOutdated: ({ context, event }: Arguments) =>
      event.type === 'offerAgain' && event.applied >= context.source.index,
    /** A cursor of another snapshot, on its way for long, would begin at another record. */
    isOfThis: ({ context, event }: Arguments) =>
      event.type === 'snapshotRequest' && event.index === context.source.index,
  },
  actions: {
    offer: ({ context }: Pick<Arguments, 'context'>): Effect =>
      send<SnapshotOffer>(context.to, { type: 'snapshotOffer', index: context.source.index }),
    sendPiece: ({ context, event }: Arguments): Effect => {
      assertEvent(event, 'snapshotRequest');
      const piece = context.source.read(event.cursor, context.pieceBytesMax);
      return send<SnapshotPiece>(event.from, { type: 'snapshotPiece', piece });
    },
    close: ({ context }: Pick<Arguments, 'context'>): void => context.source[Symbol.dispose](),
  },
  delays: { idleMs: ({ context }: Pick<Arguments, 'context'>) => context.idleMs },
}).createMachine({
  id: 'snapshotSender',
  context: ({ input }) => input,
  initial: 'offering',
  states: {
    offering: {
      entry: 'offer',
      after: { idleMs: 'closed' },
    },
    sending: { after: { idleMs: 'closed' } },
    closed: { type: 'final', entry: 'close' },
  },
  on: {
    offerAgain: [
      { guard: 'isOutdated', target: '.closed' },
      { target: '.offering', reenter: true },
    ],
    snapshotRequest: { guard: 'isOfThis', target: '.sending', actions: 'sendPiece' },
  },
});
