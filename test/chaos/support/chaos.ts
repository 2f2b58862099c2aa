import { derivedRandom } from '../../../actors/simulated/seed.ts';
import type { NodeGroup } from '../../../src/cluster/node-group.ts';
import { Violation } from '../../../src/simulation/violation.ts';
import { Nemesis, sleep } from './nemesis.ts';
import { planStrikes } from './strikes.ts';

/** What a system is made of. */
export interface ChaosSystemOptions {
  readonly seed: number;
  /** A known bug that its nodes have. */
  readonly bug?: string;
  /** A node has ended that nobody told to. */
  readonly onNodeEnded: (node: number, error: Error | undefined) => void;
}

/** A cluster on threads and disks, its clients, and what they must be able to rely on. */
export interface ChaosSystem extends AsyncDisposable {
  readonly cluster: NodeGroup;
  /** Clients work, several at once, until {@link stop}; resolves when all that they asked for has ended. */
  work(): Promise<void>;
  stop(): void;
  /** After the work, once nothing is broken: what is there, and what clients were told. @throws Violation. */
  verify(): Promise<void>;
  /** How much was done. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface ChaosOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly bug?: string;
}

/** Work goes on for so long after all is mended. */
const AFTERWARDS_MS = 500;
/** Once nothing is broken, all that was asked for ends within this, on a busy machine, too. */
const PATIENCE_MS = 30_000;

/**
 * Lets clients work while a seeded plan breaks nodes and links; then mends all, sees to it that everything asked for ends,
 * and has the rest looked at. The seed decides the plan, the work and the nodes' draws; not the order of things, for
 * threads race. @throws Error that tells the seed, what is wrong, and what had struck.
 */
export async function chaos(
  create: (options: ChaosSystemOptions) => Promise<ChaosSystem>,
  { seed, durationMs, bug }: ChaosOptions,
): Promise<ChaosSystem['counts']> {
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const onNodeEnded = (node: number, error: Error | undefined) =>
    fail(new Violation('nodes do not fail', `node ${node}: ${error?.stack ?? 'ended'}`));
  await using system = await create({ seed, onNodeEnded, ...(bug === undefined ? {} : { bug }) });
  const { cluster } = system;
  const random = derivedRandom(seed, 'nemesis');
  const nemesis = new Nemesis(cluster, planStrikes({ random, nodes: cluster.nodes }, durationMs));
  try {
    const work = system.work();
    work.catch(fail);
    await Promise.race([nemesis.run().then(() => sleep(AFTERWARDS_MS)), failure]);
    system.stop();
    await Promise.race([within(work, 'all that was asked for ends'), failure]);
    await Promise.race([within(system.verify(), 'the system comes to rest'), failure]);
    return system.counts;
  } catch (error) {
    const what = error instanceof Error ? (error instanceof Violation ? error.message : error.stack) : error;
    throw new Error(
      `seed ${seed}, ${durationMs} ms: ${what}\nwhat has struck, by then:\n${nemesis.report}\n` +
        `done: ${JSON.stringify(system.counts)}\n` +
        `the same plan again: SYNOD_SEED=${seed}, as docs/testing.md says`,
      { cause: error },
    );
  } finally {
    system.stop();
  }
}

async function within(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const violation = new Violation('liveness', `${what}: not within ${PATIENCE_MS} ms`);
    timer = setTimeout(() => reject(violation), PATIENCE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
