import { SERVER_ID_LIMIT } from '../../machines/eventual/origin.ts';
import type { EventualClient } from '../client/eventual-client.ts';
import type { StoreValue } from '../client/store-value.ts';
import type { EventualCluster } from '../cluster/eventual-cluster.ts';
import { type Commands, command, text, wholeNumber, word } from '../scenario/command.ts';
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

/** How many entries `scan` and `print` show at most. */
const ENTRIES_MAX = 1000;
/** Nobody waits at a prompt for longer. */
const STABILIZE_MS_MAX = 15_000;

/** What the commands act on. */
export interface EventualSystem {
  readonly cluster: Pick<
    EventualCluster,
    'nodes' | 'isUp' | 'join' | 'crash' | 'disconnect' | 'connect' | 'stabilize' | 'entries' | 'status'
  >;
  readonly client: Pick<EventualClient, 'node' | 'moveTo' | 'get' | 'put' | 'delete'>;
}

type Session = EventualSystem & ShellVoice;

const plain = command<ShellScope, Session, []>;
const ofWord = command<ShellScope, Session, [string]>;
const ofNode = command<ShellScope, Session, [number]>;

/** The commands of the shell for the eventually consistent store. */
export const eventualCommands: Commands<ShellScope, Session> = withHelpAndExit<Session>({
  get: ofWord({
    arguments: [word('K')],
    meaning: 'the value of a key at your server: K = V, or K = None',
    async act({ client, print }, key) {
      print(`${key} = ${shown(await client.get(key))}`);
    },
  }),
  set: command<ShellScope, Session, [string, string]>({
    arguments: [word('K'), text('V')],
    meaning: 'store a value, the rest of the line, at your server',
    async act({ client, note }, key, value) {
      await client.put(key, value);
      note(`stored at server ${client.node}`);
    },
  }),
  del: ofWord({
    arguments: [word('K')],
    meaning: 'delete a key at your server',
    async act({ client, note }, key) {
      await client.delete(key);
      note(`deleted at server ${client.node}`);
    },
  }),
  scan: ofWord({
    arguments: [prefix],
    meaning: 'the keys that begin with PREFIX, in order, as your server shows them',
    act: (session, begin) => printEntries(session, session.client.node, begin),
  }),
  print: ofNode({
    arguments: [node],
    meaning: 'all that server N shows',
    act: (session, id) => printEntries(session, id, ''),
  }),
  move: ofNode({
    arguments: [node],
    meaning: 'go to server N, with what you have read and written',
    async act({ client, cluster, note }, id) {
      await client.moveTo(id);
      note(`you are at server ${id}${cluster.isUp(id) ? '' : ', which is dead'}`);
    },
  }),
  join: ofNode({
    arguments: [wholeNumber('N', 0, SERVER_ID_LIMIT - 1)],
    meaning: 'start server N, a new one or from its disk; connect it to all that live',
    async act({ cluster, note }, id) {
      await cluster.join(id);
      note(`server ${id} is up`);
    },
  }),
  kill: ofNode({
    arguments: [node],
    meaning: 'kill a server at whatever it is doing',
    async act({ cluster, client, note }, id) {
      await cluster.crash(id);
      note(`server ${id} is dead${client.node === id ? '; you are there: move to another one' : ''}`);
    },
  }),
  break: linkCommand('cut the connection of two servers', async ({ cluster }, a, b) => {
    await cluster.disconnect(a, b);
    return `${a} and ${b} hear each other over others, if at all`;
  }),
  create: linkCommand('connect two servers', async ({ cluster }, a, b) => {
    await cluster.connect(a, b);
    return `${a} and ${b} hear each other`;
  }),
  stabilize: plain({
    arguments: [],
    meaning: 'wait until all servers that can reach each other hold the same',
    async act({ cluster, note }) {
      await cluster.stabilize({ timeoutMs: STABILIZE_MS_MAX });
      note('all that can reach each other hold the same');
    },
  }),
  status: plain({
    arguments: [],
    meaning: 'the servers: who is up, what each holds, whom it reaches',
    async act(session) {
      const { nodes, cut } = await session.cluster.status();
      const rows = nodes.map(({ node: id, up, keys, unacknowledged, neighbours, reachable }) => {
        const state = up ? 'up' : 'down';
        return [
          id,
          id === session.client.node ? `${state}, you` : state,
          keys ?? '',
          unacknowledged ?? '',
          neighbours?.join(' ') ?? '',
          reachable?.join(' ') ?? '',
        ];
      });
      printStatus(session, ['server', 'state', 'keys', 'unacknowledged', 'neighbours', 'reaches'], rows, cut);
    },
  }),
});

async function printEntries(
  { cluster, print, note }: Session,
  server: number | undefined,
  begin: string,
): Promise<void> {
  let found = 0;
  if (server !== undefined) {
    for await (const [key, value] of cluster.entries(server)) {
      if (!key.startsWith(begin)) continue;
      if (found === ENTRIES_MAX) return note(`the first ${ENTRIES_MAX}; scan with a prefix for others`);
      print(`${key} = ${shown(value)}`);
      found += 1;
    }
  }
  if (found === 0) note('no keys');
}

function shown(value: StoreValue | undefined): string {
  return value === undefined || typeof value === 'string' || value instanceof Uint8Array
    ? show(value)
    : JSON.stringify(value);
}
