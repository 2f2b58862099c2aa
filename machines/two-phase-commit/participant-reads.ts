import { assertEvent } from 'xstate';
import { type Address, addressOf } from '../../actors/address.ts';
import { type Effect, send } from '../../actors/effects.ts';
import type { RefusedMessage } from '../../actors/node.ts';
import type { Page, Read, Unavailable, Values } from './client-messages.ts';
import { unpackGroup } from './group.ts';
import { grant, keysOfAll } from './key-holders.ts';
import type { EndReq, Fetched, Refusals, VoteRead } from './messages.ts';
import type { Arguments, ParticipantContext, Question } from './participant-context.ts';
import type { VersionedStore } from './store.ts';
import { NO_VERSION } from './transaction-id.ts';

/** What an entry costs in a page beside its key and value. A rough figure. */
const ENTRY_BYTES = 32;

/**
 * How a participant answers for what is committed. It has voted on all that was ever decided: so a key that nobody has
 * locked here is as the last transaction left it that was decided anywhere, and all the keys of one answer are so at
 * one moment.
 */
export const actions = {
  read({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'read');
    const { from: asker, id, keys } = event;
    return answerOrWait(context, { kind: 'read', asker, id, keys });
  },

  validate({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'VOTE-REQ');
    const contents = unpackGroup(event.transactions);
    return answerOrWait(context, { kind: 'validation', asker: event.from, id: event.group, contents });
  },

  /** Who waited has its keys, for this moment. */
  answerGranted({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'granted');
    const waiting = context.reads.get(event.ticket);
    if (waiting === undefined) return [];
    context.reads.delete(event.ticket);
    const { holder, question } = waiting;
    const { store, locks } = context.ground;
    return [answerTo(question, store), ...grant(locks.release(holder))];
  },

  beUnavailable({ event }: Arguments): Effect {
    assertEvent(event, 'read');
    return send<Unavailable>(event.from, { type: 'unavailable', id: event.id });
  },

  /** All groups before the attempt have ended, and what they wrote is here: for a node that joins. */
  sendRecords({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'fetch');
    const { attempt, start, from: asker } = event;
    const { store, settings, mark, leader } = context.ground;
    // The leader has said so, or will; but may not have been heard, and whoever fetches asks again and again.
    if (mark < attempt) return [send<EndReq>(addressOf(leader, 'coordinator'), { type: 'END-REQ' })];
    // What has ended by the mark alone is done in this turn, but may not be yet.
    for (const id of context.groups.keys()) if (id < attempt) return [];
    const entries: Fetched['entries'][number][] = [];
    let bytes = 0;
    let next: string | null = null;
    for (const [key, [version, value]] of store.entries(start)) {
      if (bytes > settings.pageBytesMax) {
        next = key;
        break;
      }
      entries.push([key, version, value]);
      bytes += ENTRY_BYTES + key.length + value.length;
    }
    return [send<Fetched>(asker, { type: 'fetched', attempt, start, entries, next })];
  },

  showPage({ context, event }: Arguments): Effect[] {
    assertEvent(event, 'scan');
    const { from: asker, id, start } = event;
    const { store, settings } = context.ground;
    const entries: Page['entries'][number][] = [];
    let bytes = 0;
    for (const [key, [, value]] of store.entries(start)) {
      if (bytes > settings.pageBytesMax) return [send<Page>(asker, { type: 'page', id, entries, next: key })];
      entries.push([key, value]);
      bytes += ENTRY_BYTES + key.length + value.length;
    }
    return [send<Page>(asker, { type: 'page', id, entries, next: null })];
  },
};

function answerOrWait(context: ParticipantContext, question: Question): Effect[] {
  const { locks, store, settings } = context.ground;
  const keys = keysIn(question);
  if (locks.areReadable(keys)) return [answerTo(question, store)];
  const { asker, id } = question;
  for (const waiting of context.reads.values()) {
    // Asked again before it could be answered.
    if (waiting.question.asker === asker && waiting.question.id === id) return [];
  }
  if (context.reads.size >= settings.readsMax) return [send<RefusedMessage>(asker, { type: 'refused' })];
  context.lastTicket += 1;
  const ticket = context.lastTicket;
  const holder = { shared: keys, exclusive: [], missing: 0, address: context.self, ticket };
  locks.request(holder);
  context.reads.set(ticket, { holder, question });
  return [];
}

function keysIn(question: Question): Set<string> {
  return question.kind === 'read' ? new Set(question.keys) : keysOfAll(question.contents).shared;
}

function answerTo(question: Question, store: VersionedStore): Effect {
  return question.kind === 'read' ? valuesFor(question, store) : voteOn(question, store);
}

function valuesFor(
  { asker, id, keys }: { readonly asker: Address } & Pick<Read, 'id' | 'keys'>,
  store: VersionedStore,
): Effect {
  const values = keys.map((key): Values['values'][number] => store.get(key) ?? [NO_VERSION, null]);
  return send<Values>(asker, { type: 'values', id, values });
}

function voteOn(
  { asker, id, contents }: Extract<Question, { kind: 'validation' }>,
  store: VersionedStore,
): Effect {
  const refused: Refusals[number][] = [];
  contents.forEach((transaction, place) => {
    const reason = store.objectionTo(transaction);
    if (reason !== undefined) refused.push([place, reason]);
  });
  return send<VoteRead>(asker, { type: 'VOTE-READ', group: id, refused });
}
