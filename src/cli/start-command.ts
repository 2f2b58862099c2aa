import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { FilesMissingError, SetAsideError } from '../../actors/errors.ts';
import type { JournalKind } from '../../actors/memory.ts';
import { makeFolder } from '../../actors/threads/make-folder.ts';
import { chatService } from '../applications/chat-service.ts';
import { ChatStatus } from '../applications/chat-status.ts';
import { chatroom } from '../applications/chatroom.ts';
import { kv } from '../applications/kv.ts';
import { chatServiceThrough } from '../chat-service.ts';
import { openChatroom } from '../chatroom.ts';
import { type CreateClusterOptions, createCluster } from '../cluster/create-cluster.ts';
import type { CreateEventualClusterOptions } from '../cluster/create-eventual-cluster.ts';
import {
  type CreateTransactionClusterOptions,
  TRANSACTION_NODES_MIN,
} from '../cluster/create-transaction-cluster.ts';
import type { ClusterEvents } from '../cluster/node-group.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../cluster/protocols.ts';
import { COORDINATOR_KINDS, type CoordinatorKind } from '../cluster/transaction-cluster.ts';
import { openKeyValueStore } from '../key-value-store.ts';
import { temporaryFolder } from '../scenario/temporary-folder.ts';
import { colorsFor } from './colors.ts';
import { eventualCommands } from './eventual-commands.ts';
import { UsageError } from './exit-status.ts';
import { interruptible } from './interruption.ts';
import { journalOption } from './journal-option.ts';
import { runShell, type ShellOptions } from './shell.ts';
import { shellCommands } from './shell-commands.ts';
import { transactionCommands } from './transaction-commands.ts';

/** The name under which the shell talks in the chat room. */
const SENDER = 'shell';
const HISTORY_FILE = 'shell-history';
const NODES_MAX = 25;

interface StartArguments {
  readonly protocol: ProtocolName | '2pc' | 'eventual';
  readonly nodes: number;
  readonly coordinator?: CoordinatorKind;
  readonly journal: JournalKind;
  readonly data?: string;
  readonly trace?: string;
}

/** `synod start`: a cluster, and a prompt to use and break it. */
export function startCommand(ending: (status: number) => void): Command {
  const protocols = [...PROTOCOL_NAMES, '2pc', 'eventual'];
  return new Command('start')
    .description('Start a cluster in this process, with a prompt to use it, break it and watch it.')
    .addOption(new Option('--protocol <name>', 'how the nodes agree').choices(protocols).default('paxos'))
    .option(
      '--nodes <number>',
      'how many nodes; 2f + 1 of them survive the loss of f; 2pc: the leader and its followers; eventual: any',
      nodeCount,
      3,
    )
    .addOption(
      new Option(
        '--coordinator <kind>',
        'of 2pc: node 0 alone decides (single, the default), or whichever leads, by Paxos Commit (replicated)',
      ).choices(COORDINATOR_KINDS),
    )
    .addOption(journalOption())
    .option('--data <folder>', 'keep the data there; without it, it is gone at the end')
    .option('--trace <file>', 'write there what happens on the nodes and between them')
    .addHelpText('after', '\nCommands may come through a pipe too: one a line, results on stdout.')
    .action(async (options: StartArguments) => {
      ending(await interruptible((signal) => start(options, signal)));
    });
}

async function start(options: StartArguments, signal: AbortSignal): Promise<number> {
  const { protocol, nodes, coordinator, journal, data, trace } = options;
  if (journal === 'memory' && data !== undefined)
    throw new UsageError('--data goes with --journal lmdb; in memory nothing is kept');
  if (protocol === '2pc' && nodes < TRANSACTION_NODES_MIN)
    throw new UsageError('--protocol 2pc takes --nodes 2 or more: a leader and its followers');
  if (protocol !== '2pc' && coordinator !== undefined)
    throw new UsageError('--coordinator goes with --protocol 2pc');
  await using temporary = data === undefined && journal === 'lmdb' ? await temporaryFolder() : undefined;
  const folder = data === undefined ? temporary?.path : resolve(data);
  if (folder !== undefined) makeFolder(folder);
  const shell: ShellOptions = {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    greeting: `${greetingOf(options)}; ${whereDataIs(data, folder)}`,
    historyFile: data === undefined ? undefined : join(resolve(data), HISTORY_FILE),
    signal,
  };
  const place = {
    journal,
    ...(folder === undefined ? {} : { dataDir: folder }),
    ...(trace === undefined ? {} : { trace }),
    ...events(),
  };
  // Awaited here: the folder is let go of when this function returns.
  switch (protocol) {
    case '2pc':
      return await shellOfTransactions(
        { protocol, nodes, ...(coordinator === undefined ? {} : { coordinator }), ...place },
        shell,
      );
    case 'eventual':
      return await shellOfEventualStore({ protocol, nodes, ...place }, shell);
    default:
      return await shellOfReplicatedLog(
        { protocol, nodes, application: [kv, chatroom, chatService], ...place },
        shell,
      );
  }
}

async function shellOfReplicatedLog(options: CreateClusterOptions, shell: ShellOptions): Promise<number> {
  await using cluster = await createCluster(options);
  const client = await cluster.client();
  const system = {
    cluster,
    client,
    store: openKeyValueStore(client),
    service: chatServiceThrough(async (work) => (cluster.hasQuorum() ? work(client) : ChatStatus.failed)),
    room: openChatroom(cluster, client, SENDER),
  };
  // Awaited here: the cluster is let go of when this function returns.
  return await runShell(shellCommands, system, shell);
}

async function shellOfTransactions(
  options: CreateTransactionClusterOptions,
  shell: ShellOptions,
): Promise<number> {
  await using cluster = await createCluster(options);
  return await runShell(transactionCommands, { cluster, client: await cluster.client() }, shell);
}

async function shellOfEventualStore(
  options: CreateEventualClusterOptions,
  shell: ShellOptions,
): Promise<number> {
  await using cluster = await createCluster(options);
  return await runShell(eventualCommands, { cluster, client: await cluster.client({ node: 0 }) }, shell);
}

function events(): ClusterEvents {
  const colors = colorsFor(process.stderr);
  const warn = (text: string) => void process.stderr.write(`${colors.yellow(text)}\n`);
  return {
    onNodeEnded: (_node, error) => {
      if (error !== undefined) warn(error.message);
    },
    onWarning: (error) => {
      if (error instanceof SetAsideError || error instanceof FilesMissingError) warn(error.message);
    },
  };
}

function greetingOf({ protocol, nodes, coordinator }: StartArguments): string {
  switch (protocol) {
    case '2pc':
      return coordinator === 'replicated'
        ? `${nodes} nodes, any of which may lead ${nodes - 1} followers, by Paxos Commit`
        : `node 0 leads ${nodes - 1} followers by two-phase commit`;
    case 'eventual':
      return `${nodes} servers take writes, each by itself; you are at server 0`;
    default:
      return `${nodes} nodes agree by ${protocol}`;
  }
}

function whereDataIs(data: string | undefined, folder: string | undefined): string {
  if (folder === undefined) return "data in the nodes' memory, gone when they end";
  return data === undefined
    ? 'data in a temporary folder that is removed at the end; `npx synod start --data FOLDER` keeps it'
    : `data in ${folder}`;
}

function nodeCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= NODES_MAX) return count;
  throw new UsageError(`--nodes must be a whole number from 1 to ${NODES_MAX}, not "${text}"`);
}
