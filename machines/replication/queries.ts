import type { Address } from '../../actors/address.ts';
import { SynodError } from '../../actors/errors.ts';
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

/** A question that cannot be answered is the client's mistake: it learns why, and nobody ends. */
function answerTo(application: string, query: unknown, state: ReplicatedState): Answer {
  try {
    return [state.query(application, query)];
  } catch (error) {
    if (error instanceof SynodError && error.code !== 'SYNOD_CORRUPT_RECORD') {
      return [undefined, error.code, error.message];
    }
    throw error;
  }
}
