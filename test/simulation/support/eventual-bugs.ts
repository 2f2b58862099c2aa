import type { Effects } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { Held } from '../../../machines/eventual/held.ts';
import type { Post } from '../../../machines/eventual/messages.ts';
import { compareOrigins, originOf } from '../../../machines/eventual/origin.ts';
import { loadServerRecords, type ServerRecords } from '../../../machines/eventual/records.ts';
import type { ReplicaContext } from '../../../machines/eventual/replica-context.ts';
import type { RunReader } from '../../../machines/eventual/run.ts';
import type { ServerState } from '../../../machines/eventual/server-state.ts';
import { NEW_SESSION } from '../../../machines/eventual/session.ts';
import { withCounter } from '../../../machines/eventual/vector-clock.ts';
import type { VersionStore } from '../../../machines/eventual/version-store.ts';
import type { OpenEventual } from '../../../src/simulation/protocols/eventual/open-eventual.ts';
import { type Instrument, replaceAction } from '../../../src/simulation/watch/instrumented-program.ts';
import { early } from './early.ts';

/** Known bugs of the eventually consistent store, to prove that the harness finds them. */
export const EVENTUAL_BUGS: Readonly<Record<string, Instrument<OpenEventual>>> = {
  'an answer leaves before the flush': (program) => {
    replaceAction(program, 'replica', 'gather', (args, original) => early(original(args), 'written'));
  },

  'writes leave before the flush': (program) => {
    for (const action of ['gather', 'exchange'])
      replaceAction(program, 'replica', action, (args, original) => postedEarly(original(args), 'entries'));
  },

  'a receipt leaves before the flush': (program) => {
    for (const action of ['exchange', 'tellOthers', 'answerProbe'])
      replaceAction(program, 'replica', action, (args, original) => postedEarly(original(args), 'receipt'));
  },

  'a lost receipt is never asked for again': (program) => {
    replaceAction(program, 'replica', 'probeSilent', () => undefined);
    replaceAction(program, 'replica', 'compareDigest', () => undefined);
  },

  'a clock goes back when its server restarts': startWith((records) => ({ ...records, log: [] })),

  'a server forgets what it took in from others when it restarts': startWith((records) => ({
    ...records,
    redo: [],
  })),

  'a server that has lost its memory counts on under its former name': startWith((records) => records, true),

  'a write leaves the log when one other has it': (program) => {
    replaceAction(program, 'replica', 'noteReceipt', (args, original) => {
      const effects = original(args);
      const { peers, state }: ReplicaContext = args.context;
      state.log.acknowledged(Math.max(...[...peers.values()].map(({ acknowledged }) => acknowledged)));
      return effects;
    });
  },

  'a tombstone is forgotten when this server has it': (program) => {
    replaceAction(program, 'replica', 'collect', ({ context }) => {
      const { state }: ReplicaContext = context;
      state.collect(state.held.clock);
      return undefined;
    });
  },

  'what is held absorbs the clock of a session': (program) => {
    replaceAction(program, 'replica', 'gather', (args, original) => {
      const { state, waiting }: ReplicaContext = args.context;
      for (const { session } of waiting)
        for (let at = 0; at < session.past.length; at += 2)
          state.held.add(session.past[at]!, 1, session.past[at + 1]);
      return original(args);
    });
  },

  'of two versions the one of the higher server is kept': ({ inputs }) => {
    const { versions } = inputs.replica.state;
    const apply = versions.apply.bind(versions);
    versions.apply = (version) => {
      const kept = keptOf(versions, version.key);
      if (kept.some(({ origin }) => compareOrigins(origin, version.origin) > 0)) return;
      let { order } = version.context;
      for (const { origin, counter } of kept) order = withCounter(order, origin, counter);
      apply(withOrder(version, order));
    };
  },

  'a server answers a session whose past it lacks': (program) => {
    replaceAction(program, 'replica', 'read', ({ context, event }, original) =>
      original({ context, event: { ...event, past: [] } }),
    );
  },

  'a write does not follow what its session has read elsewhere': (program) => {
    replaceAction(program, 'replica', 'gather', (args, original) => {
      args.context.waiting = args.context.waiting.map((write: object) => ({
        ...write,
        session: NEW_SESSION,
      }));
      return original(args);
    });
  },

  'a sync counts as whole after its first piece': (program) => {
    replaceAction(program, 'replica', 'takePiece', ({ context, event }, original) => {
      const lacked = [...(context as ReplicaContext).peers.values()].reduce((all, { held }) => {
        all.addRanges(held.ranges);
        return all;
      }, new Held());
      const end = { held: lacked.ranges, seen: (context as ReplicaContext).state.seen };
      return original({ context, event: { ...event, end: event.end ?? end } });
    });
  },

  'a neighbour that is silent stays one for ever': (program) => {
    program.inputs.router = {
      ...program.inputs.router,
      settings: { ...program.inputs.router.settings, neighbourTimeoutMs: 600_000 },
    };
  },

  'a router believes for ever what it was told first of links': (program) => {
    const { settings } = program.inputs.router;
    program.inputs.router = {
      ...program.inputs.router,
      settings: { ...settings, linkStateTimeoutMs: 600_000 },
    };
    replaceAction(program, 'router', 'hearLinkStates', ({ context, event }, original) => {
      const states = event.states.filter(
        ([server]: readonly number[]) => context.table.of(server) === undefined,
      );
      return original({ context, event: { ...event, states } });
    });
  },

  'a message that comes again is taken again': (program) => {
    replaceAction(program, 'replica', 'write', (args, original) => {
      const known = args.context.attachments.find(args.event.attachment);
      if (known !== undefined && args.event.number <= known.written) known.expected = args.event.number;
      return original(args);
    });
  },
};

/** Lets a server start with other records; `isSame`: as the origin that it was at first. */
function startWith(
  change: (records: ServerRecords) => ServerRecords,
  isSame = false,
): Instrument<OpenEventual> {
  return ({ inputs }, { journal, store }) => {
    const { server, settings, state } = inputs.replica;
    // That of the program, which may have been loaded with another copy of this class.
    const State = state.constructor as typeof ServerState;
    inputs.replica = {
      ...inputs.replica,
      state: new State({
        origin: isSame ? originOf(server) : state.origin,
        records: change(loadServerRecords(journal, store)),
        store,
        writeLogBytesMax: settings.writeLogBytesMax,
        runBytesMax: settings.pieceBytesMax,
      }),
    };
  };
}

/** What is handed to the router, of one type, no longer waits for the disk. */
function postedEarly(effects: Effects, type: Post['message']['type']): Effects {
  if (effects === undefined) return undefined;
  return [effects].flat().map((effect) => {
    if (effect.effect !== 'send' || !isPost(effect.message) || effect.message.message.type !== type)
      return effect;
    return { ...effect, message: { ...effect.message, when: 'early' as const } };
  });
}

function isPost(message: Message): message is Post {
  return message.type === 'post';
}

function keptOf(
  versions: VersionStore,
  key: string,
): { readonly origin: number; readonly counter: number }[] {
  const { origins, counters, keys } = versions.index.notIn(new Held());
  return keys.flatMap((other, place) =>
    other === key ? [{ origin: origins[place]!, counter: counters[place]! }] : [],
  );
}

/** As it is read from a run, but with another order. */
function withOrder(version: RunReader, order: readonly number[]): RunReader {
  const { origin, counter, key, isTombstone, bytes, start, contents, end } = version;
  const context = { ...version.context, order };
  return { origin, counter, key, isTombstone, bytes, start, contents, end, context } as unknown as RunReader;
}
