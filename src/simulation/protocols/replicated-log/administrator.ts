import { pause } from '../../../../actors/clock.ts';
import { SynodError } from '../../../../actors/errors.ts';
import type { Random } from '../../../../actors/random.ts';
import { Violation } from '../../violation.ts';
import type { WatchedCluster } from './watched-cluster.ts';

export interface AdministratorOptions {
  readonly simulated: WatchedCluster;
  readonly random: Random;
  /** Whether a node may leave, and these that it has sent away before it. */
  readonly mayLeave: (node: string, leaving: readonly string[]) => boolean;
  /** Between two changes, in ms, at most. */
  readonly pauseMsMax: number;
  /** How long it waits for one to be done, at most. */
  readonly timeoutMsMax: number;
}

/** More than five voters, and a node or two that never became one. */
const NODES_MAX = 6;
/** That a change is not done in time, and that what it is about is gone, or the last one. */
const EXPECTED = ['SYNOD_TIMEOUT', 'SYNOD_NO_QUORUM', 'SYNOD_NO_SUCH_NODE', 'SYNOD_BAD_OPTION'];

/** Changes who is a member, and who leads, at random; often without the patience to see it done. */
export class Administrator {
  readonly #options: AdministratorOptions;
  /** Nodes that it has sent away, and may be members yet, each with the number of the change. */
  readonly #leaving = new Map<string, number>();
  #asked = 0;
  #done = 0;
  #givenUp = 0;
  #stopped = false;

  constructor(options: AdministratorOptions) {
    this.#options = options;
  }

  get leaving(): readonly string[] {
    return [...this.#leaving.keys()];
  }

  /** How many changes it has seen done. */
  get done(): number {
    return this.#done;
  }

  /** How many it has given up. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Works until {@link stop}; resolves when nothing of it is under way any more. */
  async run(): Promise<void> {
    const { random, pauseMsMax, simulated } = this.#options;
    while (!this.#stopped) {
      const atOnce = random.next() < 0.2 ? 2 : 1;
      await Promise.all(Array.from({ length: atOnce }, () => this.#changeSomething()));
      await pause(simulated.host.clock, random.next() * pauseMsMax);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #changeSomething(): Promise<void> {
    const { random, simulated, timeoutMsMax } = this.#options;
    const { cluster } = simulated;
    const limit = { timeoutMs: random.integer(20, timeoutMsMax) };
    const some = cluster.nodes[random.integer(0, cluster.nodes.length - 1)]!;
    const chance = random.next();
    if (chance < 0.2) {
      await this.#see(cluster.transferLeadership(random.next() < 0.5 ? some : undefined, limit));
    } else if (chance < 0.5 && cluster.nodes.length < NODES_MAX) {
      await this.#see(cluster.addNode(limit), (node) => this.#expectVote(node, true));
    } else if (this.#options.mayLeave(String(some), this.leaving)) {
      const asked = ++this.#asked;
      this.#leaving.set(String(some), asked);
      if (chance < 0.7 && cluster.nodes.length < NODES_MAX) {
        await this.#see(cluster.replaceNode(some, limit), (node) => {
          this.#expectVote(node, true);
          this.#noteGone(some, asked);
        });
      } else {
        await this.#see(cluster.removeNode(some, limit), () => this.#noteGone(some, asked));
      }
    }
  }

  /** Changes are done one after the other: what was asked for before this one is over. */
  #noteGone(node: number, change: number): void {
    this.#expectVote(node, false);
    for (const [leaving, asked] of this.#leaving) if (asked <= change) this.#leaving.delete(leaving);
  }

  async #see<Result>(change: Promise<Result>, check: (result: Result) => void = () => {}): Promise<void> {
    let result: Result;
    try {
      result = await change;
    } catch (error) {
      if (!(error instanceof SynodError) || !EXPECTED.includes(error.code)) throw error;
      this.#givenUp += 1;
      return;
    }
    this.#done += 1;
    check(result);
  }

  #expectVote(node: number, expected: boolean): void {
    const { voters = [] } = this.#options.simulated.agreement;
    if (voters.includes(String(node)) === expected) return;
    throw new Violation('a change that is done is committed', `${node}; the voters are ${voters}`);
  }
}
