import type { Ballot } from '../paxos/ballot.ts';
import type { P2b } from '../paxos/messages.ts';
import type { LeaderMessage } from '../two-phase-commit/messages.ts';
import type { Decision } from '../two-phase-commit/presumption.ts';

// To clients.

/** I do not lead; this node does, as far as I know. */
export type Redirect = { readonly type: 'redirect'; readonly leader: string | undefined };

// Between the leaders of groups and the coordinator beside.

/** Not all have voted in time: take a higher ballot, and put down that they have not. */
export type Overdue = { readonly type: 'overdue' };
/** An acceptor follows a higher ballot. */
export type Outranked = { readonly type: 'outranked'; readonly ballot: Ballot };
/** All votes on the group are chosen, in a higher ballot than that in which they were asked for. */
export type Settled = { readonly type: 'settled'; readonly decision: Decision };

/** What the leader of a group hears. */
export type GroupLeaderMessage = LeaderMessage | P2b | Settled;
