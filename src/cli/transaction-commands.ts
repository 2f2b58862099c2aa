import { SynodError } from '../../actors/errors.ts';
import type { AbortReason, Transaction } from '../client/transaction.ts';
import type { TransactionClient } from '../client/transaction-client.ts';
import type { TransactionCluster } from '../cluster/transaction-cluster.ts';
import { NoFollowerError, NoLeaderError, TransactionOpenError, UnknownTransactionError } from '../errors.ts';
import { type Commands, command, text, word } from '../scenario/command.ts';
import { journalLine } from '../scenario/journal-line.ts';
import {
  linkCommand,
  node,
  prefix,
  printStatus,
  type ShellScope,
  type ShellVoice,
  show,
  withHelpAndExit,
} from './shell-language.ts';

const LEADER = 0;
/** How many entries `scan` shows at most. */
const SCAN_ENTRIES_MAX = 1000;

const WHY: Readonly<Record<AbortReason, string>> = {
  condition: 'a condition did not hold',
  conflict: 'what it has read has changed since; begin again',
  vote: 'a follower voted no',
  timeout: 'a follower did not vote in time; restart or connect it',
  malformed: 'it is over a limit',
};

/** A single change came to nothing. */
class AbortedError extends SynodError {
  constructor(reason: AbortReason | undefined) {
    super('SYNOD_ABORTED', `nothing was changed: ${why(reason)}`);
  }
}

/** What the commands act on. */
export interface TransactionSystem {
  readonly cluster: Pick<
    TransactionCluster,
    | 'nodes'
    | 'coordinator'
    | 'canDecide'
    | 'isUp'
    | 'crash'
    | 'restart'
    | 'settled'
    | 'disconnect'
    | 'connect'
    | 'addNode'
    | 'store'
    | 'journal'
    | 'status'
  >;
  readonly client: Pick<TransactionClient, 'begin' | 'get' | 'open'>;
}

type Session = TransactionSystem & ShellVoice;

const plain = command<ShellScope, Session, []>;
const ofWord = command<ShellScope, Session, [string]>;
const ofNode = command<ShellScope, Session, [number]>;

/** The commands of the shell for a cluster of two-phase commit. */
export const transactionCommands: Commands<ShellScope, Session> = withHelpAndExit<Session>({
  get: ofWord({
    arguments: [word('K')],
    meaning: 'the value of a key: K = V, or K = None; waits for what is undecided',
    async act({ cluster, client, print }, key) {
      if (livingFollowers(cluster).length === 0) throw new NoFollowerError('a read');
      print(`${key} = ${show(await (client.open ?? client).get(key))}`);
    },
  }),
  set: command<ShellScope, Session, [string, string]>({
    arguments: [word('K'), text('V')],
    meaning: 'store a value, the rest of the line; within a transaction: at its commit',
    act: (session, key, value) => change(session, (transaction) => transaction.put(key, value), 'stored'),
  }),
  del: ofWord({
    arguments: [word('K')],
    meaning: 'delete a key; within a transaction: at its commit',
    act: (session, key) => change(session, (transaction) => transaction.delete(key), 'deleted'),
  }),
  begin: plain({
    arguments: [],
    meaning: 'begin a transaction: what follows happens as a whole, or not at all',
    act({ client, note }) {
      if (client.open !== undefined) throw new TransactionOpenError();
      client.begin();
      note('a transaction is open; commit or abort ends it');
    },
  }),
  commit: plain({
    arguments: [],
    meaning: 'make it happen: committed, or aborted and why',
    async act({ cluster, client, print }) {
      const transaction = openOf(client, 'a commit');
      needLeader(cluster, 'a commit');
      const outcome = await transaction.commit();
      print(outcome === 'committed' ? outcome : `aborted: ${why(transaction.abortReason)}`);
    },
  }),
  abort: plain({
    arguments: [],
    meaning: 'forget it',
    act({ client, note }) {
      openOf(client, 'an abort').abort();
      note('nothing of it has happened');
    },
  }),
  scan: ofWord({
    arguments: [prefix],
    meaning: 'the keys that begin with PREFIX, in order, as they are committed at one follower',
    async act({ cluster, print, note }, begin) {
      // The follower may have yet to hear what its leader has said is committed.
      await cluster.settled();
      const [follower] = livingFollowers(cluster);
      const entries = follower === undefined ? undefined : await cluster.store(follower);
      if (entries === undefined) throw new NoFollowerError('a scan');
      const found = entries.filter(([key]) => key.startsWith(begin));
      for (const [key, value] of found.slice(0, SCAN_ENTRIES_MAX)) print(`${key} = ${show(value)}`);
      if (found.length === 0) note('no keys');
      if (found.length > SCAN_ENTRIES_MAX) note(`${found.length} in all; narrow it down with a prefix`);
    },
  }),
  crash: ofNode({
    arguments: [node],
    meaning: 'kill a node at whatever it is doing',
    async act({ cluster, note }, id) {
      await cluster.crash(id);
      note(afterCrashOf(id, cluster));
    },
  }),
  restart: ofNode({
    arguments: [node],
    meaning: 'start a node again from its disk',
    async act({ cluster, note }, id) {
      await cluster.restart(id);
      note(`node ${id} is up`);
    },
  }),
  disconnect: linkCommand('cut the link between two nodes', async ({ cluster }, a, b) => {
    await cluster.disconnect(a, b);
    return `${a} and ${b} do not hear each other`;
  }),
  connect: linkCommand('mend the link between two nodes', async ({ cluster }, a, b) => {
    await cluster.connect(a, b);
    return `${a} and ${b} hear each other`;
  }),
  add: plain({
    arguments: [],
    meaning: 'take in a new follower',
    async act({ cluster, note }) {
      needLeader(cluster, 'a change of followers');
      note(`node ${await cluster.addNode()} has a vote`);
    },
  }),
  status: plain({
    arguments: [],
    meaning: 'the nodes: who is up, what is undecided, what their journals hold',
    async act(session) {
      const { nodes, cut } = await session.cluster.status();
      const rows = nodes.map(({ node: id, up, role, pending, records }) => [
        id,
        up ? stateOf(role) : 'down',
        pending ?? '',
        records ?? '',
      ]);
      printStatus(session, ['node', 'state', 'pending', 'records'], rows, cut);
    },
  }),
  journal: ofNode({
    arguments: [node],
    meaning: 'what the journal of a node holds: transaction, record, writes',
    async act({ cluster, print, note }, id) {
      const records = await cluster.journal(id);
      if (records === undefined) return note(`node ${id} is down`);
      for (const line of records) print(journalLine(line));
      if (records.length === 0) note('nothing is pending');
    },
  }),
});

async function change(
  { cluster, client, note }: Session,
  make: (transaction: Transaction) => void,
  done: string,
): Promise<void> {
  const { open } = client;
  if (open !== undefined) {
    make(open);
    return note('at the commit');
  }
  needLeader(cluster, 'a change');
  const transaction = client.begin();
  try {
    make(transaction);
  } catch (error) {
    transaction.abort();
    throw error;
  }
  if ((await transaction.commit()) === 'aborted') throw new AbortedError(transaction.abortReason);
  note(done);
}

/** @throws UnknownTransactionError. */
function openOf({ open }: Session['client'], what: string): Transaction {
  if (open === undefined) throw new UnknownTransactionError(what);
  return open;
}

/** @throws NoLeaderError at once, rather than after the time-out. */
function needLeader(cluster: Session['cluster'], what: string): void {
  if (cluster.canDecide()) return;
  throw new NoLeaderError(what, cluster.coordinator === 'single' ? String(LEADER) : undefined);
}

function afterCrashOf(id: number, cluster: Session['cluster']): string {
  if (!cluster.canDecide()) {
    return cluster.coordinator === 'single'
      ? 'the leader is dead: nothing can be committed, and what is undecided stays so'
      : 'no majority lives: nothing can be committed, and what is undecided stays so';
  }
  return id === LEADER
    ? `node ${id} is dead, and has no vote: whichever leads goes on`
    : `node ${id} is dead: nothing can be committed without its vote`;
}

function livingFollowers(cluster: Session['cluster']): number[] {
  return cluster.nodes.filter((id) => id !== LEADER && cluster.isUp(id));
}

function why(reason: AbortReason | undefined): string {
  return reason === undefined ? 'nobody says why' : WHY[reason];
}

function stateOf(role: 'leader' | 'follower' | 'learner' | undefined): string {
  if (role === 'leader') return 'leads';
  return role === 'learner' ? 'learns' : 'up';
}
