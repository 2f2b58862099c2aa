import type { SynodError } from '../../actors/errors.ts';
import type { Application, ApplicationState, ReadableState } from '../../machines/replication/application.ts';
import { isText } from '../../machines/replication/plain-data.ts';
import type { Refusal } from '../../machines/replication/replicated-state.ts';
import { BadOperationError, ValueTooLargeError } from './errors.ts';
import { bytesOver, isWhole } from './validation.ts';

/** Longest name of a sender, in UTF-8 bytes. */
export const SENDER_BYTES_MAX = 512;
/** Longest text of a message, in UTF-8 bytes. */
export const TEXT_BYTES_MAX = 64 * 1024;
/** Most numbers that one operation skips. */
export const SKIP_COUNT_MAX = 1_000_000_000;
/** Most entries in one page of the log. */
export const LOG_ENTRIES_MAX = 1000;
/** About the most bytes in one page of the log; a page has one entry at least. */
export const LOG_BYTES_MAX = 1024 * 1024;

const NAME = 'chatroom';

const SEND = 0;
const SKIP = 1;

const LOG = 0;

/** An operation. {@link chatOperation} makes them. */
export type ChatOperation =
  | readonly [type: typeof SEND, sender: string, text: string]
  | readonly [type: typeof SKIP, count: number];

/** A question. {@link chatQuery} makes them. */
export type ChatQuery = readonly [type: typeof LOG, from: number, limit: number];

/** The slot that the message, or the first of the skipped, took. */
export type ChatResult = number | Refusal;

/** A message where it stands in the log. Slots count from 0; a skipped one has no message. */
export interface ChatEntry {
  readonly slot: number;
  readonly sender: string;
  readonly text: string;
}

/** Some of the log. */
export interface ChatPage {
  readonly entries: readonly ChatEntry[];
  /** The slot to go on from; it is `length` when this page reaches the end. */
  readonly next: number;
  /** How many slots the log has, the skipped ones included. */
  readonly length: number;
}

export type ChatAnswer = ChatPage | Refusal;

export const chatOperation = {
  /** Says something in the room. */
  send: (sender: string, text: string): ChatOperation => [SEND, sender, text],
  /** Lets the next `count` slots of the log stay without a message. */
  skip: (count: number): ChatOperation => [SKIP, count],
};

export const chatQuery = {
  /** The log from slot `from` on, at most `limit` messages of it. */
  log: (from = 0, limit = LOG_ENTRIES_MAX): ChatQuery => [LOG, from, limit],
};

/** How many slots the log has. */
const LENGTH_KEY = 'length';
/** The messages, by slot in as many digits as order them. */
const MESSAGE_PREFIX = 'message/';
const SLOT_DIGITS = 16;

/** A chat room: one log of messages. */
export const chatroom: Application<ChatOperation, ChatResult, ChatQuery, ChatAnswer> = {
  name: NAME,
  module: import.meta.url,

  check(operation) {
    const problem = problemOf(operation);
    if (problem !== undefined) throw problem;
  },

  apply(operation, state) {
    const problem = problemOf(operation);
    return problem === undefined ? applyChecked(operation, state) : { refused: problem.code };
  },

  query(query, state) {
    const problem = queryProblemOf(query);
    return problem === undefined ? pageOf(query, state) : { refused: problem.code };
  },
};

function applyChecked(operation: ChatOperation, state: ApplicationState): number {
  const slot = lengthOf(state);
  if (operation[0] === SEND) {
    const [, sender, text] = operation;
    state.put(messageKey(slot), [sender, text]);
    state.put(LENGTH_KEY, slot + 1);
  } else {
    state.put(LENGTH_KEY, slot + operation[1]);
  }
  return slot;
}

function pageOf([, from, limit]: ChatQuery, state: ReadableState): ChatPage {
  const length = lengthOf(state);
  const entries: ChatEntry[] = [];
  let bytes = 0;
  for (const [key, message] of state.scan(MESSAGE_PREFIX, messageKey(from))) {
    const slot = Number(key.slice(MESSAGE_PREFIX.length));
    const [sender, text] = message as [string, string];
    bytes += sender.length + text.length;
    const isFull = entries.length >= Math.min(limit, LOG_ENTRIES_MAX) || bytes > LOG_BYTES_MAX;
    if (isFull && entries.length > 0) return { entries, next: slot, length };
    entries.push({ slot, sender, text });
  }
  return { entries, next: Math.max(from, length), length };
}

function lengthOf(state: ReadableState): number {
  const length = state.get(LENGTH_KEY);
  return typeof length === 'number' ? length : 0;
}

function messageKey(slot: number): string {
  return MESSAGE_PREFIX + String(slot).padStart(SLOT_DIGITS, '0');
}

function problemOf(operation: unknown): SynodError | undefined {
  if (!Array.isArray(operation)) return new BadOperationError(NAME, 'an operation is no list');
  const [type, first, second]: unknown[] = operation;
  if (type === SEND)
    return (
      textProblemOf('a sender', first, SENDER_BYTES_MAX) ?? textProblemOf('a text', second, TEXT_BYTES_MAX)
    );
  if (type !== SKIP) return new BadOperationError(NAME, 'an operation is of no known type');
  if (isWhole(first, 1) && first <= SKIP_COUNT_MAX) return undefined;
  return new BadOperationError(
    NAME,
    `the count of skipped slots is no whole number from 1 to ${SKIP_COUNT_MAX}`,
  );
}

function queryProblemOf(query: unknown): SynodError | undefined {
  if (!Array.isArray(query) || query[0] !== LOG)
    return new BadOperationError(NAME, 'a query is of no known type');
  const [, from, limit]: unknown[] = query;
  if (isWhole(from, 0) && isWhole(limit, 1)) return undefined;
  return new BadOperationError(NAME, 'a query has a broken position or limit');
}

function textProblemOf(what: string, text: unknown, bytesMax: number): SynodError | undefined {
  if (!isText(text)) return new BadOperationError(NAME, `${what} is no well-formed text`);
  const bytes = bytesOver(text, bytesMax);
  return bytes === undefined ? undefined : new ValueTooLargeError(what, bytes, bytesMax);
}
