import { assertEvent, setup } from 'xstate';
import { type Address, nodeOf } from '../../actors/address.ts';
import { type Effect, send, sendEarly, warn } from '../../actors/effects.ts';
import type { Message, Received } from '../../actors/envelope.ts';
import { BadGossipError } from './errors.ts';
import { type LinkState, LinkStateTable } from './link-states.ts';
import {
  type Forward,
  type Hello,
  isRouterMessage,
  type LinkStates,
  type Meet,
  type PeerMessage,
  type Post,
  type RouterMessage,
  replicaOf,
  routerOf,
  type Topology,
} from './messages.ts';
import { shortestRoutes } from './routes.ts';
import type { EventualSettings } from './settings.ts';

export interface RouterInput {
  readonly server: number;
  readonly members: readonly number[];
  readonly settings: EventualSettings;
}

interface Neighbour {
  /** For how long it has been silent. */
  silentMs: number;
  /** Whether it hears this server. */
  hears: boolean;
}

interface RouterContext {
  readonly server: number;
  readonly settings: EventualSettings;
  members: readonly number[];
  /** The servers that were heard of lately. */
  readonly heard: Map<number, Neighbour>;
  readonly table: LinkStateTable;
  routes: ReadonlyMap<number, number>;
  /** How long ago it has told the others of its links. */
  sinceRefreshMs: number;
}

interface Arguments {
  readonly context: RouterContext;
  readonly event: Received<RouterMessage>;
}
type OnlyContext = Pick<Arguments, 'context'>;

/**
 * Knows which nodes are connected, and brings messages to the replicas of others along shortest ways. Nobody tells it of
 * links: it says hello to every member, and whoever hears it and is heard is a neighbour. Each router tells its neighbours
 * of its links, and they tell theirs.
 *
 * Nothing that routers say of links rests on the disk, so it leaves early; a message of the replica beside leaves as that
 * asks, and what is passed on for others was durable where it came from.
 */
export const router = setup({
  types: {} as { context: RouterContext; events: Arguments['event']; input: RouterInput },
  guards: {
    isSound: ({ event }: Arguments) => isRouterMessage(event) && event.from === routerOf(event.sender),
    isHome: ({ context, event }: Arguments) => nodeOf(event.from) === String(context.server),
  },
  actions: { sayHello, noteMembers, hearHello, hearLinkStates, passOn, post, refuse },
  delays: { helloMs: ({ context }: OnlyContext) => context.settings.helloMs },
}).createMachine({
  id: 'router',
  context: ({ input: { server, members, settings } }) => ({
    server,
    settings,
    members,
    heard: new Map(),
    table: new LinkStateTable(server),
    routes: new Map(),
    sinceRefreshMs: 0,
  }),
  initial: 'listening',
  states: {
    listening: {
      entry: 'sayHello',
      after: { helloMs: { target: 'listening', reenter: true } },
    },
  },
  on: {
    hello: [{ guard: 'isSound', actions: 'hearHello' }, { actions: 'refuse' }],
    linkStates: [{ guard: 'isSound', actions: 'hearLinkStates' }, { actions: 'refuse' }],
    forward: [{ guard: 'isSound', actions: 'passOn' }, { actions: 'refuse' }],
    post: { guard: 'isHome', actions: 'post' },
    knownMembers: { guard: 'isHome', actions: 'noteMembers' },
  },
});

function sayHello({ context }: OnlyContext): Effect[] {
  const { server, members, settings, heard, table } = context;
  const { helloMs, neighbourTimeoutMs, linkStateRefreshMs, linkStateTimeoutMs } = settings;
  const before = neighboursOf(context);
  for (const [other, neighbour] of heard) {
    neighbour.silentMs += helloMs;
    if (neighbour.silentMs >= neighbourTimeoutMs) heard.delete(other);
  }
  const hello = helloOf(context);
  const effects: Effect[] = members
    .filter((other) => other !== server)
    .map((other) => sendEarly(routerOf(other), hello));
  context.sinceRefreshMs += helloMs;
  const hasForgotten = table.age(helloMs, linkStateTimeoutMs);
  if (context.sinceRefreshMs >= linkStateRefreshMs) {
    context.sinceRefreshMs = 0;
    effects.push(...tell(context, neighboursOf(context), [table.announce(neighboursOf(context))]));
  }
  return [...effects, ...noteLinks(context, before, hasForgotten)];
}

function hearHello({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'hello');
  const { server, heard, table } = context;
  const { sender, members } = event;
  if (sender === server) return [];
  const before = neighboursOf(context);
  const isKnown = heard.has(sender);
  heard.set(sender, { silentMs: 0, hears: event.heard.includes(server) });
  const effects: Effect[] = noteLinks(context, before, false);
  // One that was not heard of before learns at once that it is.
  if (!isKnown) effects.unshift(sendEarly(routerOf(sender), helloOf(context)));
  if (!before.includes(sender) && neighboursOf(context).includes(sender)) {
    effects.push(...tell(context, [sender], table.all));
  }
  if (members.some((member) => !context.members.includes(member))) {
    effects.push(send<Meet>(replicaOf(server), { type: 'meet', members }));
  }
  return effects;
}

function hearLinkStates({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'linkStates');
  const { table } = context;
  const { sender } = event;
  const news: LinkState[] = [];
  const back: LinkState[] = [];
  let hasMine = false;
  for (const [server = 0, sequence = 0, ...neighbours] of event.states) {
    const state: LinkState = { server, sequence, neighbours };
    const hearing = table.hear(state);
    if (hearing === 'news') news.push(state);
    else if (hearing === 'older') back.push(table.of(state.server)!);
    else if (hearing === 'mine') hasMine = true;
  }
  const neighbours = neighboursOf(context);
  return [
    ...tell(
      context,
      neighbours.filter((other) => other !== sender),
      news,
    ),
    ...tell(context, [sender], back),
    ...(hasMine ? tell(context, neighbours, [table.own]) : []),
    ...(news.length > 0 ? findRoutes(context) : []),
  ];
}

function noteMembers({ context, event }: Arguments): void {
  assertEvent(event, 'knownMembers');
  context.members = event.members;
}

function post({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'post');
  return bring(context, event.to, event.message, context.settings.hopsMax, event.when);
}

function passOn({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'forward');
  const { server } = context;
  const effects: Effect[] = [];
  if (event.to.includes(server)) effects.push(send(replicaOf(server), event.message));
  const beyond = event.to.filter((other) => other !== server);
  // It is durable where it comes from.
  if (event.hops > 0) effects.push(...bring(context, beyond, event.message, event.hops, 'early'));
  return effects;
}

function refuse({ event }: Arguments): Effect {
  return warn(new BadGossipError(`a message "${event.type}" from ${event.from} does not decode`));
}

/** One message for each first step, whoever it is for beyond. What there is no way to is lost. */
function bring(
  { server, members, routes }: RouterContext,
  to: readonly number[],
  message: PeerMessage,
  hops: number,
  when: Post['when'],
): Effect[] {
  const steps = new Map<number, number[]>();
  for (const other of to) {
    const next = routes.get(other);
    if (next === undefined) continue;
    const beyond = steps.get(next);
    if (beyond === undefined) steps.set(next, [other]);
    else beyond.push(other);
  }
  return [...steps].map(([next, beyond]) => {
    if (beyond.length === 1 && beyond[0] === next) return sendWhen(replicaOf(next), message, when);
    const forward: Forward = {
      type: 'forward',
      sender: server,
      members,
      to: beyond,
      hops: hops - 1,
      message,
    };
    return sendWhen(routerOf(next), forward, when);
  });
}

function sendWhen<M extends Message>(to: Address, message: M, when: Post['when']): Effect {
  return when === 'early' ? sendEarly(to, message) : send(to, message);
}

function tell(context: RouterContext, to: readonly number[], states: readonly LinkState[]): Effect[] {
  if (states.length === 0) return [];
  const message: LinkStates = {
    type: 'linkStates',
    ...signature(context),
    states: states.map(({ server, sequence, neighbours }) => [server, sequence, ...neighbours]),
  };
  return to.map((other) => sendEarly(routerOf(other), message));
}

/** Tells of the own links if they have changed; finds other ways if they, or others, have. */
function noteLinks(context: RouterContext, before: readonly number[], haveOthersChanged: boolean): Effect[] {
  const now = neighboursOf(context);
  const haveChanged = now.length !== before.length || now.some((other) => !before.includes(other));
  if (!haveChanged) return haveOthersChanged ? findRoutes(context) : [];
  context.sinceRefreshMs = 0;
  return [...tell(context, now, [context.table.announce(now)]), ...findRoutes(context)];
}

function findRoutes(context: RouterContext): Effect[] {
  const routes = shortestRoutes(context.server, context.table.links);
  const isSame =
    routes.size === context.routes.size && [...routes].every(([to, next]) => context.routes.get(to) === next);
  if (isSame) return [];
  context.routes = routes;
  return [send<Topology>(replicaOf(context.server), { type: 'topology', routes: [...routes] })];
}

function neighboursOf({ heard }: RouterContext): number[] {
  return [...heard].flatMap(([other, { hears }]) => (hears ? [other] : [])).sort((a, b) => a - b);
}

function helloOf(context: RouterContext): Hello {
  return { type: 'hello', ...signature(context), heard: [...context.heard.keys()] };
}

function signature({ server, members }: RouterContext) {
  return { sender: server, members };
}
