import { createHash } from 'node:crypto';
import type { Envelope } from '../../../actors/envelope.ts';
import type { Memory } from '../../../actors/memory.ts';
import {
  SimulatedHost,
  type SimulatedHostOptions,
  type TraceRecord,
} from '../../../actors/simulated/index.ts';
import { moduleBeside } from '../../files.ts';
import type { PingOptions } from '../programs/ping.ts';

type PingHostOptions = Partial<SimulatedHostOptions> & { readonly ping?: Partial<PingOptions> };

/** A host of pinging nodes `a`, `b`, `c`, with everything that it says. */
export function pingHost(options: PingHostOptions = {}) {
  return pingHostOf((all) => new SimulatedHost(all), options);
}

/** The same, with a host of another kind. */
export function pingHostOf<Kind extends SimulatedHost>(
  make: (options: SimulatedHostOptions) => Kind,
  options: PingHostOptions = {},
) {
  const { ping, ...others } = options;
  const nodes = options.nodes ?? ['a', 'b', 'c'];
  const program = {
    module: moduleBeside('../programs/ping', import.meta.url).href,
    options: { peers: nodes, intervalMs: 100, ...ping } satisfies PingOptions,
  };
  const trace: TraceRecord[] = [];
  const host = make({
    seed: 1,
    trace: (record) => trace.push(record),
    ...others,
    nodes,
    program,
  });
  const received: (Envelope & { readonly atMs: number })[] = [];
  const ended: { readonly node: string; readonly error: Error | undefined }[] = [];
  const warnings: Error[] = [];
  host.attach({
    receive: (envelopes) =>
      received.push(...envelopes.map((envelope) => ({ ...envelope, atMs: host.clock.now() }))),
    ended: (node, error) => ended.push({ node, error }),
    warn: (error) => warnings.push(error),
  });
  return { host, trace, received, ended, warnings, nodes };
}

/** What a node says of itself when a client asks. */
export interface Answer {
  readonly type: 'answer';
  readonly sent: number;
  readonly pongs: readonly number[];
  readonly logged: number;
  readonly memory: Memory;
  /** When its program was loaded, by its own clock. */
  readonly startedMs: number;
}

/** Asks a node, as a client, and lets time pass until the answer is there. */
export async function ask({ host, received }: ReturnType<typeof pingHost>, node: string): Promise<Answer> {
  const before = received.length;
  host.send(node, [{ to: `${node}/pinger`, from: 'clients/test', message: { type: 'ask' } }]);
  await host.runUntil(() => received.length > before, 1000);
  return received.at(-1)!.message as Answer;
}

export const STORM = {
  latencyMsMin: 0.1,
  latencyMsMax: 20,
  lossProbability: 0.1,
  clientLossProbability: 0.1,
  duplicateProbability: 0.1,
  reorderProbability: 0.2,
};

/** A run with everything in it, as the hash of its trace. */
export async function stormHash(seed: number): Promise<string> {
  const all = pingHost({ seed, network: STORM, disk: { flushMsMax: 30, keptUnflushedProbability: 0.5 } });
  await using host = all.host;
  await host.start(all.nodes);
  await host.run(2000);
  host.killAfter('a', 7, ['ping']);
  await host.kill('b');
  await host.run(3000);
  await host.link('a', 'c', false);
  await host.start(['b']);
  await host.run(4000);
  await host.link('a', 'c', true);
  await host.start(['a']);
  const waited = new Promise<void>((resolve) => {
    host.clock.after(host.random.integer(1, 1000), resolve);
  });
  await host.runWhile(waited, 2000);
  host.changeNetwork({ lossProbability: 0 });
  await host.run(6000);
  const lines = all.trace.map((record) => `${JSON.stringify(record)}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
