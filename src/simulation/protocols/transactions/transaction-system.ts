import { pause } from '../../../../actors/clock.ts';
import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import { checkLinearizability, checkSerializability, HistoryRecorder } from '../../../checks/index.ts';
import type { TransactionClient } from '../../../client/transaction-client.ts';
import { type Attempt, checkClientsHearTheTruth } from '../../invariants/clients-hear-the-truth.ts';
import type { System, SystemOptions } from '../../system.ts';
import { Violation } from '../../violation.ts';
import { difference } from '../../watch/difference.ts';
import { CLIENTS_MAX, PATIENCE_MS, until } from '../patience.ts';
import { Operator } from './operator.ts';
import { drawKeys, type Keys } from './plan.ts';
import { storedOn } from './stored-on.ts';
import type { TransactionMemory } from './transaction-memory.ts';
import type { TransactionProtocol } from './transaction-protocol.ts';
import { TransactionWorkload } from './transaction-workload.ts';
import { WatchedTransactions } from './watched-transactions.ts';

const NODES_MAX = 6;
/** In so much time without work everything that was done reaches the disks, and is let go of. */
const PEACE_MS = 1200;
/** An order to vote no, or late, may not have been carried out yet; each follower has one at most. */
const TRIES_MAX = 4;
/** Longer than an experiment waits for a new follower. */
const CHANGE = { timeoutMs: 60_000 };

/** A cluster for transactions, with the clients and the operator of an experiment. */
export class TransactionSystem implements System {
  readonly #options: SystemOptions;
  readonly #simulated: WatchedTransactions;
  readonly #memory: TransactionMemory;
  readonly #keys: Keys;
  readonly #operator: Operator | undefined;
  readonly #workloads: TransactionWorkload[] = [];
  readonly #clients: TransactionClient[] = [];
  readonly #recorders = { transactions: new HistoryRecorder(), singles: new HistoryRecorder() };
  readonly #attempts: Attempt[] = [];
  #work: Promise<unknown> = Promise.resolve();
  #operation: Promise<unknown> = Promise.resolve();
  #lastWorkload: TransactionWorkload | undefined;

  constructor(protocol: TransactionProtocol, options: SystemOptions) {
    const { seed, nodes, faults, world, settings, instruments } = options;
    this.#options = options;
    this.#memory = protocol.memory();
    const random = derivedRandom(seed, 'system');
    this.#keys = drawKeys(random);
    this.#simulated = new WatchedTransactions({
      ...world,
      protocol,
      nodes,
      settings: { ...protocol.drawSettings(derivedRandom(seed, 'settings')), ...settings },
      instruments: [...instruments, this.#memory.instrument],
    });
    const spoilsVotes = random.next() < 0.5;
    if (!spoilsVotes && faults.members === undefined) return;
    this.#operator = new Operator({
      cluster: this.#simulated.cluster,
      random: derivedRandom(seed, 'operator'),
      pause: (ms) => pause(this.host.clock, ms),
      pauseMsMax: random.integer(10, 200),
      spoilsVotes,
      nodesMax: faults.members === undefined ? 0 : NODES_MAX,
    });
  }

  get host() {
    return this.#simulated.host;
  }

  get witness() {
    return this.#simulated.witness;
  }

  get nodes(): readonly string[] {
    return this.#simulated.names;
  }

  get counts(): Readonly<Record<string, number>> {
    const sum = (ending: 'ok' | 'fail' | 'info') =>
      this.#workloads.reduce((total, { endings }) => total + endings[ending], 0);
    return {
      groups: this.#simulated.decisions.groups,
      committed: sum('ok'),
      aborted: sum('fail'),
      unknown: sum('info'),
      calls: this.#recorders.singles.history.operations.length,
      ...(this.#options.faults.members === undefined ? {} : { added: this.#operator?.added ?? 0 }),
    };
  }

  start(): Promise<void> {
    return this.#simulated.cluster.start();
  }

  crash(node: string): Promise<void> {
    return this.#simulated.cluster.crash(Number(node));
  }

  restart(node: string): Promise<void> {
    return this.#simulated.cluster.restart(Number(node));
  }

  /** What the leader remembers nobody else does; a follower may forget while another one has all that there is. */
  mayForget(node: string): boolean {
    const leader = this.nodes[0]!;
    const { doomed } = this.#options;
    return this.#simulated.followers.some(
      (other) =>
        node !== leader &&
        other !== node &&
        this.host.running.includes(other) &&
        !doomed.has(other) &&
        this.#memory.isMember(other) &&
        this.#memory.hasVote(leader, other),
    );
  }

  async work(): Promise<void> {
    const { seed } = this.#options;
    const random = derivedRandom(seed, 'clients');
    for (let count = random.integer(1, CLIENTS_MAX); count > 0; count--) {
      const isDistant = random.next() < 0.4;
      const client = isDistant ? this.#simulated.distantClient() : await this.#simulated.cluster.client({});
      const workload = this.#workloadOf(client, {
        timeoutMs: random.next() < 0.2 ? random.integer(50, 500) : PATIENCE_MS,
        burstMax: random.integer(0, 5),
        pauseMsMax: random.integer(1, 60),
        stepMsMax: random.next() < 0.5 ? 0 : random.integer(1, 20),
      });
      this.#workloads.push(workload);
    }
    this.#work = this.witness.watch(Promise.all(this.#workloads.map((workload) => workload.run())));
    if (this.#operator !== undefined) this.#operation = this.witness.watch(this.#operator.run());
  }

  async finish(): Promise<void> {
    for (const workload of this.#workloads) workload.stop();
    this.#operator?.stop();
    await this.#operation;
    await this.#work;
    // What nobody waits for any more may happen yet.
    await until(this.host.clock, () => this.#clients.every(({ inFlight }) => inFlight === 0));
    await this.recovered();
  }

  async recovered(): Promise<void> {
    await this.#simulated.cluster.settled();
    const outside = this.#simulated.followers.filter((node) => !this.#memory.isMember(node));
    if (outside.length > 0)
      throw new Violation('what is settled is over', `${outside} are no followers yet, and all are up`);
  }

  /** Nothing is pending, nothing is locked, and all followers have all that was ever committed. */
  async atRest(): Promise<string> {
    const { cluster, contents, followers } = this.#simulated;
    await cluster.settled();
    const expected = JSON.stringify([...contents.state()].sort());
    const values = new Set<string>();
    for (const node of followers) {
      const stored = JSON.stringify(storedOn(this.host, node).sort());
      if (stored !== expected) {
        const what = `on the disk of ${node}, and what was committed:`;
        throw new Violation('equal stores', `${what}\n${difference(stored, expected)}`);
      }
      values.add(JSON.stringify(await cluster.store(Number(node))));
    }
    const [value = '', another] = values;
    if (another !== undefined)
      throw new Violation('equal stores', `followers answer differently:\n${difference(value, another)}`);
    for (const node of cluster.nodes) {
      const journal = await cluster.journal(node);
      if (journal?.length !== 0) {
        const records = journal?.map(({ transaction, record }) => `${transaction} ${record}`);
        throw new Violation('empty journals', `${node} keeps ${records ?? 'nobody knows what'}`);
      }
    }
    this.#checkLeftovers('nothing is pending', ['locks', 'groups', 'reads', 'pending', 'granted']);
    return value;
  }

  /** Whoever asks for all keys gets them, and all vote yes. New followers are taken in. */
  async exercise(): Promise<void> {
    const { cluster } = this.#simulated;
    this.#lastWorkload ??= this.#workloadOf(await cluster.client(), {
      timeoutMs: PATIENCE_MS,
      burstMax: 0,
      pauseMsMax: 0,
      stepMsMax: 0,
    });
    const reasons: string[] = [];
    for (;;) {
      const reason = await this.#lastWorkload.touchAll();
      if (reason === undefined) break;
      reasons.push(reason);
      if (reasons.length === TRIES_MAX)
        throw new Violation('what is asked for in peace happens', reasons.join(', '));
    }
    if (this.#options.faults.members !== undefined) await cluster.addNode(CHANGE);
    await this.recovered();
  }

  /** Once nothing is asked for, nobody else comes to lead, and nobody keeps what is done with. */
  async peace(): Promise<void> {
    const { cluster, decisions } = this.#simulated;
    const before = { ...(await this.#reign()), groups: decisions.groups };
    await pause(this.host.clock, PEACE_MS);
    const after = { ...(await this.#reign()), groups: decisions.groups };
    if (JSON.stringify(after) !== JSON.stringify(before))
      throw new Violation('peace', `${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
    await cluster.settled();
    this.#checkLeftovers('bounded memory');
  }

  async judge(): Promise<void> {
    checkClientsHearTheTruth(this.#attempts, this.#simulated.contents.applied);
    const { singles, transactions } = this.#recorders;
    const single = checkLinearizability(singles.history, 'kv');
    if (single.verdict !== 'ok')
      throw new Violation(
        'linearizable',
        single.violations.map(({ drawing }) => drawing).join('\n') || single.verdict,
      );
    const whole = checkSerializability(transactions.history, { realTime: true });
    if (whole.verdict !== 'ok')
      throw new Violation(
        'strictly serializable',
        whole.violations.map(({ drawing }) => drawing).join('\n') || whole.verdict,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulated[Symbol.asyncDispose]();
  }

  #workloadOf(
    client: TransactionClient,
    habits: Record<'timeoutMs' | 'burstMax' | 'pauseMsMax' | 'stepMsMax', number>,
  ): TransactionWorkload {
    this.#clients.push(client);
    return new TransactionWorkload({
      client,
      name: client.name,
      random: derivedRandom(this.#options.seed, 'workload', client.name),
      recorders: this.#recorders,
      attempts: this.#attempts,
      pause: (ms) => pause(this.host.clock, ms),
      keys: this.#keys,
      ...habits,
    });
  }

  async #reign(): Promise<{ readonly leader: number }> {
    const { leader } = await this.#simulated.cluster.status();
    return { leader };
  }

  #checkLeftovers(invariant: string, kinds?: readonly string[]): void {
    const leftovers = Object.entries(this.#memory.leftovers()).filter(([what]) => {
      const [node, ...kind] = what.split(' ');
      return this.nodes.includes(node!) && (kinds === undefined || kinds.includes(kind.join(' ')));
    });
    if (leftovers.length > 0)
      throw new Violation(invariant, `left are ${JSON.stringify(Object.fromEntries(leftovers))}`);
  }
}
