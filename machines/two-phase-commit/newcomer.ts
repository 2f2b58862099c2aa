import { assertEvent, setup } from 'xstate';
import { addressOf } from '../../actors/address.ts';
import { type Effect, type PersistedEvent, persist, persistBehind, send } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import type { Ground } from './follower-context.ts';
import { membershipRecord } from './follower-records.ts';
import { unpackGroup } from './group.ts';
import type { Ack, AskToJoin, Fetch, Joined, Learning, NewcomerMessage, Taught } from './messages.ts';
import type { TransactionId } from './transaction-id.ts';

export interface NewcomerInput {
  readonly ground: Ground;
  /** No other life of the node has it. */
  readonly nonce: number;
}

interface NewcomerContext extends NewcomerInput {
  /** That of the last challenge. */
  token: number;
  attempt: TransactionId;
  sources: readonly string[];
  /** How often it has fetched, to ask each source in turn. */
  fetches: number;
  /** The first key that it has not fetched; null: it has all. */
  next: string | null;
  /** Keys that were deleted since it learns, and by which transaction: an older value must not come back. */
  readonly deleted: Map<string, TransactionId>;
}

type NewcomerEvent = Received<NewcomerMessage | PersistedEvent>;
interface Arguments {
  readonly context: NewcomerContext;
  readonly event: NewcomerEvent;
}
type OnlyContext = Pick<Arguments, 'context'>;

/** The token of the write that clears the store. */
const CLEARED = 1;

/**
 * Makes a node a follower that is new, or has lost its memory. It is told what commits from some id on, and fetches what
 * was committed before from another follower, in pages, each as it is when it is asked for: of what comes twice the
 * higher version stands. When it has all the leader waits for what is under way, and takes it in.
 */
export const newcomer = setup({
  types: {} as { context: NewcomerContext; events: NewcomerEvent; input: NewcomerInput },
  guards: {
    isJoining: ({ context: { ground } }: OnlyContext) => ground.membership.state === 'joining',
    isNewAttempt: ({ context, event }: Arguments) =>
      event.type === 'teach' && event.attempt > context.attempt && event.nonce === context.nonce,
    /** One that it has met already comes again for each time that it has asked. */
    isNewChallenge: ({ context, event }: Arguments) =>
      event.type === 'challenge' && event.token > context.token,
    isThisAttempt: ({ context, event }: Arguments) => 'attempt' in event && event.attempt === context.attempt,
    isOfAttempt: ({ context, event }: Arguments) => event.type === 'learn' && event.group >= context.attempt,
    isWanted: ({ context, event }: Arguments) => isWanted(context, event),
    isLast: ({ context, event }: Arguments) =>
      isWanted(context, event) && event.type === 'fetched' && event.next === null,
    isOnDisk: ({ context: { ground } }: OnlyContext) => ground.store.isOnDisk,
  },
  actions: {
    rememberOutside,
    ask,
    noteChallenge,
    beginAttempt,
    clear,
    fetch,
    takeFetched,
    learn,
    tell,
    noteInvitation,
    rememberJoining,
    sayJoined,
    becomeMember,
  },
  delays: { retryMs: ({ context: { ground } }: OnlyContext) => ground.settings.retryMs },
}).createMachine({
  id: 'newcomer',
  context: ({ input }) => ({
    ...input,
    token: 0,
    attempt: input.ground.membership.attempt,
    sources: [],
    fetches: 0,
    next: '',
    deleted: new Map(),
  }),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'isJoining', target: 'joining' },
        { target: 'outside', actions: 'rememberOutside' },
      ],
    },
    outside: {
      initial: 'asking',
      states: { asking: { entry: 'ask', after: { retryMs: { target: 'asking', reenter: true } } } },
    },
    /** What it has may be older than anything that the others remember. */
    clearing: { entry: 'clear', on: { persisted: 'learning' } },
    learning: {
      initial: 'fetching',
      states: {
        fetching: {
          entry: ['fetch', 'tell'],
          on: {
            fetched: [
              { guard: 'isLast', target: 'caughtUp', actions: 'takeFetched' },
              { guard: 'isWanted', target: 'fetching', reenter: true, actions: 'takeFetched' },
            ],
          },
          after: { retryMs: { target: 'fetching', reenter: true } },
        },
        caughtUp: {
          entry: 'tell',
          after: { retryMs: { target: 'caughtUp', reenter: true } },
          on: { invite: { guard: 'isThisAttempt', target: '#newcomer.storing', actions: 'noteInvitation' } },
        },
      },
      // Of an earlier attempt: what was deleted after it, it would bring back.
      on: { learn: { guard: 'isOfAttempt', actions: 'learn' } },
    },
    /** It has everything, and nothing comes to it. */
    storing: { always: { guard: 'isOnDisk', target: 'joining', actions: 'rememberJoining' } },
    joining: {
      initial: 'saying',
      states: { saying: { entry: 'sayJoined', after: { retryMs: { target: 'saying', reenter: true } } } },
      on: {
        welcome: { guard: 'isThisAttempt', target: 'member', actions: 'becomeMember' },
        // The leader has given it up. Whatever it says after this, even if that is late, it will not be a member by this.
        challenge: {
          guard: 'isNewChallenge',
          target: 'outside',
          actions: ['noteChallenge', 'rememberOutside'],
        },
      },
    },
    member: { type: 'final' },
  },
  on: {
    // What it is at, if anything, the leader has given up.
    challenge: { guard: 'isNewChallenge', target: '.outside', actions: 'noteChallenge' },
    teach: { guard: 'isNewAttempt', target: '.clearing', actions: 'beginAttempt' },
    stored: {},
  },
});

/** That it has forgotten must not be forgotten in its turn. */
function rememberOutside({ context: { ground, attempt } }: OnlyContext): Effect {
  ground.membership = { state: 'outside', attempt, first: 0 };
  return persist(membershipRecord(ground.membership));
}

function ask({ context: { ground, token, nonce } }: OnlyContext): Effect {
  return send<AskToJoin>(addressOf(ground.leader, 'coordinator'), { type: 'askToJoin', token, nonce });
}

function noteChallenge({ context, event }: Arguments): void {
  assertEvent(event, 'challenge');
  context.token = event.token;
}

function beginAttempt({ context, event }: Arguments): void {
  assertEvent(event, 'teach');
  context.attempt = event.attempt;
  context.sources = event.sources;
  context.next = '';
  context.deleted.clear();
}

function clear({ context }: OnlyContext): Effect[] {
  return [rememberOutside({ context }), persistBehind(CLEARED, context.ground.store.clear())];
}

function fetch({ context }: OnlyContext): Effect[] {
  const { sources, attempt, next } = context;
  const source = sources[context.fetches % sources.length];
  context.fetches += 1;
  if (source === undefined || next === null) return [];
  return [send<Fetch>(addressOf(source, 'participant'), { type: 'fetch', attempt, start: next })];
}

function takeFetched({ context, event }: Arguments): Effect {
  assertEvent(event, 'fetched');
  for (const [key, version, value] of event.entries) {
    if (isNewer(context, key, version)) context.ground.store.put(key, version, value);
  }
  context.next = event.next;
  // The one that has answered is asked again.
  context.fetches -= 1;
  return tellTaught(context);
}

function learn({ context, event }: Arguments): Effect[] {
  assertEvent(event, 'learn');
  const { ground, deleted } = context;
  const { group, transactions, refused } = event;
  unpackGroup(transactions).forEach(({ writes }, place) => {
    if (refused.includes(place)) return;
    const id = group + place;
    for (const [key, value] of writes) {
      if (!isNewer(context, key, id)) continue;
      ground.store.put(key, id, value);
      if (value === null) deleted.set(key, id);
    }
  });
  return [
    tellTaught(context),
    send<Ack>(addressOf(ground.leader, 'leader', String(group)), { type: 'ACK', group }),
  ];
}

/** The participant beside writes behind what is new in the store. */
function tellTaught({ ground }: NewcomerContext): Effect {
  return send<Taught>(addressOf(ground.node, 'participant'), { type: 'taught' });
}

function tell({ context: { ground, attempt, next } }: OnlyContext): Effect {
  const message: Learning = { type: 'learning', attempt, hasCaughtUp: next === null };
  return send(addressOf(ground.leader, 'coordinator'), message);
}

function noteInvitation({ context: { ground, attempt }, event }: Arguments): void {
  assertEvent(event, 'invite');
  ground.membership = { state: 'outside', attempt, first: event.first };
}

function rememberJoining({ context: { ground } }: OnlyContext): Effect {
  ground.membership = { ...ground.membership, state: 'joining' };
  return persist(membershipRecord(ground.membership));
}

function sayJoined({ context: { ground } }: OnlyContext): Effect {
  const { attempt } = ground.membership;
  return send<Joined>(addressOf(ground.leader, 'coordinator'), { type: 'joined', attempt });
}

/** All that was begun before has ended: of it nothing that comes late may be taken for news. */
function becomeMember({ context: { ground } }: OnlyContext): Effect {
  ground.mark = Math.max(ground.mark, ground.membership.first);
  ground.membership = { ...ground.membership, state: 'member' };
  return persist(membershipRecord(ground.membership));
}

function isWanted({ attempt, next }: NewcomerContext, event: NewcomerEvent): boolean {
  return event.type === 'fetched' && event.attempt === attempt && event.start === next;
}

function isNewer({ ground, deleted }: NewcomerContext, key: string, version: TransactionId): boolean {
  return version > (ground.store.get(key)?.[0] ?? 0) && version > (deleted.get(key) ?? 0);
}
