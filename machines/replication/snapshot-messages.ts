import type { SnapshotChunk, SnapshotCursor } from './snapshot.ts';

// Between the sender of a snapshot and the replica that is too far behind for single decisions.

/** What you miss is gone; I can send the state as of `index`. */
export type SnapshotOffer = { readonly type: 'snapshotOffer'; readonly index: number };
/** Send the piece at the cursor of the snapshot at `index`; null: the first. */
export type SnapshotRequest = {
  readonly type: 'snapshotRequest';
  readonly index: number;
  readonly cursor: SnapshotCursor | null;
};
export type SnapshotPiece = { readonly type: 'snapshotPiece'; readonly piece: SnapshotChunk };
/** To the sender's own child: offer it again, the other side may not have heard; it misses what follows `applied`. */
export type OfferAgain = { readonly type: 'offerAgain'; readonly applied: number };
