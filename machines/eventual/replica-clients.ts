import { type Effect, persist, send, sendEarly } from '../../actors/effects.ts';
import type { Received } from '../../actors/envelope.ts';
import { SynodError } from '../../actors/errors.ts';
import { estimateBytes, isText } from '../replication/plain-data.ts';
import type {
  Attached,
  Behind,
  Dumped,
  EventualStatus,
  MembersNoted,
  ReadRefused,
  Unattached,
  Values,
  Write,
  WriteGap,
  WriteRefused,
  Written,
} from './client-messages.ts';
import { BadOperationError } from './errors.ts';
import { isServers } from './messages.ts';
import { countOperations } from './operations.ts';
import {
  type Arguments,
  checkClock,
  gatherLater,
  neighboursOf,
  noteMembers,
  persistRedo,
  type ReplicaContext,
  reachableFrom,
  trimLog,
} from './replica-context.ts';
import { sendUnsent } from './replica-exchange.ts';
import { isSession, mergeSessions, NEW_SESSION } from './session.ts';
import { isClock, type VectorClock } from './vector-clock.ts';

const ATTACHMENT_LENGTH_MAX = 128;

/** What clients, and whoever runs the cluster, ask of a replica. */
export const actions = {
  attach,
  write,
  gather,
  detach,
  read,
  noteToldMembers,
  report,
  dump,
};

function attach({ context, event }: Arguments): Effect[] {
  if (event.type !== 'attach') return [];
  const attachment = context.attachments.open();
  // Early: it is of this life alone, and says nothing of the disk.
  return [sendEarly<Attached>(event.from, { type: 'attached', id: event.id, attachment })];
}

function write({ context, event }: Arguments): Effect[] {
  if (event.type !== 'write' || !isWrite(event)) return [];
  const { from, attachment, number, session } = event;
  const known = context.attachments.find(attachment);
  if (known === undefined) return [send<Unattached>(from, { type: 'unattached', attachment, number })];
  if (number > known.expected) {
    return [send<WriteGap>(from, { type: 'writeGap', attachment, expected: known.expected })];
  }
  if (number < known.expected) {
    // Sent again. If it still waits, the answer will come; else what a later one was answered covers this one, too.
    if (number > known.written) return [];
    return [send<Written>(from, { type: 'written', attachment, number, session: known.session })];
  }
  known.expected += 1;
  try {
    checkClock(context, session.order);
    checkClock(context, session.past);
    countOperations(event.operations);
  } catch (error) {
    if (!(error instanceof SynodError)) throw error;
    const { code, message } = error;
    known.written = number;
    return [send<WriteRefused>(from, { type: 'writeRefused', attachment, number, code, message })];
  }
  context.waiting.push({ client: from, attachment, number, session, operations: event.operations });
  return gatherLater(context);
}

/**
 * All that clients have written in this turn: one flush, which takes along what others have written, and one message to
 * the others at most.
 */
function gather({ context }: Pick<Arguments, 'context'>): Effect[] {
  const { state, waiting } = context;
  context.isGathering = false;
  context.waiting = [];
  const { runs, sessions } = state.write(waiting);
  const effects: Effect[] = [persist(...state.logRecords(runs)), ...persistRedo(context)];
  for (const logged of runs) {
    context.unsent.push(logged);
    context.unsentBytes += logged.run.byteLength;
  }
  const { sendBytes } = context.settings;
  if (!context.isExchanging || context.unsentBytes >= sendBytes) effects.push(...sendUnsent(context));
  waiting.forEach(({ client, attachment, number }, place) => {
    const session = sessions[place]!;
    const known = context.attachments.find(attachment);
    if (known !== undefined) {
      known.written = number;
      known.session = session;
    }
    effects.push(send<Written>(client, { type: 'written', attachment, number, session }));
  });
  // The only member has nobody to wait for.
  if (context.members.size === 1) trimLog(context);
  return effects;
}

function detach({ context, event }: Arguments): void {
  if (event.type === 'detach' && isText(event.attachment)) context.attachments.forget(event.attachment);
}

function read({ context, event }: Arguments): Effect[] {
  if (event.type !== 'read') return [];
  const { from, id, past, keys } = event;
  const { held, versions } = context.state;
  try {
    checkRead(context, past, keys);
  } catch (error) {
    if (!(error instanceof SynodError)) throw error;
    const { code, message } = error;
    return [send<ReadRefused>(from, { type: 'readRefused', id, code, message })];
  }
  if (!held.covers(past)) return [send<Behind>(from, { type: 'behind', id })];
  let session = NEW_SESSION;
  const values = keys.map((key) => {
    const { value, ...shown } = versions.read(key);
    session = mergeSessions(session, shown);
    return value;
  });
  return [send<Values>(from, { type: 'values', id, values, session })];
}

function noteToldMembers({ context, event }: Arguments): Effect[] {
  if (event.type !== 'members' || !isServers(event.members)) return [];
  const effects = noteMembers(context, event.members);
  const members = [...context.members].sort((a, b) => a - b);
  return [...effects, send<MembersNoted>(event.from, { type: 'membersNoted', id: event.id, members })];
}

function report({ context, event }: Arguments): Effect[] {
  if (event.type !== 'status') return [];
  const { server, state, routes, members, waiting, sync, peers } = context;
  const { held, versions, log, counter } = state;
  const reachable = reachableFrom(context).sort((a, b) => a - b);
  const isAcknowledged = reachable.every((other) => (peers.get(other)?.acknowledged ?? 0) >= counter);
  return [
    send<EventualStatus>(event.from, {
      type: 'eventualStatus',
      id: event.id,
      server,
      members: [...members].sort((a, b) => a - b),
      held: held.clock,
      ...versions.digests,
      keys: versions.keys,
      tombstones: versions.tombstones.size,
      logEntries: log.size,
      logBytes: log.bytes,
      neighbours: neighboursOf(context).sort((a, b) => a - b),
      reachable,
      nextHops: reachable.map((other) => routes.get(other)!),
      isQuiet:
        waiting.length === 0 &&
        context.unsent.length === 0 &&
        !state.hasRedo &&
        sync === undefined &&
        isAcknowledged,
    }),
  ];
}

function dump({ context, event }: Arguments): Effect[] {
  if (event.type !== 'dump') return [];
  const { from, id, after } = event;
  const { pieceBytesMax } = context.settings;
  const entries: (readonly [key: string, value: unknown])[] = [];
  let bytes = 0;
  let hasMore = false;
  for (const entry of context.state.versions.shown(after ?? '')) {
    if (entry[0] === after) continue;
    hasMore = entries.length > 0 && bytes >= pieceBytesMax;
    if (hasMore) break;
    bytes += entry[0].length + estimateBytes(entry[1]);
    entries.push(entry);
  }
  return [send<Dumped>(from, { type: 'dumped', id, entries, hasMore })];
}

function isWrite(message: Received<Write>): boolean {
  const { attachment, number, session, operations }: Readonly<Record<keyof Write, unknown>> = message;
  return (
    isText(attachment) &&
    attachment.length <= ATTACHMENT_LENGTH_MAX &&
    Number.isSafeInteger(number) &&
    isSession(session) &&
    operations instanceof Uint8Array
  );
}

function checkRead(context: ReplicaContext, past: VectorClock, keys: readonly string[]): void {
  if (!isClock(past) || !Array.isArray(keys) || !keys.every(isText)) {
    throw new BadOperationError('a read needs the past of its session, and a list of keys');
  }
  checkClock(context, past);
}
