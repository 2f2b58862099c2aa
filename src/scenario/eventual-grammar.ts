import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../machines/eventual/operations.ts';
import { bounded, command, wholeNumber, word } from './command.ts';
import { type Connection, client, connection, SharedIds, server } from './eventual-ids.ts';
import { EventualRun, type EventualRunOptions } from './eventual-run.ts';
import type { Grammar } from './grammar.ts';
import { SLEEP_MS_MAX } from './link-commands.ts';

const key = bounded(word('key'), KEY_BYTES_MAX);
/** What is packed has a header. */
const value = bounded(word('value'), VALUE_BYTES_MAX - 8);

/** Commands that only these scripts have: one that begins with them is one of these. */
export const EVENTUAL_COMMANDS = [
  'joinServer',
  'killServer',
  'joinClient',
  'breakConnection',
  'createConnection',
  'restoreConnection',
  'stabilize',
  'printStore',
] as const;

const none = command<SharedIds, EventualRun, []>;
const one = command<SharedIds, EventualRun, [number]>;
const two = command<SharedIds, EventualRun, [number, number]>;
const ofKey = command<SharedIds, EventualRun, [number, string]>;
const ofConnection = command<SharedIds, EventualRun, [Connection]>;

/** The script of the eventually consistent store: servers join, are killed and cut off; clients read and write. */
export function eventualGrammar(options: EventualRunOptions): Grammar<SharedIds, EventualRun> {
  return {
    commands: {
      joinServer: one({
        arguments: [server],
        meaning: 'starts server s, from its disk if it lived before, and connects it to all live servers',
        act: (run, id) => run.joinServer(id),
      }),
      killServer: one({
        arguments: [server],
        meaning: 'server s dies at once',
        act: (run, id) => run.killServer(id),
      }),
      joinClient: two({
        arguments: [client, server],
        meaning: 'starts client c if need be and connects it to server s',
        act: (run, id, to) => run.connectClient(id, to),
      }),
      breakConnection: ofConnection({
        arguments: [connection],
        meaning: 'cuts the connection of two servers, or of a client and a server',
        act: (run, link) => run.breakConnection(link),
      }),
      createConnection: ofConnection({
        arguments: [connection],
        meaning: 'connects two servers, or a client, which has one connection, and a server',
        act: (run, link) => run.createConnection(link),
      }),
      restoreConnection: ofConnection({
        arguments: [connection],
        meaning: 'the same as createConnection',
        act: (run, link) => run.createConnection(link),
      }),
      stabilize: none({
        arguments: [],
        meaning: 'waits until all servers that can reach each other hold the same',
        act: (run) => run.stabilize(),
      }),
      printStore: one({
        arguments: [server],
        meaning: 'prints what server s shows, key:value, in order of keys',
        act: (run, id) => run.printStore(id),
      }),
      put: command<SharedIds, EventualRun, [number, string, string]>({
        arguments: [client, key, value],
        meaning: 'client c stores a value',
        act: (run, id, name, stored) => run.put(id, name, stored),
      }),
      get: ofKey({
        arguments: [client, key],
        meaning: 'prints key:value, key:ERR_KEY, key:ERR_DEP, or key:ERR_CONN',
        act: (run, id, name) => run.get(id, name),
      }),
      delete: ofKey({
        arguments: [client, key],
        meaning: 'client c deletes a key',
        act: (run, id, name) => run.delete(id, name),
      }),
      sleep: one({
        arguments: [wholeNumber('ms', 0, SLEEP_MS_MAX)],
        meaning: 'waits so many milliseconds',
        act: (run, ms) => run.sleep(ms),
      }),
    },
    scope: () => new SharedIds(),
    allow: () => {},
    open: (environment) => new EventualRun(environment, options),
  };
}
