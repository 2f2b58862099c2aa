import { SynodError } from '../../actors/errors.ts';
import type { ChatService } from '../chat-service.ts';
import type { Chatroom } from '../chatroom.ts';
import type { Client } from '../client/client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { KeyValueStore } from '../key-value-store.ts';
import { type Argument, type Commands, command, text, word } from '../scenario/command.ts';
import { serviceCommands } from '../scenario/service-commands.ts';
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

/** How many entries `scan` shows at most. */
const SCAN_ENTRIES_MAX = 1000;

/** Asked for something that takes a majority, where none is connected. */
class NothingDoneError extends SynodError {
  constructor() {
    super(
      'SYNOD_NO_QUORUM',
      'nothing was done: no connected majority of the nodes lives. Restart or connect nodes first',
    );
  }
}

/** What the commands act on. */
export interface ReplicationSystem {
  readonly cluster: Pick<
    Cluster,
    | 'nodes'
    | 'hasQuorum'
    | 'crash'
    | 'restart'
    | 'disconnect'
    | 'connect'
    | 'addNode'
    | 'removeNode'
    | 'replaceNode'
    | 'transferLeadership'
    | 'status'
  >;
  /** Behind the store and the room. */
  readonly client: Pick<Client, 'idle'>;
  readonly store: KeyValueStore;
  /** Answers 199 at once where no connected majority lives. */
  readonly service: ChatService;
  readonly room: Omit<Chatroom, keyof AsyncDisposable>;
}

type ShellSession = ReplicationSystem & ShellVoice;

const anyNode: Argument<ShellScope, number | undefined> = {
  label: '[N]',
  read: (line, scope) => (line.fork().word() === undefined ? undefined : node.read(line, scope)),
};

const plain = command<ShellScope, ShellSession, []>;
const ofWord = command<ShellScope, ShellSession, [string]>;
const ofNode = command<ShellScope, ShellSession, [number]>;

/** The commands of the shell for a cluster with a replicated log. */
export const shellCommands: Commands<ShellScope, ShellSession> = withHelpAndExit({
  get: ofWord({
    arguments: [word('K')],
    meaning: 'the value of a key: K = V, or K = None',
    async act({ cluster, store, print }, key) {
      needMajority(cluster);
      print(`${key} = ${show(await store.get(key))}`);
    },
  }),
  set: command<ShellScope, ShellSession, [string, string]>({
    arguments: [word('K'), text('V')],
    meaning: 'store a value, the rest of the line',
    async act({ cluster, store, note }, key, value) {
      needMajority(cluster);
      await store.put(key, value);
      note('stored');
    },
  }),
  del: ofWord({
    arguments: [word('K')],
    meaning: 'delete a key',
    async act({ cluster, store, note }, key) {
      needMajority(cluster);
      note((await store.delete(key)) ? 'deleted' : 'there was no such key');
    },
  }),
  scan: ofWord({
    arguments: [prefix],
    meaning: 'the keys that begin with PREFIX, in order',
    async act({ cluster, store, print, note }, begin) {
      needMajority(cluster);
      let shown = 0;
      for await (const [key, value] of store.scan(begin, { limit: SCAN_ENTRIES_MAX })) {
        print(`${key} = ${show(value)}`);
        shown++;
      }
      if (shown === 0) note('no keys');
      if (shown === SCAN_ENTRIES_MAX) note(`the first ${SCAN_ENTRIES_MAX}; narrow it down with a prefix`);
    },
  }),
  send: ofWord({
    arguments: [text('TEXT')],
    meaning: 'say something in the chat room',
    async act({ cluster, room, note }, message) {
      const sent = room.send(message);
      if (cluster.hasQuorum()) return note(`message ${await sent}`);
      // It waits inside the room, and is given up when the shell ends.
      sent.catch(() => undefined);
      note('it waits for a majority: restart or connect nodes');
    },
  }),
  log: plain({
    arguments: [],
    meaning: 'what was said in the chat room',
    async act({ cluster, client, room, print, note }) {
      // Messages that waited for a majority come first.
      if (cluster.hasQuorum()) await client.idle();
      await room.caughtUp(await room.latestLength());
      const lines = room.log();
      for (const { slot, sender, text: said } of lines) print(`${slot} ${sender}: ${said}`);
      if (lines.length === 0) note('nothing was said');
    },
  }),
  ...serviceCommands<ShellScope, ShellSession>(),
  crash: ofNode({
    arguments: [node],
    meaning: 'kill a node at whatever it is doing',
    async act({ cluster, note }, id) {
      await cluster.crash(id);
      note(
        cluster.hasQuorum()
          ? `node ${id} is dead`
          : `node ${id} is dead, and no majority is left: restart one`,
      );
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
  disconnect: linkCommand('cut the link between two nodes', async ({ cluster }: ShellSession, a, b) => {
    await cluster.disconnect(a, b);
    return cluster.hasQuorum()
      ? `${a} and ${b} do not hear each other`
      : `${a} and ${b} do not hear each other, and no majority is connected: connect some`;
  }),
  connect: linkCommand('mend the link between two nodes', async ({ cluster }: ShellSession, a, b) => {
    await cluster.connect(a, b);
    return `${a} and ${b} hear each other`;
  }),
  add: plain({
    arguments: [],
    meaning: 'take in a new node (Raft)',
    async act({ cluster, note }) {
      needMajority(cluster);
      note(`node ${await cluster.addNode()} is a voter`);
    },
  }),
  remove: ofNode({
    arguments: [node],
    meaning: 'take a node out for good, dead or alive (Raft)',
    async act({ cluster, note }, id) {
      needMajority(cluster);
      await cluster.removeNode(id);
      note(`node ${id} is gone; the nodes are ${cluster.nodes.join(', ')}`);
    },
  }),
  replace: ofNode({
    arguments: [node],
    meaning: 'put a new node in the place of one, dead or alive (Raft)',
    async act({ cluster, note }, id) {
      needMajority(cluster);
      note(`node ${await cluster.replaceNode(id)} stands in the place of node ${id}`);
    },
  }),
  transfer: command<ShellScope, ShellSession, [number | undefined]>({
    arguments: [anyNode],
    meaning: 'let node N lead, or whichever is furthest (Raft)',
    async act({ cluster, note }, to) {
      needMajority(cluster);
      await cluster.transferLeadership(to);
      note(`node ${(await cluster.status()).leader ?? to} leads`);
    },
  }),
  status: plain({
    arguments: [],
    meaning: 'the nodes: who is up, who leads, how far each is',
    async act(session) {
      const { nodes, cut } = await session.cluster.status();
      const rows = nodes.map(({ node: id, up, leads, member, applied, durable }) => {
        const alive = leads ? 'leads' : member === 'learner' ? 'learns' : 'up';
        return [id, up ? alive : 'down', applied ?? '', durable ?? ''];
      });
      printStatus(session, ['node', 'state', 'applied', 'durable'], rows, cut);
    },
  }),
});

/** @throws NothingDoneError at once, rather than after the time-out. */
function needMajority(cluster: Pick<Cluster, 'hasQuorum'>): void {
  if (!cluster.hasQuorum()) throw new NothingDoneError();
}
