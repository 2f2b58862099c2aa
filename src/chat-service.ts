import { SynodError } from '../actors/errors.ts';
import {
  type ChatServiceAnswer,
  type ChatServiceOperation,
  type ChatServiceQuery,
  chatService,
  chatServiceOperation,
  chatServiceQuery,
  statusAtSight,
} from './applications/chat-service.ts';
import { ChatStatus } from './applications/chat-status.ts';
import type { Client } from './client/client.ts';
import type { WaitOptions } from './key-value-store.ts';

/** A message as the account that received it sees it. */
export interface ChatMessage {
  /** The name of the account that sent it, which may be gone. */
  readonly sender: string;
  readonly text: string;
}

/**
 * A replicated chat service of accounts and messages. Every method says by a {@link ChatStatus} how it went. A name
 * has 1 to 20 characters, a message at most 500, code points both; where several things are wrong, the first of
 * 101, 103, 102, 199 is told. `failed` (199) also stands for every error of {@link Client.execute} and
 * {@link Client.query} that is none of the program's: after a time-out the operation may have happened, and may yet.
 * @throws ClosedError; RefusedError `SYNOD_UNKNOWN_APPLICATION` when the cluster does not carry the service.
 */
export interface ChatService {
  /** Opens an account, without messages. 199: there is one. */
  create(name: string, options?: WaitOptions): Promise<ChatStatus>;
  /** Closes an account and discards the messages that it received; those that it sent stay. */
  delete(name: string, options?: WaitOptions): Promise<ChatStatus>;
  /** Whether there is such an account: 0, or 102. */
  check(name: string, options?: WaitOptions): Promise<ChatStatus>;
  /**
   * The accounts that match a pattern, in order of creation: `*` stands for any characters, `?` for one, `[a-z]`
   * and `[!a-z]` for one of a set or of the rest. They are read page by page, so a list of more than 1,000 (or of
   * some among more than 10,000) may see accounts come and go that do so meanwhile. A pattern has at most 1,000
   * characters.
   */
  list(
    pattern: string,
    options?: WaitOptions,
  ): Promise<{ readonly status: ChatStatus; readonly accounts: readonly string[] }>;
  /** Sends a message from one account to another, or to itself. */
  message(from: string, to: string, text: string, options?: WaitOptions): Promise<ChatStatus>;
  /** What an account has received, from the id-th message on, counted from 1. Past the last: status 1. */
  fetch(
    name: string,
    id: number,
    options?: WaitOptions,
  ): Promise<{ readonly status: ChatStatus; readonly messages: readonly ChatMessage[] }>;
}

/** How a chat service is used. */
export interface ChatServiceOptions {
  /**
   * Asks this node each time whether it leads, and goes on only if it does; if not, the answer is `notLeader` (190),
   * and nothing is handed in. Without it the leader is found, whichever node it is.
   */
  readonly node?: number;
}

/** What the service needs of a client. */
export type ChatServiceClient = Pick<Client, 'execute' | 'query'>;

/** Has some work done by a client, or says by a status why it is not begun. */
export type Reach = <Answer>(
  work: (client: ChatServiceClient) => Promise<Answer>,
  options: WaitOptions | undefined,
) => Promise<Answer | ChatStatus>;

/** Opens the chat service of a cluster that carries the application {@link chatService}. */
export function openChatService(client: Client, { node }: ChatServiceOptions = {}): ChatService {
  if (node === undefined) return chatServiceThrough((work) => work(client));
  return chatServiceThrough(async (work, options) =>
    (await client.leads(node, options)) ? work(client) : ChatStatus.notLeader,
  );
}

/** The same, through whatever way there is to a client. What needs no look at the accounts is answered without one. */
export function chatServiceThrough(reach: Reach): ChatService {
  const served = async <Answer>(
    request: ChatServiceOperation | ChatServiceQuery,
    work: (client: ChatServiceClient) => Promise<Answer>,
    options: WaitOptions | undefined,
  ): Promise<Answer | ChatStatus> => {
    const known = statusAtSight(request);
    if (known !== undefined) return known;
    try {
      return await reach(work, options);
    } catch (error) {
      if (error instanceof SynodError && !MISTAKES_OF_THE_PROGRAM.has(error.code)) return ChatStatus.failed;
      throw error;
    }
  };
  const execute = (operation: ChatServiceOperation, options?: WaitOptions) =>
    served(
      operation,
      (client) => client.execute<ChatServiceOperation, ChatStatus>(chatService, operation, options),
      options,
    );

  return {
    create: (name, options) => execute(chatServiceOperation.create(name), options),
    delete: (name, options) => execute(chatServiceOperation.delete(name), options),
    message: (from, to, text, options) => execute(chatServiceOperation.message(from, to, text), options),
    async check(name, options) {
      const query = chatServiceQuery.check(name);
      const answer = await served(query, (client) => client.query(chatService, query, options), options);
      return isStatus(answer) ? answer : ChatStatus.failed;
    },
    async list(pattern, options) {
      const query = chatServiceQuery.list(pattern);
      const found = await served(query, (client) => allAccounts(client, pattern, options), options);
      return isStatus(found) ? { status: found, accounts: [] } : { status: ChatStatus.done, accounts: found };
    },
    async fetch(name, id, options) {
      const query = chatServiceQuery.fetch(name, id);
      const found = await served(query, (client) => allMessages(client, name, id, options), options);
      return isStatus(found) ? { status: found, messages: [] } : { status: ChatStatus.done, messages: found };
    },
  };
}

const MISTAKES_OF_THE_PROGRAM: ReadonlySet<string> = new Set(['SYNOD_CLOSED', 'SYNOD_UNKNOWN_APPLICATION']);

async function allAccounts(
  client: ChatServiceClient,
  pattern: string,
  options: WaitOptions | undefined,
): Promise<readonly string[] | ChatStatus> {
  const accounts: string[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const page: ChatServiceAnswer = await client.query(
      chatService,
      chatServiceQuery.list(pattern, from),
      options,
    );
    if (isStatus(page)) return page;
    if (!('accounts' in page)) return ChatStatus.failed;
    accounts.push(...page.accounts);
    from = page.next;
  }
  return accounts;
}

async function allMessages(
  client: ChatServiceClient,
  name: string,
  id: number,
  options: WaitOptions | undefined,
): Promise<readonly ChatMessage[] | ChatStatus> {
  let found: readonly ChatMessage[] | ChatStatus | undefined;
  while (found === undefined) found = await messagesOfOne(client, name, id, options);
  return found;
}

/** Undefined when another account took the place of the one whose messages were read. */
async function messagesOfOne(
  client: ChatServiceClient,
  name: string,
  id: number,
  options: WaitOptions | undefined,
): Promise<readonly ChatMessage[] | ChatStatus | undefined> {
  const messages: ChatMessage[] = [];
  let account: number | undefined;
  for (let from: number | null = id; from !== null; ) {
    const page: ChatServiceAnswer = await client.query(
      chatService,
      chatServiceQuery.fetch(name, from),
      options,
    );
    // The account had more messages when the page before was read.
    if (page === ChatStatus.noSuchMessage && account !== undefined) return undefined;
    if (isStatus(page)) return page;
    if (!('messages' in page)) return ChatStatus.failed;
    account ??= page.account;
    if (account !== page.account) return undefined;
    for (const [sender, text] of page.messages) messages.push({ sender, text });
    from = page.next;
  }
  return messages;
}

function isStatus(answer: unknown): answer is ChatStatus {
  return typeof answer === 'number';
}
