import { SimulatedHost } from '../../../actors/simulated/index.ts';
import type { TwoPhaseCommitSettings } from '../../../machines/two-phase-commit/settings.ts';
import { startOnThreads } from '../../cluster/start-on-threads.ts';
import { TransactionCluster } from '../../cluster/transaction-cluster.ts';
import type { DoubleSurroundings } from './double.ts';
import { doubleProgram } from './program.ts';
import { ScriptedFollower } from './scripted-follower.ts';
import { ScriptedLeader } from './scripted-leader.ts';

/** Within so much virtual time what a test waits for must have happened. */
const RUN_MS_MAX = 60_000;

/** What is to be played, and where. */
export interface StageOptions {
  /** How many followers there are; they are nodes 1 and so on. */
  readonly followers: number;
  /** In virtual time, this seed deciding everything that chance decides. Without it on threads, in real time. */
  readonly seed?: number;
  readonly settings?: Partial<TwoPhaseCommitSettings>;
}

class StagedCluster extends TransactionCluster {
  /** Where doubles speak and hear. */
  get entrance() {
    return this.gateway;
  }
}

/** Nodes of two-phase commit of which some are played by the test. */
export class Stage implements AsyncDisposable {
  /** All nodes, with the fault controls over them: a double may be killed as well as a real node. */
  readonly cluster: TransactionCluster;
  /** The simulated world; undefined on threads. */
  readonly world: SimulatedHost | undefined;

  constructor(cluster: TransactionCluster, world: SimulatedHost | undefined) {
    this.cluster = cluster;
    this.world = world;
  }

  /**
   * Waits for something that goes on at the cluster or a client of it. In virtual time nothing happens but while
   * something is waited for like this, or by a double's `hears`; on threads it is the promise itself.
   */
  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.world === undefined ? work : this.world.runWhile(work, RUN_MS_MAX);
  }

  /** Lets so many milliseconds pass. */
  async pause(ms: number): Promise<void> {
    if (this.world !== undefined) await this.world.run(this.world.clock.now() + ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** A scripted leader, and followers that are real. */
export class LeaderStage extends Stage {
  readonly leader: ScriptedLeader;

  constructor(cluster: StagedCluster, world: SimulatedHost | undefined) {
    super(cluster, world);
    this.leader = new ScriptedLeader(surroundingsOf(this, cluster));
  }
}

/** Scripted followers, and a leader that is real; maybe some real followers, too. */
export class FollowerStage extends Stage {
  /** Those that are played, in order of their numbers. */
  readonly followers: readonly ScriptedFollower[];

  constructor(cluster: StagedCluster, world: SimulatedHost | undefined, played: readonly number[]) {
    super(cluster, world);
    this.followers = played.map((node) => new ScriptedFollower(node, surroundingsOf(this, cluster)));
  }
}

/** Starts followers that are real, and a leader that the test plays. */
export async function stageWithLeader(options: StageOptions): Promise<LeaderStage> {
  const { cluster, world } = await raise(options, [0]);
  return new LeaderStage(cluster, world);
}

/** Starts a leader that is real, and followers that the test plays: all of them, or those named. */
export async function stageWithFollowers(
  options: StageOptions & { readonly played?: readonly number[] },
): Promise<FollowerStage> {
  const { played = Array.from({ length: options.followers }, (_, place) => place + 1) } = options;
  const { cluster, world } = await raise(options, played);
  return new FollowerStage(cluster, world, played);
}

async function raise(
  { followers, seed, settings }: StageOptions,
  played: readonly number[],
): Promise<{ cluster: StagedCluster; world: SimulatedHost | undefined }> {
  const nodes = Array.from({ length: followers + 1 }, (_, node) => String(node));
  const doubles = played.map(String);
  const program = doubleProgram({ nodes, doubles, ...(settings === undefined ? {} : { settings }) });
  if (seed === undefined) {
    const events = { onNodeEnded: () => {}, onWarning: undefined };
    const cluster = await startOnThreads(
      { protocol: '2pc-staged', nodes, program, damaged: 'refuse', events, threads: {} },
      (host, told, afterwards) => new StagedCluster(host, told, afterwards),
    );
    return { cluster, world: undefined };
  }
  const world = new SimulatedHost({ nodes, program, damaged: 'refuse', seed });
  const cluster = new StagedCluster(world);
  await world.runWhile(cluster.start(), RUN_MS_MAX);
  return { cluster, world };
}

function surroundingsOf(stage: Stage, { entrance }: StagedCluster): DoubleSurroundings {
  return { gateway: entrance, run: (work) => stage.run(work) };
}
