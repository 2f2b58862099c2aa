import { SynodError } from '../actors/errors.ts';

/** No answer came in time. The operation may have happened, and may happen yet. */
export class TimeoutError extends SynodError {
  constructor(what: string, timeoutMs: number) {
    super(
      'SYNOD_TIMEOUT',
      `${what} was not answered within ${timeoutMs} ms; it may have happened, and may happen yet. ` +
        'Read back what you need to know, or give a longer timeoutMs',
    );
  }
}

/** No majority of connected nodes was there to answer. The operation may have happened, and may happen yet. */
export class NoQuorumError extends SynodError {
  /** `mute`: live nodes that are not counted, for they have lost their memory and were not taken in again. */
  constructor(what: string, timeoutMs: number, mute: readonly string[] = []) {
    super(
      'SYNOD_NO_QUORUM',
      `${what} was not answered within ${timeoutMs} ms: no connected majority of the nodes ${whoIsMissing(mute)}`,
    );
  }
}

/** What a request that was not answered in time fails with: a {@link TimeoutError} or a {@link NoQuorumError}. */
export type Unanswered = (what: string, timeoutMs: number) => SynodError;

/** The client has too much under way already. The operation was not begun. */
export class OverloadedError extends SynodError {
  constructor(what: string, inFlightMax: number) {
    super(
      'SYNOD_OVERLOADED',
      `${what} was not begun: ${inFlightMax} operations of this client are under way. ` +
        'Wait for some of them, or raise inFlightMax',
    );
  }
}

/** The cluster has forgotten the session, for it knew of too many. Whether its unanswered operations happened is not known. */
export class SessionExpiredError extends SynodError {
  constructor(what: string) {
    super(
      'SYNOD_SESSION_EXPIRED',
      `${what}: the cluster has forgotten this client's session; read back and try again`,
    );
  }
}

/** The operation was applied, once; its result was lost on the way, and is no longer kept. */
export class ResultForgottenError extends SynodError {
  constructor(what: string) {
    super(
      'SYNOD_RESULT_FORGOTTEN',
      `${what} was applied, but its result was lost on the way and is no longer kept: the client had more than ` +
        '4 MiB of results under way. Read back what you need to know, and keep less under way',
    );
  }
}

/** The client or its cluster was closed. */
export class ClosedError extends SynodError {
  constructor(what: string) {
    super('SYNOD_CLOSED', `${what}: the client or its cluster is closed; open another`);
  }
}

/** The client stands at no server, or at one that is down. Nothing was done. */
export class UnreachableError extends SynodError {
  constructor(what: string, server: string | undefined) {
    super(
      'SYNOD_UNREACHABLE',
      server === undefined
        ? `${what} was not done: the client stands at no server. Move it to one that lives`
        : `${what} was not done: server ${server} is down. Restart it, or move the client to another one`,
    );
  }
}

/** Whoever was to do it ended, or has forgotten it, before it answered. It has happened or not, and will not happen later. */
export class UnknownOutcomeError extends SynodError {
  constructor(what: string, why: string) {
    super(
      'SYNOD_UNKNOWN_OUTCOME',
      `${what} has happened or not: ${why}. Read back what you need to know before you do it again`,
    );
  }
}

/** The leader is down, so it was not handed in: it has not happened, and will not. */
export class NoLeaderError extends SynodError {
  /** `leader`: the one that is down; undefined where any node may lead, and too few live. */
  constructor(what: string, leader: string | undefined) {
    super(
      'SYNOD_NO_LEADER',
      leader === undefined
        ? `${what} was not handed in: no majority of the nodes lives, so nobody can lead. It has not happened and ` +
            'will not. Restart some and try again'
        : `${what} was not handed in: the leader, node ${leader}, is down. It has not happened and will not. Restart it ` +
            'and try again',
    );
  }
}

/** No follower lives that could answer. */
export class NoFollowerError extends SynodError {
  constructor(what: string) {
    super('SYNOD_NO_FOLLOWER', `${what} was not answered: no follower lives. Restart one and ask again`);
  }
}

/** The client has a transaction open. Nothing was begun. */
export class TransactionOpenError extends SynodError {
  constructor() {
    super(
      'SYNOD_TRANSACTION_OPEN',
      'no transaction was begun: this client has one open. Commit or abort it first, or use another client',
    );
  }
}

/** The transaction was committed or aborted before. Nothing was done. */
export class UnknownTransactionError extends SynodError {
  constructor(what: string) {
    super(
      'SYNOD_UNKNOWN_TRANSACTION',
      `${what}: there is no such transaction open, for none was begun, or it was committed or aborted. Begin one`,
    );
  }
}

/** The server does not hold all that the client's session has read and written elsewhere. Nothing older is shown. */
export class DependencyError extends SynodError {
  constructor(what: string, server: string) {
    super(
      'SYNOD_DEPENDENCY',
      `${what} was not answered: server ${server} does not yet hold what this session has read and written. ` +
        'Ask again later, or move back to the server that it comes from',
    );
  }
}

/** The protocol of the cluster cannot do that. Nothing was done. */
export class UnsupportedError extends SynodError {
  constructor(what: string, protocol: string, expected: string) {
    super('SYNOD_UNSUPPORTED', `${what} is not possible with the protocol ${protocol}; ${expected}`);
  }
}

/** The application, or its replica, refused a question or an operation; `code` says why. */
export class RefusedError extends SynodError {}

/** An option that makes no sense. Nothing was started. */
export class BadOptionError extends SynodError {
  constructor(option: string, value: unknown, expected: string) {
    super('SYNOD_BAD_OPTION', `${option}: ${JSON.stringify(value)} given, ${expected} expected`);
  }
}

function whoIsMissing(mute: readonly string[]): string {
  const remedy = 'Restart or connect nodes; it may happen then';
  if (mute.length === 0) return `lives. ${remedy}`;
  const [nodes, have] = mute.length === 1 ? ['node', 'has'] : ['nodes', 'have'];
  return (
    `lives and has its memory; ${nodes} ${mute.join(', ')} ${have} lost it. ${remedy}, if a majority remembers: ` +
    'what a majority has forgotten is gone'
  );
}
