import type { Application, ApplicationState, ReadableState } from '../../machines/replication/application.ts';
import { isText } from '../../machines/replication/plain-data.ts';
import { ChatStatus } from './chat-status.ts';
import { ValueTooLargeError } from './errors.ts';
import { globMatcher } from './glob.ts';
import { bytesOver, isWhole } from './validation.ts';

/** Longest user name, in characters (code points). */
export const NAME_CHARACTERS_MAX = 20;
/** Longest message, in characters (code points). */
export const TEXT_CHARACTERS_MAX = 500;
/** Longest pattern, in characters (code points). */
export const PATTERN_CHARACTERS_MAX = 1000;
/** Most accounts in one page of a list. */
export const LIST_ACCOUNTS_MAX = 1000;
/** Most accounts that one page of a list looks at, those that do not match included. */
export const LIST_LOOKS_MAX = 10_000;
/** Most messages in one page of a fetch. */
export const FETCH_MESSAGES_MAX = 1000;
/** Most messages of deleted accounts that one operation discards on its way. */
export const DISCARDS_MAX = 100;
/** Largest text that is handed to the replicas at all, in UTF-8 bytes; they answer what is over the limits above. */
export const REQUEST_TEXT_BYTES_MAX = 64 * 1024;

// No number is of an operation and a question both: one in the other's place is not supported, and does nothing.
const CREATE = 0;
const DELETE = 1;
const MESSAGE = 2;
const CHECK = 3;
const LIST = 4;
const FETCH = 5;

/** An operation. {@link chatServiceOperation} makes them. */
export type ChatServiceOperation =
  | readonly [type: typeof CREATE, name: string]
  | readonly [type: typeof DELETE, name: string]
  | readonly [type: typeof MESSAGE, from: string, to: string, text: string];

/** A question. {@link chatServiceQuery} makes them. */
export type ChatServiceQuery =
  | readonly [type: typeof CHECK, name: string]
  | readonly [type: typeof LIST, pattern: string, from: number]
  | readonly [type: typeof FETCH, name: string, id: number];

/** Some of the accounts that match, in order of creation. */
export interface AccountsPage {
  readonly accounts: readonly string[];
  /** Where to go on from; null when nothing is left. */
  readonly next: number | null;
}

/** Some of the messages that an account has received, in that order. */
export interface MessagesPage {
  readonly messages: readonly (readonly [sender: string, text: string])[];
  /** The id to go on from; null when nothing is left. */
  readonly next: number | null;
  /** Tells accounts of one name apart that were created one after the other. */
  readonly account: number;
}

export type ChatServiceAnswer = ChatStatus | AccountsPage | MessagesPage;

export const chatServiceOperation = {
  /** Opens an account, without messages. */
  create: (name: string): ChatServiceOperation => [CREATE, name],
  /** Closes it, and discards the messages that it received. Those that it sent stay. */
  delete: (name: string): ChatServiceOperation => [DELETE, name],
  message: (from: string, to: string, text: string): ChatServiceOperation => [MESSAGE, from, to, text],
};

export const chatServiceQuery = {
  /** Whether there is such an account. */
  check: (name: string): ChatServiceQuery => [CHECK, name],
  /** The accounts whose names match, from a place on that a page has named. */
  list: (pattern: string, from = 0): ChatServiceQuery => [LIST, pattern, from],
  /** The messages that an account has received, from the id-th on, counted from 1. */
  fetch: (name: string, id: number): ChatServiceQuery => [FETCH, name, id],
};

/*
 * Its records, NUMBER being an account's place in the order of creation, which no other ever gets:
 *
 *   account/NAME           [NUMBER, messages received]
 *   order/NUMBER           NAME
 *   message/NUMBER/ID      [sender, text]
 *   next                   the number of the next account
 *   discard/TICKET         [NUMBER, messages left] of a deleted account
 *   discards               [first TICKET, next TICKET]
 *
 * A deleted account may have received any number of messages. Nobody can see them from then on, and each operation
 * that follows discards some of them, so that none takes long.
 */
const ACCOUNT_PREFIX = 'account/';
const ORDER_PREFIX = 'order/';
const MESSAGE_PREFIX = 'message/';
const DISCARD_PREFIX = 'discard/';
const NEXT_KEY = 'next';
const DISCARDS_KEY = 'discards';
/** So many digits that the order of texts is that of numbers. */
const NUMBER_DIGITS = 16;

interface Account {
  readonly number: number;
  /** How many messages it has received. */
  readonly received: number;
}

/** A chat service: accounts, and the messages that each has received. It says how a request went by a {@link ChatStatus}. */
export const chatService: Application<ChatServiceOperation, ChatStatus, ChatServiceQuery, ChatServiceAnswer> =
  {
    name: 'chat-service',
    module: import.meta.url,

    check(operation) {
      if (!Array.isArray(operation)) return; // The replicas answer that.
      for (const part of operation) {
        const bytes = typeof part === 'string' ? bytesOver(part, REQUEST_TEXT_BYTES_MAX) : undefined;
        if (bytes !== undefined) throw new ValueTooLargeError('a text', bytes, REQUEST_TEXT_BYTES_MAX);
      }
    },

    apply(operation, state) {
      if (isQuery(operation)) return ChatStatus.notSupported;
      const status = statusAtSight(operation) ?? applyChecked(operation, state);
      discardSome(state);
      return status;
    },

    query(query, state) {
      if (!isQuery(query)) return ChatStatus.notSupported;
      return statusAtSight(query) ?? answerChecked(query, state);
    },
  };

/** What can be said of an operation or a question without looking at any account; undefined where that takes a look. */
export function statusAtSight(request: unknown): ChatStatus | undefined {
  if (!Array.isArray(request)) return ChatStatus.notSupported;
  const [type, first, second, third]: unknown[] = request;
  switch (type) {
    case CREATE:
    case DELETE:
    case CHECK:
      return nameProblemOf(first);
    case MESSAGE:
      return nameProblemOf(first) ?? nameProblemOf(second) ?? textProblemOf(third);
    case LIST:
      if (!isText(first) || charactersOver(first, PATTERN_CHARACTERS_MAX)) return ChatStatus.failed;
      return isWhole(second, 0) ? undefined : ChatStatus.failed;
    case FETCH:
      return nameProblemOf(first) ?? (typeof second === 'number' ? undefined : ChatStatus.failed);
    default:
      return ChatStatus.notSupported;
  }
}

function applyChecked(operation: ChatServiceOperation, state: ApplicationState): ChatStatus {
  switch (operation[0]) {
    case CREATE:
      return create(operation[1], state);
    case DELETE:
      return remove(operation[1], state);
    case MESSAGE:
      return deliver(operation, state);
  }
}

function create(name: string, state: ApplicationState): ChatStatus {
  if (name === '' || accountOf(name, state) !== undefined) return ChatStatus.failed;
  const number = Number(state.get(NEXT_KEY) ?? 0);
  state.put(NEXT_KEY, number + 1);
  state.put(orderKey(number), name);
  putAccount(name, { number, received: 0 }, state);
  return ChatStatus.done;
}

function remove(name: string, state: ApplicationState): ChatStatus {
  const account = accountOf(name, state);
  if (account === undefined) return ChatStatus.noSuchAccount;
  state.delete(ACCOUNT_PREFIX + name);
  state.delete(orderKey(account.number));
  if (account.received > 0) {
    const [first, next] = pairOf(state.get(DISCARDS_KEY)) ?? [0, 0];
    state.put(discardKey(next), [account.number, account.received]);
    state.put(DISCARDS_KEY, [first, next + 1]);
  }
  return ChatStatus.done;
}

function deliver(
  [, from, to, text]: Extract<ChatServiceOperation, readonly [typeof MESSAGE, ...unknown[]]>,
  state: ApplicationState,
): ChatStatus {
  const receiver = accountOf(to, state);
  if (receiver === undefined || accountOf(from, state) === undefined) return ChatStatus.noSuchAccount;
  const { number, received } = receiver;
  state.put(messageKey(number, received + 1), [from, text]);
  putAccount(to, { number, received: received + 1 }, state);
  return ChatStatus.done;
}

/** Discards messages of deleted accounts, the one deleted first before the others. */
function discardSome(state: ApplicationState): void {
  const tickets = pairOf(state.get(DISCARDS_KEY));
  if (tickets === undefined) return;
  let [ticket, next] = tickets;
  for (let budget = DISCARDS_MAX; budget > 0 && ticket < next; ) {
    const [number, left] = pairOf(state.get(discardKey(ticket))) ?? [0, 0];
    const kept = Math.max(0, left - budget);
    for (let id = left; id > kept; id -= 1) state.delete(messageKey(number, id));
    budget -= left - kept;
    if (kept > 0) {
      state.put(discardKey(ticket), [number, kept]);
    } else {
      state.delete(discardKey(ticket));
      ticket += 1;
    }
  }
  if (ticket === next) state.delete(DISCARDS_KEY);
  else if (ticket !== tickets[0]) state.put(DISCARDS_KEY, [ticket, next]);
}

function answerChecked(query: ChatServiceQuery, state: ReadableState): ChatServiceAnswer {
  switch (query[0]) {
    case CHECK:
      return accountOf(query[1], state) === undefined ? ChatStatus.noSuchAccount : ChatStatus.done;
    case LIST:
      return accountsFrom(query[2], query[1], state);
    case FETCH:
      return messagesFrom(query[2], query[1], state);
  }
}

function accountsFrom(from: number, pattern: string, state: ReadableState): AccountsPage {
  const isMatch = globMatcher(pattern);
  const accounts: string[] = [];
  let looks = 0;
  for (const [key, value] of state.scan(ORDER_PREFIX, orderKey(from))) {
    if (looks === LIST_LOOKS_MAX || accounts.length === LIST_ACCOUNTS_MAX)
      return { accounts, next: Number(key.slice(ORDER_PREFIX.length)) };
    looks += 1;
    const name = String(value);
    if (isMatch(name)) accounts.push(name);
  }
  return { accounts, next: null };
}

function messagesFrom(id: number, name: string, state: ReadableState): ChatStatus | MessagesPage {
  const account = accountOf(name, state);
  if (account === undefined) return ChatStatus.noSuchAccount;
  if (!Number.isInteger(id) || id < 1) return ChatStatus.failed;
  const { number, received } = account;
  if (id > received) return ChatStatus.noSuchMessage;
  const messages: [sender: string, text: string][] = [];
  for (const [, message] of state.scan(messagePrefix(number), messageKey(number, id))) {
    if (messages.length === FETCH_MESSAGES_MAX) break;
    messages.push(message as [string, string]);
  }
  const next = id + messages.length;
  return { messages, next: next > received ? null : next, account: number };
}

function accountOf(name: string, state: ReadableState): Account | undefined {
  const record = pairOf(state.get(ACCOUNT_PREFIX + name));
  return record === undefined ? undefined : { number: record[0], received: record[1] };
}

function putAccount(name: string, { number, received }: Account, state: ApplicationState): void {
  state.put(ACCOUNT_PREFIX + name, [number, received]);
}

/** A record of two numbers, as this application writes them. */
function pairOf(record: unknown): [number, number] | undefined {
  return record === undefined ? undefined : (record as [number, number]);
}

function orderKey(number: number): string {
  return ORDER_PREFIX + digits(number);
}

function messagePrefix(number: number): string {
  return `${MESSAGE_PREFIX}${digits(number)}/`;
}

function messageKey(number: number, id: number): string {
  return messagePrefix(number) + digits(id);
}

function discardKey(ticket: number): string {
  return DISCARD_PREFIX + digits(ticket);
}

function digits(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}

function isQuery(request: unknown): boolean {
  return Array.isArray(request) && (request[0] === CHECK || request[0] === LIST || request[0] === FETCH);
}

function nameProblemOf(name: unknown): ChatStatus | undefined {
  if (!isText(name)) return ChatStatus.failed;
  return charactersOver(name, NAME_CHARACTERS_MAX) ? ChatStatus.nameTooLong : undefined;
}

function textProblemOf(text: unknown): ChatStatus | undefined {
  if (!isText(text)) return ChatStatus.failed;
  return charactersOver(text, TEXT_CHARACTERS_MAX) ? ChatStatus.textTooLong : undefined;
}

/** Whether a text has more code points than that. Counts only where it must. */
function charactersOver(text: string, max: number): boolean {
  if (text.length <= max) return false;
  // A code point takes two UTF-16 units at most.
  return text.length > 2 * max || [...text].length > max;
}
