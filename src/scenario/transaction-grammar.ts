import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../applications/key-value-bounds.ts';
import { TRANSACTION_MESSAGES, type TransactionMessageType } from '../cluster/transaction-messages.ts';
import { type Argument, bounded, type Commands, command, present, wholeNumber, word } from './command.ts';
import { LineError } from './errors.ts';
import type { Grammar } from './grammar.ts';
import { linkCommands } from './link-commands.ts';
import { clientCount } from './server-ids.ts';
import { anyServer, client, follower, followerCount, TransactionScope } from './transaction-ids.ts';
import { type OpenTransactionCluster, TransactionRun } from './transaction-run.ts';

const DELAY_MS_MAX = 600_000;

/** The names that others give to two of the messages. */
const ALIASES: Readonly<Record<string, TransactionMessageType>> = { PREPARE: 'VOTE-REQ', ROLLBACK: 'ABORT' };

const key = bounded(word('key'), KEY_BYTES_MAX);
const value = bounded(word('value'), VALUE_BYTES_MAX);
const message: Argument<unknown, TransactionMessageType> = {
  label: 'MESSAGE',
  read(line) {
    const name = present(line.word(), 'MESSAGE');
    const known = TRANSACTION_MESSAGES.find((type) => type === name);
    const type = known ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
    if (type !== undefined) return type;
    throw new LineError(
      `there is no message "${name}"; there are ${[...TRANSACTION_MESSAGES, ...Object.keys(ALIASES)].join(', ')}`,
    );
  },
};

const none = command<TransactionScope, TransactionRun, []>;
const one = command<TransactionScope, TransactionRun, [number]>;
const ofKey = command<TransactionScope, TransactionRun, [number, string]>;
const ofMessage = command<TransactionScope, TransactionRun, [number, TransactionMessageType]>;

const remove = ofKey({
  arguments: [client, key],
  meaning: 'client c deletes a key; outside of a transaction prints how that ended',
  act: (run, id, name) => run.delete(id, name),
});

const commands: Commands<TransactionScope, TransactionRun> = {
  ...linkCommands(anyServer),
  start: command<TransactionScope, TransactionRun, [number, number]>({
    arguments: [followerCount, clientCount],
    meaning: 'starts server 0, which leads, servers 1 to F, which follow, and C clients',
    declare: (scope, followers, clients) => scope.declare(followers + 1, clients),
    act: (run, followers, clients) => run.start(followers, clients),
  }),
  begin: one({
    arguments: [client],
    meaning: 'client c begins a transaction',
    declare: (scope, id) => scope.begin(id),
    act: (run, id) => run.begin(id),
  }),
  commit: one({
    arguments: [client],
    meaning: 'commits it, and prints COMMIT, ABORT or UNKNOWN',
    declare: (scope, id) => scope.end(id),
    act: (run, id) => run.commit(id),
  }),
  abort: one({
    arguments: [client],
    meaning: 'forgets it',
    declare: (scope, id) => scope.end(id),
    act: (run, id) => run.abort(id),
  }),
  put: command<TransactionScope, TransactionRun, [number, string, string]>({
    arguments: [client, key, value],
    meaning: 'client c sets a key; outside of a transaction prints how that ended',
    act: (run, id, name, stored) => run.put(id, name, stored),
  }),
  del: remove,
  delete: remove,
  get: ofKey({
    arguments: [client, key],
    meaning: 'prints key:value, key:ERR_KEY, or key:ERR_CONN',
    act: (run, id, name) => run.get(id, name),
  }),
  voteNo: one({
    arguments: [follower],
    meaning: 'follower f votes no the next time',
    act: (run, id) => run.voteNo(id),
  }),
  delayVote: command<TransactionScope, TransactionRun, [number, number]>({
    arguments: [follower, wholeNumber('ms', 0, DELAY_MS_MAX)],
    meaning: 'follower f votes so many milliseconds late the next time',
    act: (run, id, ms) => run.delayVote(id, ms),
  }),
  crashServer: one({
    arguments: [anyServer],
    meaning: 'server n dies at once',
    act: (run, id) => run.crashServer(id),
  }),
  restartServer: one({
    arguments: [anyServer],
    meaning: 'starts server n again from its disk; waits until it is up',
    act: (run, id) => run.restartServer(id),
  }),
  crashBefore: ofMessage({
    arguments: [anyServer, message],
    meaning: 'server n dies just before it sends the next such message',
    act: (run, id, type) => run.crashBefore(id, type),
  }),
  crashAfter: ofMessage({
    arguments: [anyServer, message],
    meaning: 'server n dies just after it has sent the next such message to one server',
    act: (run, id, type) => run.crashAfter(id, type),
  }),
  allClear: none({
    arguments: [],
    meaning: 'waits until no transaction is pending, or nothing more can happen',
    act: (run) => run.allClear(),
  }),
  printStore: one({
    arguments: [anyServer],
    meaning: 'prints what server n has: key:value, in order of keys',
    act: (run, id) => run.printStore(id),
  }),
  printJournal: one({
    arguments: [anyServer],
    meaning: 'prints the journal of server n: <transaction> <RECORD> [key value ...]',
    act: (run, id) => run.printJournal(id),
  }),
};

/** The script of a store with transactions: a leader, followers, and clients. */
export function transactionGrammar(
  openCluster: OpenTransactionCluster,
): Grammar<TransactionScope, TransactionRun> {
  return {
    commands,
    scope: () => new TransactionScope(),
    allow: (scope, name) => scope.allow(name),
    open: (environment) => new TransactionRun(environment, openCluster),
  };
}
