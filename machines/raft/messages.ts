import type { Address } from '../../actors/address.ts';
import type { StatusRequest } from '../replication/client-messages.ts';
import type { ConfirmRead, Propose } from '../replication/leader-messages.ts';
import type { Conflict, Entry, Position } from './log.ts';
import type { Member } from './member.ts';

// Between servers (thesis, figure 3.1, and the sections named).

/** Which member says so, where the node has lost a memory before; else it goes by the node's name. */
interface Signed {
  readonly member?: Member;
}

/** Would you vote for me in this term? (section 9.6) */
export type PreVote = Signed & { readonly type: 'preVote'; readonly term: number; readonly last: Position };
/** `asked` is the term that was asked about; `term` and `commit` are those of who answers. */
export type PreVoteReply = Signed & {
  readonly type: 'preVoteReply';
  readonly asked: number;
  readonly term: number;
  readonly granted: boolean;
  readonly commit: number;
  /** Who asks is a member, as far as who answers knows it to be committed. */
  readonly isMember: boolean;
};
/** Vote for me. `isTransfer`: the leader itself told me to stand, so that you need not miss it first (section 4.2.3). */
export type RequestVote = Signed & {
  readonly type: 'requestVote';
  readonly term: number;
  readonly last: Position;
  readonly isTransfer: boolean;
};
export type VoteReply = Signed & {
  readonly type: 'voteReply';
  readonly term: number;
  readonly granted: boolean;
};

/** Entries to follow `previous`. A probe has none: does your log match there? */
export type AppendEntries = {
  readonly type: 'appendEntries' | 'probe';
  readonly term: number;
  readonly previous: Position;
  readonly entries: readonly Entry[];
};
/** The log matches up to `match`, durably. */
export type Appended = Signed & { readonly type: 'appended'; readonly term: number; readonly match: number };
/** The log does not match at `previous`. */
export type Mismatched = Signed & {
  readonly type: 'mismatched';
  readonly term: number;
  readonly previous: number;
  readonly conflict: Conflict;
};

/** I lead. The round tells its answers from those to earlier ones (section 6.4). */
export type Heartbeat = {
  readonly type: 'heartbeat';
  readonly term: number;
  readonly round: number;
  /** The member that it is for, where its node has lost a memory before. */
  readonly to?: Member;
};
/** You do; I know of so much that is committed, and you told me of so much. */
export type HeartbeatReply = Signed & {
  readonly type: 'heartbeatReply';
  readonly term: number;
  readonly round: number;
  readonly commit: number;
  readonly leaderCommit: number;
};
/** Entries up to `index` are committed; and your log matches mine up to `match`, if it still has it. */
export type Commit = {
  readonly type: 'commit';
  readonly term: number;
  readonly index: number;
  readonly match: Position;
};
/** My leader, if there is one, does not reach me, but you do: send what is committed after this. */
export type Fetch = { readonly type: 'fetch'; readonly previous: Position };
/** Entries to follow `previous`, all of them committed; and up to where more are. */
export type Fetched = {
  readonly type: 'fetched';
  readonly term: number;
  readonly previous: Position;
  readonly entries: readonly Entry[];
  readonly commit: number;
};
/** My state is gone, and my log begins after it: send me a snapshot. */
export type NeedSnapshot = { readonly type: 'needSnapshot'; readonly applied: number };
/** I have lost my memory, or am another than you take me for: who am I to be? The nonce tells this memory from others. */
export type Forgot = { readonly type: 'forgot'; readonly nonce: number };
/** You are this member from now on, with nothing promised. */
export type Welcome = {
  readonly type: 'welcome';
  readonly term: number;
  readonly nonce: number;
  readonly member: Member;
};
/** Stand for election at once (section 3.10). */
export type TimeoutNow = { readonly type: 'timeoutNow'; readonly term: number };

// From whoever administers the cluster; both may be said again until they are so.

/** Make these the voters (chapter 4). */
export type SetMembers = { readonly type: 'setMembers'; readonly voters: readonly string[] };
/** Let that voter lead; undefined: whichever is furthest (section 3.10). */
export type TransferLeadership = { readonly type: 'transferLeadership'; readonly to: string | undefined };

// Between the server and the replica of a node.

/** Committed entries, from index `first` on. */
export type Committed = {
  readonly type: 'committed';
  readonly first: number;
  readonly entries: readonly Entry[];
};
/** All that was committed when this server came back, it has handed over. */
export type CaughtUp = { readonly type: 'caughtUp' };
/** The replica of that node misses what the log no longer has: send it a snapshot. It has what stands up to `applied`. */
export type SendSnapshot = { readonly type: 'sendSnapshot'; readonly to: string; readonly applied: number };
/** Hand over what is committed after `index`. */
export type HandOver = { readonly type: 'handOver'; readonly index: number };
/** Applied durably up to there. */
export type Durable = { readonly type: 'durable'; readonly index: number };
/** A snapshot is in force, which stands for all entries up to there. */
export type Installed = { readonly type: 'installed'; readonly index: number; readonly anchor: unknown };

/** A leader's note to itself: gather what else this turn brings, then append it. */
export type AppendPending = { readonly type: 'appendPending' };

export type ServerMessage =
  | PreVote
  | PreVoteReply
  | RequestVote
  | VoteReply
  | AppendEntries
  | Appended
  | Mismatched
  | Heartbeat
  | HeartbeatReply
  | Commit
  | Fetch
  | Fetched
  | NeedSnapshot
  | Forgot
  | Welcome
  | TimeoutNow
  | SetMembers
  | TransferLeadership
  | HandOver
  | Durable
  | Installed
  | AppendPending
  | Propose
  | ConfirmRead
  | StatusRequest;

/** What the replicas of other protocols do not hear. */
export type RaftReplicaMessage = Committed | CaughtUp | SendSnapshot;

/** A read that waits at the leader. */
export interface WaitingRead {
  readonly replica: Address;
  readonly ticket: string;
  /** The first round that was begun after it came. */
  readonly round: number;
}
