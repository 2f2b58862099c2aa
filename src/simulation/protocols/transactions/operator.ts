import { SynodError } from '../../../../actors/errors.ts';
import type { Random } from '../../../../actors/random.ts';
import type { TransactionCluster } from '../../../cluster/transaction-cluster.ts';

export interface OperatorOptions {
  readonly cluster: TransactionCluster;
  readonly random: Random;
  readonly pause: (ms: number) => Promise<void>;
  /** Between two things that it does, at most. */
  readonly pauseMsMax: number;
  /** Whether followers are told to vote no, or late. */
  readonly spoilsVotes: boolean;
  /** How many nodes there may come to be. */
  readonly nodesMax: number;
}

const VOTE_DELAY_MS_MAX = 300;
const ADD_TIMEOUT_MS_MAX = 1000;
/** That it is not done in time, that the leader is down, and that the node has ended while it began. */
const EXPECTED = ['SYNOD_TIMEOUT', 'SYNOD_NO_LEADER', 'SYNOD_NODE_DIED'];

/** Tells followers how to vote, and takes in new ones, at random; often without the patience to see it done. */
export class Operator {
  readonly #options: OperatorOptions;
  #added = 0;
  #stopped = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** How many nodes it has asked for. */
  get added(): number {
    return this.#added;
  }

  /** Works until {@link stop}; resolves when nothing of it is under way any more. */
  async run(): Promise<void> {
    const { random, pause, pauseMsMax } = this.#options;
    while (!this.#stopped) {
      await pause(random.next() * pauseMsMax);
      if (!this.#stopped) await this.#doSomething();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #doSomething(): Promise<void> {
    const { cluster, random, spoilsVotes, nodesMax } = this.#options;
    const { nodes } = cluster;
    if (nodes.length < nodesMax && random.next() < 0.3) {
      this.#added += 1;
      await see(cluster.addNode({ timeoutMs: random.integer(20, ADD_TIMEOUT_MS_MAX) }));
    } else if (spoilsVotes) {
      const follower = nodes[random.integer(1, nodes.length - 1)]!;
      if (random.next() < 0.5) await see(cluster.voteNo(follower));
      else await see(cluster.delayVote(follower, random.integer(1, VOTE_DELAY_MS_MAX)));
    }
  }
}

async function see(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof SynodError) || !EXPECTED.includes(error.code)) throw error;
  }
}
