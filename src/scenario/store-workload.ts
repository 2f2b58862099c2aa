import { type Random, seededRandom } from '../../actors/random.ts';
import { BadOptionError } from '../errors.ts';
import { CLIENTS_MAX, SERVERS_MAX } from './server-ids.ts';

/*
 * Workloads that stores of this kind are measured by: servers join, clients in turn put values, and in between the
 * servers are connected and cut off in one of some ways; in the end all is to be on all servers.
 *
 *   full        0 ─ 1        tree      0          chain  0 ─ 1 ─ 2 ─ 3 ─ 4        partition   full, then two
 *               │ ╳ │                 ╱ ╲                                                     halves that hear
 *               3 ─ 2                1   2        the last joins late, one is                 nothing of each
 *                                   ╱ ╲           killed and joins again                      other, then full
 *                                  3   4
 */
export const WORKLOAD_TOPOLOGIES = ['full', 'tree', 'chain', 'partition'] as const;
export type WorkloadTopology = (typeof WORKLOAD_TOPOLOGIES)[number];

/** What a workload is to be. The same options give the same commands. */
export interface StoreWorkloadOptions {
  readonly topology: WorkloadTopology;
  /** All commands together. */
  readonly commands: number;
  readonly servers: number;
  readonly clients: number;
  readonly valueBytes: number;
  readonly seed: number;
}

export const WORKLOAD_DEFAULTS: StoreWorkloadOptions = {
  topology: 'full',
  commands: 4026,
  servers: 5,
  clients: 5,
  valueBytes: 100,
  seed: 1,
};

/** A command of a script of the eventually consistent store. */
export type StoreCommand =
  | { readonly command: 'joinServer' | 'killServer'; readonly server: number }
  | { readonly command: 'joinClient'; readonly client: number; readonly server: number }
  | { readonly command: 'breakConnection' | 'createConnection'; readonly a: number; readonly b: number }
  | { readonly command: 'put'; readonly client: number; readonly key: string; readonly value: string }
  | { readonly command: 'stabilize' };

/** Where a part of the puts ends, counted from 0 to 1, and what happens there. */
type Events = readonly (readonly [share: number, commands: readonly StoreCommand[]])[];

interface Plan {
  readonly beginning: readonly StoreCommand[];
  readonly events: Events;
}

const COMMANDS_MAX = 100_000_000;
const VALUE_BYTES_MAX = 256 * 1024;
const SERVERS_MIN = 3;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** Values are cut at random places from a text of random letters that is so much longer. */
const TEXT_EXTRA = 4096;

/** The commands of a workload. @throws BadOptionError for options that make no sense, or too few commands for the topology. */
export function storeWorkload(options: StoreWorkloadOptions): Generator<StoreCommand> {
  const { topology, commands, servers, clients } = options;
  checkWhole('servers', servers, SERVERS_MIN, SERVERS_MAX);
  checkWhole('clients', clients, 1, CLIENTS_MAX);
  checkWhole('valueBytes', options.valueBytes, 1, VALUE_BYTES_MAX);
  checkWhole('seed', options.seed, 0, 2 ** 31 - 1);
  const random = seededRandom(options.seed);
  const plan = PLANS[topology](servers, clients, random);
  const others = plan.beginning.length + plan.events.reduce((sum, [, some]) => sum + some.length, 0) + 1;
  checkWhole('commands', commands, others + clients, COMMANDS_MAX);
  return commandsOf(plan, commands - others, putsOf(options, commands - others, random));
}

/** The line of a script for a command. */
export function lineOf(command: StoreCommand): string {
  switch (command.command) {
    case 'joinServer':
    case 'killServer':
      return `${command.command} ${command.server}`;
    case 'joinClient':
      return `joinClient ${command.client} ${command.server}`;
    case 'breakConnection':
    case 'createConnection':
      return `${command.command} ${command.a} ${command.b}`;
    case 'put':
      return `put ${command.client} ${command.key} ${command.value}`;
    case 'stabilize':
      return 'stabilize';
  }
}

function* commandsOf(
  { beginning, events }: Plan,
  puts: number,
  put: (number: number) => StoreCommand,
): Generator<StoreCommand> {
  yield* beginning;
  let done = 0;
  for (const [share, some] of events) {
    for (; done < Math.floor(puts * share); done++) yield put(done);
    yield* some;
  }
  for (; done < puts; done++) yield put(done);
  yield { command: 'stabilize' };
}

const PLANS: Readonly<Record<WorkloadTopology, (servers: number, clients: number, random: Random) => Plan>> =
  {
    full: (servers, clients) => ({
      beginning: [...join(servers), ...clientsAt(servers, clients)],
      events: [],
    }),

    tree: (servers, clients) => ({
      beginning: [
        ...join(servers),
        ...cut(servers, (a, b) => Math.floor((b - 1) / 2) !== a),
        ...clientsAt(servers, clients),
      ],
      events: [],
    }),

    chain(servers, clients, random) {
      const last = servers - 1;
      const killed = random.integer(1, last - 1);
      const refuge = killed - 1;
      const all = clientsAt(servers, clients);
      const isAt = (server: number) => all.filter((client) => client.server === server);
      const away = (server: number) => isAt(server).map((client) => ({ ...client, server: refuge }));
      // A server that joins is connected with all.
      const link = (server: number): StoreCommand[] =>
        range(servers)
          .filter((other) => Math.abs(other - server) > 1)
          .map((other) => ({ command: 'breakConnection', a: server, b: other }));
      return {
        beginning: [
          ...join(last),
          ...cut(last, (a, b) => b - a > 1),
          ...all.map((client) => ({ ...client, server: client.server % last })),
        ],
        events: [
          [1 / 4, [{ command: 'joinServer', server: last }, ...link(last), ...isAt(last)]],
          [2 / 4, [{ command: 'killServer', server: killed }, ...away(killed)]],
          [3 / 4, [{ command: 'joinServer', server: killed }, ...link(killed), ...isAt(killed)]],
        ],
      };
    },

    partition(servers, clients) {
      const half = Math.ceil(servers / 2);
      const across = pairs(servers).filter(([a, b]) => a < half && b >= half);
      return {
        beginning: [...join(servers), ...clientsAt(servers, clients)],
        events: [
          [1 / 3, across.map(([a, b]) => ({ command: 'breakConnection', a, b }))],
          [2 / 3, across.map(([a, b]) => ({ command: 'createConnection', a, b }))],
        ],
      };
    },
  };

function join(servers: number): StoreCommand[] {
  return range(servers).map((server) => ({ command: 'joinServer', server }));
}

/** Clients have the ids after the servers', and stand at them in turn. */
function clientsAt(servers: number, clients: number): Extract<StoreCommand, { command: 'joinClient' }>[] {
  return range(clients).map((client) => ({
    command: 'joinClient',
    client: servers + client,
    server: client % servers,
  }));
}

function cut(servers: number, isCut: (a: number, b: number) => boolean): StoreCommand[] {
  return pairs(servers)
    .filter(([a, b]) => isCut(a, b))
    .map(([a, b]) => ({ command: 'breakConnection', a, b }));
}

function pairs(servers: number): [number, number][] {
  return range(servers).flatMap((a) =>
    range(servers - a - 1).map((step): [number, number] => [a, a + step + 1]),
  );
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

function putsOf(
  { servers, clients, valueBytes }: StoreWorkloadOptions,
  puts: number,
  random: Random,
): (number: number) => StoreCommand {
  const text = Array.from(
    { length: valueBytes + TEXT_EXTRA },
    () => LETTERS[random.integer(0, LETTERS.length - 1)],
  ).join('');
  const digits = String(puts).length;
  return (number) => {
    const at = random.integer(0, TEXT_EXTRA);
    return {
      command: 'put',
      client: servers + (number % clients),
      key: `key-${String(random.integer(0, puts - 1)).padStart(digits, '0')}`,
      value: text.slice(at, at + valueBytes),
    };
  };
}

function checkWhole(option: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new BadOptionError(option, value, `a whole number from ${min} to ${max}`);
}
