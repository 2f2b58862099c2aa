import type { Address } from '../../actors/address.ts';
import { CorruptJournalError, CorruptRecordError, SynodError } from '../../actors/errors.ts';
import type { Answer, Answers, Followed } from './client-messages.ts';
import type { ReplicatedState } from './replicated-state.ts';

/** Questions of one client that wait to be answered. */
export interface WaitingQuery {
  readonly client: Address;
  readonly id: number;
  readonly questions: readonly (readonly [application: string, query: unknown])[];
}

/** A question that waits for news. */
export interface Follower {
  readonly client: Address;
  readonly id: number;
  readonly application: string;
  readonly query: unknown;
  readonly newerThan: number;
}

/** Answers questions from what is applied. */
export function answersTo({ id, questions }: WaitingQuery, state: ReplicatedState): Answers {
  return { type: 'answers', id, answers: questions.map(([name, query]) => answerTo(name, query, state)) };
}

/** The answer to one who follows, once there is news; undefined before. */
export function newsFor(follower: Follower, state: ReplicatedState): Followed | undefined {
  const version = state.version(follower.application);
  if (version <= follower.newerThan) return undefined;
  const answer = answerTo(follower.application, follower.query, state);
  return { type: 'followed', id: follower.id, answer, version };
}

/**
 * A question that cannot be answered is a mistake of the client, or of the application: the client learns why, and
 * nobody ends. A record that is damaged is no such mistake.
 */
function answerTo(application: string, query: unknown, state: ReplicatedState): Answer {
  try {
    return [state.query(application, query)];
  } catch (error) {
    if (error instanceof CorruptRecordError || error instanceof CorruptJournalError) throw error;
    if (error instanceof SynodError) return [undefined, error.code, error.message];
    return [
      undefined,
      'SYNOD_QUERY_FAILED',
      `application "${application}" failed to answer: ${String(error)}`,
    ];
  }
}
