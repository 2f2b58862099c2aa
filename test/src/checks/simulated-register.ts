import { seededRandom } from '../../../actors/random.ts';
import { type EndCall, type History, HistoryRecorder, type Value } from '../../../src/checks/index.ts';

export interface SimulatedRegisterOptions {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  /** Values that are written; undefined: each only once. */
  readonly values?: number;
  /** How many of the operations have no known result. */
  readonly unknown?: number;
  /** One read, about this one, returns what was there some writes before. */
  readonly staleAt?: number;
}

interface Client {
  process: number;
  phase: 'idle' | 'begun' | 'done';
  end: EndCall;
  f: 'read' | 'write' | 'cas';
  argument: Value;
  result: Value;
  succeeded: boolean;
}

const WRITES_BEHIND = 40;

/** What clients of one register record when each operation begins, happens and ends at random moments. */
export function simulatedRegister(options: SimulatedRegisterOptions): History {
  const { seed, operations, values, unknown = 0 } = options;
  const random = seededRandom(seed);
  const recorder = new HistoryRecorder();
  const clients = Array.from({ length: options.clients }, (_, process): Client => {
    return {
      process,
      phase: 'idle',
      end: () => {},
      f: 'read',
      argument: null,
      result: null,
      succeeded: true,
    };
  });
  const held: Value[] = [null];
  let begun = 0;
  let ended = 0;
  let processes = clients.length;
  let isStale = false;
  const someValue = () => (values === undefined ? begun : random.integer(1, values));

  while (ended < operations) {
    const client = clients[random.integer(0, clients.length - 1)]!;
    if (client.phase === 'idle') {
      if (begun === operations) continue;
      begun += 1;
      const chance = random.next();
      client.f = chance < 0.5 ? 'read' : chance < 0.9 ? 'write' : 'cas';
      client.argument =
        client.f === 'read' ? null : client.f === 'write' ? someValue() : [held.at(-1)!, someValue()];
      client.end = recorder.invoke({ process: client.process, f: client.f, value: client.argument });
      client.phase = 'begun';
    } else if (client.phase === 'begun') {
      const isBehind = !isStale && begun >= (options.staleAt ?? Number.POSITIVE_INFINITY);
      if (client.f === 'read' && isBehind) {
        isStale = true;
        client.result = held.at(-WRITES_BEHIND)!;
      } else {
        happen(client, held);
      }
      client.phase = 'done';
    } else {
      ended += 1;
      client.phase = 'idle';
      if (random.next() < unknown) {
        client.end('info');
        client.process = processes++;
      } else {
        client.end(client.succeeded ? 'ok' : 'fail', { value: client.result });
      }
    }
  }
  return recorder.history;
}

function happen(client: Client, held: Value[]): void {
  const { f, argument } = client;
  client.succeeded = true;
  client.result = argument;
  if (f === 'read') client.result = held.at(-1)!;
  else if (f === 'write') held.push(argument);
  else if (Array.isArray(argument) && argument[0] === held.at(-1)) held.push(argument[1]);
  else client.succeeded = false;
}
