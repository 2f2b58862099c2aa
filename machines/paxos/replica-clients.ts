import { assertEvent } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import type { Answers, Followed, ReplicaStatus, Reply, Request } from '../replication/client-messages.ts';
import { answersTo, type Follower, newsFor, type WaitingQuery } from '../replication/queries.ts';
import type { Outcome, ReplicatedState } from '../replication/replicated-state.ts';
import { keep, noteDecided, noteAccepted as notePvalue, prune } from './decisions.ts';
import type { Accepted, ConfirmRead, Propose } from './messages.ts';
import type { Slot } from './pvalue.ts';
import type { Arguments, OnlyContext, ReplicaContext } from './replica-context.ts';

/** Clients whose answers a replica remembers to send; the one unheard of for longest is forgotten first. */
const CLIENTS_MAX = 65_536;

/** Requests passed on that one list remembers, and how many lists: together, longer than it takes to miss a leader. */
const PASSED_ON_MAX = 256;
const PASSED_ON_LISTS = 5;

/** So many times of telling its progress a replica waits for the leader's word on a query: clients ask again before. */
const UNCONFIRMED_AGE_MAX = 25;

/** What a replica does for its clients: passes commands on, applies them, answers. */
export const actions = {
  submit({ context, event }: Arguments): Effect | undefined {
    assertEvent(event, 'request');
    const { chunk, key } = event;
    const client = event.client ?? event.from;
    if (context.leader === undefined) return hold(context, { type: 'request', chunk, key, client });
    // Passed on to a replica that no longer stands beside the leader: the client will find the new one.
    if (event.client !== undefined && context.leader !== context.node) return undefined;
    return passOn(context, { type: 'request', chunk, key, client });
  },

  noteLeadership({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'leadership');
    context.leader = event.leader;
    // Only the replica beside the leader answers; elsewhere clients would be led astray.
    if (event.leader !== context.node) context.clients.clear();
    if (event.leader === undefined) return [];
    const requests = [...context.passedOn.reverse().flat(), ...[...context.held.values()].flat()];
    context.passedOn = [[]];
    context.held = new Map();
    context.heldBytes = 0;
    const questions = [...context.unconfirmed.keys()].flatMap((ticket) => askLeader(context, ticket));
    return [...requests.map((request) => passOn(context, request)), ...questions];
  },

  forgetPassedOn({ context }: OnlyContext): void {
    context.passedOn = [[], ...context.passedOn.slice(0, PASSED_ON_LISTS - 1)];
  },

  noteAccepted({ context, event }: Arguments): void {
    assertEvent(event, 'accepted');
    notePvalue(context.log, pvalueOf(event), context.state.applied);
  },

  learn({ context, event }: Arguments): void {
    assertEvent(event, 'decision');
    noteDecided(context.log, event.ballot, event.slot, event.batch, context.state.applied);
  },

  learnMany({ context, event }: Arguments): void {
    assertEvent(event, 'decisions');
    event.batches.forEach((batch, index) => {
      const slot = event.firstSlot + index;
      if (slot > context.state.applied) keep(context.log, slot, batch);
    });
  },

  applyDecided({ context }: OnlyContext): Effect[] {
    const { log, state } = context;
    const effects: Effect[] = [];
    for (let batch = log.decided.get(state.applied + 1); batch !== undefined; ) {
      for (const outcome of state.apply(state.applied + 1, batch)) effects.push(...replyTo(context, outcome));
      batch = log.decided.get(state.applied + 1);
    }
    prune(log, state.applied, context.settings.decisionBytesMax);
    effects.push(...answerApplied(context), ...tellFollowers(context));
    return effects;
  },

  /** A query before the replica has caught up: it waits, whatever its kind. */
  holdQuery({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'query');
    if (hasManyQueries(context)) return [refuse(event.from)];
    const query: WaitingQuery = { client: event.from, id: event.id, questions: event.questions };
    if (event.linearizable) return confirmFirst(context, query);
    context.heldQueries.push(query);
    return [];
  },

  answerOrConfirm({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'query');
    const query: WaitingQuery = { client: event.from, id: event.id, questions: event.questions };
    if (!event.linearizable) return answer(query, context.state);
    if (hasManyQueries(context)) return [refuse(event.from)];
    return confirmFirst(context, query);
  },

  answerHeld({ context }: OnlyContext): Effect[] {
    const held = context.heldQueries;
    context.heldQueries = [];
    return held.flatMap((query) => answer(query, context.state));
  },

  confirm({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'readConfirmed');
    const unconfirmed = context.unconfirmed.get(event.ticket);
    if (unconfirmed === undefined) return [];
    context.unconfirmed.delete(event.ticket);
    context.confirmed.push({ slot: event.slot, query: unconfirmed.query });
    return answerApplied(context);
  },

  /** The question, or the leader's word, was lost on the way; who still wants to know has asked again. */
  forgetUnconfirmed({ context }: OnlyContext): void {
    for (const [ticket, unconfirmed] of context.unconfirmed) {
      unconfirmed.age += 1;
      if (unconfirmed.age > UNCONFIRMED_AGE_MAX) context.unconfirmed.delete(ticket);
    }
  },

  follow({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'follow');
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

  report({ context, event }: Arguments): Effect {
    assertEvent(event, 'status');
    const { leader, state, log } = context;
    return send<ReplicaStatus>(event.from, {
      type: 'replicaStatus',
      id: event.id,
      leader,
      applied: state.applied,
      durable: state.durable,
      current: log.highest <= state.applied,
    });
  },
};

function pvalueOf({ ballot, slot, batch }: Accepted): Omit<Accepted, 'type'> {
  return { ballot, slot, batch };
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
  return send<Propose>(addressOf(node, 'leader'), { type: 'propose', chunk: request.chunk, client });
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

function askLeader({ leader }: ReplicaContext, ticket: string): Effect[] {
  if (leader === undefined) return []; // Asked once one is known.
  return [send<ConfirmRead>(addressOf(leader, 'leader'), { type: 'confirmRead', ticket })];
}

/** Answers the queries whose slot is applied. */
function answerApplied(context: ReplicaContext): Effect[] {
  const { confirmed, state } = context;
  if (confirmed.length === 0) return [];
  const ready = (slot: Slot) => slot <= state.applied;
  context.confirmed = confirmed.filter(({ slot }) => !ready(slot));
  return confirmed.filter(({ slot }) => ready(slot)).flatMap(({ query }) => answer(query, state));
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
