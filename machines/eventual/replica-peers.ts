import { type Effect, warn } from '../../actors/effects.ts';
import { BadGossipError, UnknownMemberError } from './errors.ts';
import { digestOf } from './held.ts';
import { isPeerMessage, type PeerMessage, type Probe } from './messages.ts';
import {
  type Arguments,
  checkClock,
  checkRanges,
  entriesOf,
  gatherLater,
  noteMembers,
  type OnlyContext,
  othersOf,
  peerOf,
  persistRedo,
  post,
  type ReplicaContext,
  reachableFrom,
  signature,
  tellHeld,
  trimLog,
} from './replica-context.ts';
import { checkRun } from './server-state.ts';

/** Pieces of what was lost that are sent again at once, at most. */
const PIECES_AGAIN_MAX = 4;

/** How writes reach the other replicas, and how it is known that they have. */
export const actions = {
  takeEntries,
  noteReceipt,
  answerProbe,
  compareDigest,
  probeSilent,
  tellOthers,
  noteRoutes,
  meet,
  answerAskSeen,
  learn,
  giveUpLearning,
};

function takeEntries(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'entries', ({ sender, runs }) => {
    for (const run of runs) checkRun(run, (server) => context.members.has(server));
    for (const run of runs) context.state.takeEntries(run);
    context.unanswered.add(sender);
    return [];
  });
}

function noteReceipt(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'receipt', (receipt) => {
    checkRanges(context, receipt.held);
    const peer = peerOf(context, receipt.sender);
    peer.note(receipt);
    trimLog(context);
    if (receipt.probe === 0 || receipt.probe !== peer.probe || receipt.isSyncing) return [];
    return sendAgain(context, receipt.sender);
  });
}

/** What was sent to a server, and is not among what it says, was lost on the way. */
function sendAgain(context: ReplicaContext, to: number): Effect[] {
  const { state, settings } = context;
  const runs = new Set<Uint8Array>();
  let bytesLeft = PIECES_AGAIN_MAX * settings.pieceBytesMax;
  for (const [, ...bounds] of peerOf(context, to).lost.ranges) {
    for (let at = 0; at < bounds.length; at += 2) {
      for (const { run } of state.log.between(bounds[at]!, bounds[at + 1]!)) {
        if (bytesLeft <= 0) break;
        if (!runs.has(run)) bytesLeft -= run.byteLength;
        runs.add(run);
      }
    }
  }
  return runs.size === 0 ? [] : post(context, [to], entriesOf(context, [...runs]));
}

function answerProbe(args: Arguments): Effect[] {
  return heed(args, 'probe', ({ sender, number }) => tellHeld(args.context, [sender], 'durable', number));
}

function compareDigest(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'digest', ({ sender, digest }) => {
    if (peerOf(context, sender).digest === digest) return [];
    // Early: a question says nothing of the disk.
    return post(context, [sender], probeOf(context, 0), 'early');
  });
}

/** Time passes: whoever has not acknowledged what it was sent is asked what it holds, ever more seldom. */
function probeSilent({ context }: OnlyContext): Effect[] {
  const { settings, peers } = context;
  const effects: Effect[] = [];
  for (const [server, peer] of peers) {
    if (!peer.isDue(settings.retryMsMin, context.sentUpTo, settings.retryMsMax)) continue;
    effects.push(...post(context, [server], probeOf(context, peer.probe)));
  }
  return effects;
}

/** Gossip: what this server holds, to all that it reaches; a digest of it, when it has told them before. */
function tellOthers({ context }: OnlyContext): Effect[] {
  const digest = digestOf(context.state.held.ranges);
  const reachable = reachableFrom(context);
  const unheard = reachable.filter((server) => !context.equallyIgnorant.has(server));
  if (digest !== context.toldDigest) {
    context.toldDigest = digest;
    return [...askSeen(context, unheard), ...tellHeld(context, reachable)];
  }
  const gossip = post(context, reachable, { type: 'digest', ...signature(context), digest }, 'early');
  return [...askSeen(context, unheard), ...gossip];
}

/** Those that it reaches from now on hear at once what it holds; those that it does not are sent nothing. */
function noteRoutes({ context, event }: Arguments): Effect[] {
  if (event.type !== 'topology') return [];
  const before = context.routes;
  context.routes = new Map(event.routes);
  for (const [server, peer] of context.peers) if (!context.routes.has(server)) peer.lose();
  const newcomers = reachableFrom(context).filter((server) => !before.has(server));
  for (const server of newcomers) peerOf(context, server);
  if (newcomers.length === 0) return [];
  return [...askSeen(context, newcomers), ...tellHeld(context, newcomers)];
}

/**
 * What some have forgotten, for all had seen it, others may not have forgotten yet; so the first write of a server without
 * a memory must follow that, too.
 */
function askSeen(context: ReplicaContext, to: readonly number[]): Effect[] {
  if (!context.isIgnorant) return [];
  return post(context, to, { type: 'askSeen', ...signature(context) }, 'early');
}

function answerAskSeen(args: Arguments): Effect[] {
  const { context } = args;
  const { state, isIgnorant } = context;
  return heed(args, 'askSeen', ({ sender }) => [
    ...persistRedo(context),
    ...post(context, [sender], { type: 'seen', ...signature(context), seen: state.seen, isIgnorant }),
  ]);
}

/** One that is ignorant, too, counts only if all others are: then there may be nothing to know. */
function learn(args: Arguments): Effect[] {
  const { context } = args;
  return heed(args, 'seen', ({ sender, seen, isIgnorant }) => {
    checkClock(context, seen);
    if (!context.isIgnorant) return [];
    context.state.follow(seen);
    if (!isIgnorant) return cease(context);
    context.equallyIgnorant.add(sender);
    return othersOf(context).every((other) => context.equallyIgnorant.has(other)) ? cease(context) : [];
  });
}

function giveUpLearning({ context }: OnlyContext): Effect[] {
  return cease(context);
}

/** It is ignorant no more, or must not wait any longer: what clients have written is taken. */
function cease(context: ReplicaContext): Effect[] {
  context.isIgnorant = false;
  context.equallyIgnorant.clear();
  return gatherLater(context);
}

function meet({ context, event }: Arguments): Effect[] {
  return event.type === 'meet' ? noteMembers(context, event.members) : [];
}

function probeOf(context: ReplicaContext, number: number): Probe {
  return { type: 'probe', ...signature(context), number };
}

/** Looks through what another replica says before anything is done about it, and takes in whom it knows. */
export function heed<Type extends PeerMessage['type']>(
  { context, event }: Arguments,
  type: Type,
  handle: (message: Extract<PeerMessage, { readonly type: Type }>) => Effect[],
): Effect[] {
  if (!isPeerMessage(event) || !isOfType(event, type)) {
    return [warn(new BadGossipError(`a message "${event.type}" does not decode`))];
  }
  const effects = noteMembers(context, event.members);
  try {
    effects.push(...handle(event));
  } catch (error) {
    if (!(error instanceof UnknownMemberError || error instanceof BadGossipError)) throw error;
    effects.push(warn(error));
  }
  return effects;
}

function isOfType<Type extends PeerMessage['type']>(
  message: PeerMessage,
  type: Type,
): message is Extract<PeerMessage, { readonly type: Type }> {
  return message.type === type;
}
