import type { Address } from '../../actors/address.ts';
import { CorruptJournalError, CorruptRecordError, SynodError } from '../../actors/errors.ts';
import type { Answer, Answers, Followed } from './client-messages.ts';
import { estimateBytes } from './plain-data.ts';
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

/** About the most bytes of answers in one message; it has one answer at least. */
const ANSWERS_BYTES_MAX = 8 * 1024 * 1024;

/** Answers questions from what is applied. */
export function answersTo({ id, questions }: WaitingQuery, state: ReplicatedState): Answers[] {
  const messages: Answers[] = [];
  let answers: Answer[] = [];
  let bytes = 0;
  questions.forEach(([name, query], index) => {
    const answer = answerTo(name, query, state);
    bytes += estimateBytes(answer[0]);
    answers.push(answer);
    if (bytes < ANSWERS_BYTES_MAX && index < questions.length - 1) return;
    messages.push({ type: 'answers', id, first: index + 1 - answers.length, answers });
    answers = [];
    bytes = 0;
  });
  return messages;
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
