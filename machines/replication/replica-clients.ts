import { addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import type { Batch } from './batch.ts';
import type { Answers, Followed, ReplicaStatus, Reply, Request, StatusRequest } from './client-messages.ts';
import type { ConfirmRead, Propose } from './leader-messages.ts';
import { answersTo, type Follower, newsFor, type WaitingQuery } from './queries.ts';
import { assertReplicaEvent, type ReplicaArguments, type ReplicaContext } from './replica-context.ts';
import type { Outcome, ReplicatedState } from './replicated-state.ts';

/** Clients whose answers a replica remembers to send; the one unheard of for longest is forgotten first. */
const CLIENTS_MAX = 65_536;

/** Requests passed on that one list remembers, and how many lists: together, longer than it takes to miss a leader. */
const PASSED_ON_MAX = 256;
const PASSED_ON_LISTS = 5;

/** So many times of telling its progress a replica waits for the leader's word on a query: clients ask again before. */
const UNCONFIRMED_AGE_MAX = 25;

/** What a replica does for its clients: passes commands on, applies them, answers. */
export const actions = {
  submit({ context, event }: ReplicaArguments): Effect | undefined {
    assertReplicaEvent(event, 'request');
    const { chunk, key } = event;
    const client = event.client ?? event.from;
    if (context.leader === undefined) return hold(context, { type: 'request', chunk, key, client });
    // Passed on to a replica that no longer stands beside the leader: the client will find the new one.
    if (event.client !== undefined && context.leader !== context.node) return undefined;
    return passOn(context, { type: 'request', chunk, key, client });
  },

  noteLeadership({ context, event }: ReplicaArguments): Effect[] {
    assertReplicaEvent(event, 'leadership');
    context.leader = event.leader;
    const turnedAway = event.leader === context.node ? [] : turnAway(context);
    if (event.leader === undefined) return turnedAway;
    const requests = [...context.passedOn.reverse().flat(), ...[...context.held.values()].flat()];
    context.passedOn = [[]];
    context.held = new Map();
    context.heldBytes = 0;
    const questions = [...context.unconfirmed.keys()].flatMap((ticket) => askLeader(context, ticket));
    return [...turnedAway, ...requests.map((request) => passOn(context, request)), ...questions];
  },

  forgetPassedOn({ context }: Pick<ReplicaArguments, 'context'>): void {
    context.passedOn = [[], ...context.passedOn.slice(0, PASSED_ON_LISTS - 1)];
  },

  /** A query before the replica has caught up: it waits, whatever its kind. */
  holdQuery({ context, event }: ReplicaArguments): Effect[] {
    assertReplicaEvent(event, 'query');
    if (hasManyQueries(context)) return [refuse(event.from)];
    const query: WaitingQuery = { client: event.from, id: event.id, questions: event.questions };
    if (event.linearizable) return confirmFirst(context, query);
    context.heldQueries.push(query);
    return [];
  },

  answerOrConfirm({ context, event }: ReplicaArguments): Effect[] {
    assertReplicaEvent(event, 'query');
    const query: WaitingQuery = { client: event.from, id: event.id, questions: event.questions };
    if (!event.linearizable) return answer(query, context.state);
    if (hasManyQueries(context)) return [refuse(event.from)];
    return confirmFirst(context, query);
  },

  answerHeld({ context }: Pick<ReplicaArguments, 'context'>): Effect[] {
    const held = context.heldQueries;
    context.heldQueries = [];
    return held.flatMap((query) => answer(query, context.state));
  },

  confirm({ context, event }: ReplicaArguments): Effect[] {
    assertReplicaEvent(event, 'readConfirmed');
    const unconfirmed = context.unconfirmed.get(event.ticket);
    if (unconfirmed === undefined) return [];
    context.unconfirmed.delete(event.ticket);
    context.confirmed.push({ index: event.index, query: unconfirmed.query });
    return answerApplied(context);
  },

  /** The question, or the leader's word, was lost on the way; who still wants to know has asked again. */
  forgetUnconfirmed({ context }: Pick<ReplicaArguments, 'context'>): void {
    for (const [ticket, unconfirmed] of context.unconfirmed) {
      unconfirmed.age += 1;
      if (unconfirmed.age > UNCONFIRMED_AGE_MAX) context.unconfirmed.delete(ticket);
    }
  },

  follow({ context, event }: ReplicaArguments): Effect[] {
    assertReplicaEvent(event, 'follow');
    const { id, application, query, newerThan } = event;
    const follower: Follower = { client: event.from, id, application, query, newerThan };
    const news = newsFor(follower, context.state);
    if (news !== undefined) return [send<Followed>(event.from, news)];
    // Asked again: the client does not know whether it was heard.
    if (context.followers.some((other) => other.client === event.from && other.id === id)) return [];
    if (context.followers.length >= context.settings.queriesMax) return [refuse(event.from)];
    context.followers.push(follower);
    return [];
  },
};

/** Applies the next place of the log and answers the clients whose commands it holds. */
export function applyNext(context: ReplicaContext, batch: Batch, anchor?: unknown): Effect[] {
  const { state } = context;
  return state.apply(state.applied + 1, batch, anchor).flatMap((outcome) => replyTo(context, outcome));
}

/** Answers those who have waited for something to be applied. */
export function answerWaiting(context: ReplicaContext): Effect[] {
  return [...answerApplied(context), ...tellFollowers(context)];
}

/** How the replica is; `current` says whether it has applied all that it knows to be decided. */
export function report(context: ReplicaContext, event: Received<StatusRequest>, current: boolean): Effect {
  const { leader, state } = context;
  return send<ReplicaStatus>(event.from, {
    type: 'replicaStatus',
    id: event.id,
    leader,
    applied: state.applied,
    durable: state.durable,
    current,
  });
}

/** No leader is known: the request waits for one, as far as there is room. Clients send it again and again. */
function hold(context: ReplicaContext, request: Request): Effect | undefined {
  const sameSession = context.held.get(request.key) ?? [];
  if (sameSession.some(({ chunk }) => Buffer.compare(chunk, request.chunk) === 0)) return undefined;
  if (context.heldBytes + request.chunk.byteLength > context.settings.pendingBytesMax) {
    return request.client === undefined ? undefined : refuse(request.client);
  }
  context.held.set(request.key, [...sameSession, request]);
  context.heldBytes += request.chunk.byteLength;
  return undefined;
}

/** To the leader beside, or to the replica beside the leader. */
function passOn(context: ReplicaContext, request: Request): Effect {
  const { node, leader, clients } = context;
  if (leader !== node) {
    const latest = context.passedOn[0]!;
    if (latest.length < PASSED_ON_MAX) latest.push(request);
    return send<Request>(addressOf(leader!, 'replica'), request);
  }
  const client = request.client!;
  clients.delete(request.key);
  clients.set(request.key, client);
  if (clients.size > CLIENTS_MAX) for (const key of clients.keys()) if (clients.delete(key)) break;
  return send<Propose>(addressOf(node, context.leaderRole), {
    type: 'propose',
    chunk: request.chunk,
    client,
  });
}

/**
 * Only the replica beside the leader answers; elsewhere clients would be led astray. What they wait for may be lost with
 * the leader's office, so they are to send it again now, and not when they have waited long enough.
 */
function turnAway({ clients }: ReplicaContext): Effect[] {
  const waiting = new Set(clients.values());
  clients.clear();
  return Array.from(waiting, refuse);
}

/** The replica that passed the command to its leader answers; the others have nobody to answer. */
function replyTo(context: ReplicaContext, outcome: Outcome): Effect[] {
  if (outcome.kind === 'malformed') return [];
  const client = context.clients.get(outcome.kind === 'opened' ? outcome.nonce : outcome.session);
  if (outcome.kind === 'opened') context.clients.delete(outcome.nonce);
  return client === undefined ? [] : [send<Reply>(client, { type: 'reply', outcome })];
}

function refuse(client: `${string}/${string}`): Effect {
  return send<RefusedMessage>(client, { type: 'refused' });
}

function hasManyQueries({ heldQueries, confirmed, unconfirmed, settings }: ReplicaContext): boolean {
  return heldQueries.length + confirmed.length + unconfirmed.size >= settings.queriesMax;
}

function confirmFirst(context: ReplicaContext, query: WaitingQuery): Effect[] {
  const ticket = `${query.client} ${query.id}`;
  context.unconfirmed.set(ticket, { query, age: 0 });
  return askLeader(context, ticket);
}

function askLeader({ leader, leaderRole }: ReplicaContext, ticket: string): Effect[] {
  if (leader === undefined) return []; // Asked once one is known.
  return [send<ConfirmRead>(addressOf(leader, leaderRole), { type: 'confirmRead', ticket })];
}

/** Answers the queries whose index is applied. */
function answerApplied(context: ReplicaContext): Effect[] {
  const { confirmed, state } = context;
  if (confirmed.length === 0) return [];
  context.confirmed = confirmed.filter(({ index }) => index > state.applied);
  return confirmed.filter(({ index }) => index <= state.applied).flatMap(({ query }) => answer(query, state));
}

function answer(query: WaitingQuery, state: ReplicatedState): Effect[] {
  return answersTo(query, state).map((answers) => send<Answers>(query.client, answers));
}

function tellFollowers(context: ReplicaContext): Effect[] {
  if (context.followers.length === 0) return [];
  const effects: Effect[] = [];
  context.followers = context.followers.filter((follower) => {
    const news = newsFor(follower, context.state);
    if (news !== undefined) effects.push(send<Followed>(follower.client, news));
    return news === undefined;
  });
  return effects;
}
