import type { Memory } from '../../actors/memory.ts';
import type { LoadProgram, ProgramReference } from '../../actors/program.ts';
import type { Random } from '../../actors/random.ts';
import { BadServerIdError } from './errors.ts';
import type { EventualOptions } from './options.ts';
import { isServerId, MEMORY_MAX, type Origin, originOf } from './origin.ts';
import { loadServerRecords, membersRecord, type ServerRecords, selfRecord } from './records.ts';
import { replica } from './replica.ts';
import type { ReplicaInput } from './replica-context.ts';
import { type RouterInput, router } from './router.ts';
import { ServerState } from './server-state.ts';
import { EVENTUAL_DEFAULTS, type EventualSettings } from './settings.ts';
import { syncSender } from './sync-sender.ts';

/** Names the program of a server of the eventually consistent store, for a host to load. */
export function eventualProgram(options: EventualOptions): ProgramReference {
  return { module: import.meta.url, options };
}

/** A server, with all that its journal and its store remember. @throws BadServerIdError */
export const program: LoadProgram = ({ node, memory, journal, store, random }, options) => {
  const { nodes, settings: changed } = options as EventualOptions;
  const settings: EventualSettings = { ...EVENTUAL_DEFAULTS, ...changed };
  const server = idOf(node);
  const records = loadServerRecords(journal, store);
  const members = [...new Set([server, ...nodes.map(idOf), ...records.members])];
  const origin = originFor(server, records, memory, random);
  const isIntroduced = origin === records.origin;
  // Who is alone has nobody to ask, and nobody who would know better.
  const isStoreOfBefore = members.length > 1 && hasStoreOfBefore(records);
  const state = new ServerState({
    origin,
    records,
    store,
    isStoreOfBefore,
    writeLogBytesMax: settings.writeLogBytesMax,
    runBytesMax: settings.pieceBytesMax,
  });
  const hasStore = records.stored !== undefined;
  const introduction = [membersRecord(members), ...(isIntroduced ? [] : [selfRecord(origin, hasStore)])];
  return {
    roles: { replica, router, syncSender },
    start: [
      {
        role: 'replica',
        input: {
          server,
          settings,
          random,
          state,
          members,
          introduction,
          isIgnorant: !isIntroduced && members.length > 1,
        } satisfies ReplicaInput,
      },
      { role: 'router', input: { server, settings, members } satisfies RouterInput },
    ],
  };
};

/** Whose counter it goes on with: one of its own, where it cannot know how far that of its last life was. */
function originFor(server: number, records: ServerRecords, memory: Memory, random: Random): Origin {
  const hasLostStore = records.hasStored && records.stored === undefined;
  if (memory === 'lost' || hasLostStore) return originOf(server, random.integer(1, MEMORY_MAX));
  return records.origin ?? originOf(server);
}

/** Another memory wrote the store, which has lost its journal since. */
function hasStoreOfBefore({ origin, stored }: ServerRecords): boolean {
  if (stored === undefined) return false;
  return stored.origin === undefined ? origin === undefined : stored.origin !== origin;
}

/** @throws BadServerIdError */
function idOf(node: string): number {
  const id = Number(node);
  if (!isServerId(id) || String(id) !== node) throw new BadServerIdError(node);
  return id;
}
