import { pause } from '../../../../actors/clock.ts';
import type { Random } from '../../../../actors/random.ts';
import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import { chatQuery, chatroom } from '../../../applications/chatroom.ts';
import { kv, kvQuery } from '../../../applications/kv.ts';
import { checkLinearizability, HistoryRecorder } from '../../../checks/index.ts';
import type { Client } from '../../../client/client.ts';
import { checkExactlyOnceInOrder } from '../../invariants/exactly-once-in-order.ts';
import type { Storm } from '../../storm.ts';
import type { System, SystemOptions } from '../../system.ts';
import { Violation } from '../../violation.ts';
import { difference } from '../../watch/difference.ts';
import { CLIENTS_MAX, LOOK_MS, PATIENCE_MS, until } from '../patience.ts';
import { Administrator } from './administrator.ts';
import { canForget } from './experiments.ts';
import { ledger } from './ledger.ts';
import type { LogProtocol } from './log-protocol.ts';
import type { MemoryWatch } from './memory-watch.ts';
import { WatchedCluster } from './watched-cluster.ts';
import { Workload } from './workload.ts';

/** In so much time without work everything that was done reaches the disks, and is let go of. */
const PEACE_MS = 1200;
/** Longer than an experiment waits for a change of members. */
const CHANGE = { timeoutMs: 60_000 };

/** A cluster of a protocol that replicates a log, with the applications, clients and administrator of an experiment. */
export class ReplicatedLogSystem implements System {
  readonly #options: SystemOptions;
  readonly #simulated: WatchedCluster;
  readonly #memory: MemoryWatch;
  readonly #random: Random;
  readonly #administrator: Administrator | undefined;
  readonly #workloads: Workload[] = [];
  readonly #clients: Client[] = [];
  readonly #recorder = new HistoryRecorder();
  #reader: Client | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #administration: Promise<unknown> = Promise.resolve();
  #entries = 0;

  constructor(protocol: LogProtocol, options: SystemOptions) {
    const { seed, nodes, faults, world, settings, instruments } = options;
    this.#options = options;
    this.#memory = protocol.memory();
    const random = derivedRandom(seed, 'system');
    this.#random = random;
    const ghosts = derivedRandom(seed, 'ghosts');
    this.#simulated = new WatchedCluster({
      ...world,
      protocol,
      nodes: nodes.length,
      settings: {
        ...(random.next() < 0.6 ? protocol.smallSettings : {}),
        ...protocol.drawSettings?.(derivedRandom(seed, 'settings')),
        ...settings,
      },
      keepsRemoved: () => ghosts.next() < 0.5,
      instruments: [...instruments, this.#memory.instrument],
    });
    if (faults.members === undefined) return;
    this.#administrator = new Administrator({
      simulated: this.#simulated,
      mayLeave: (node, leaving) =>
        !canForget(faults) ||
        this.#quorums.every((quorum) => this.#decides(quorum, undefined, [...leaving, node])),
      random: derivedRandom(seed, 'administrator'),
      pauseMsMax: random.integer(1, 200),
      timeoutMsMax: random.next() < 0.5 ? 200 : 2000,
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
    const administrator = this.#administrator;
    return {
      decided: this.#simulated.agreement.decided,
      calls: this.#recorder.history.operations.length,
      entries: this.#entries,
      reigns: this.#memory.reigns.length,
      ...(administrator === undefined
        ? {}
        : {
            changesDone: administrator.done,
            changesGivenUp: administrator.givenUp,
            ghosts: this.host.ghosts.length,
          }),
    };
  }

  get strikes() {
    return { members: [[this.#options.faults.members ?? 0, bounceGhosts]] } as const;
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

  mayForget(node: string): boolean {
    const leaving = this.#administrator?.leaving ?? [];
    // The host starts none without its files where no majority of all nodes has theirs.
    return [...this.#quorums, this.nodes].every((quorum) => this.#decides(quorum, node, leaving));
  }

  /** Whether a group goes on that these nodes may leave, should one of it forget. */
  #decides(quorum: readonly string[], forgetting: string | undefined, leaving: readonly string[]): boolean {
    const { faults, doomed } = this.#options;
    const { running } = this.host;
    const isSound = (node: string) =>
      node !== forgetting &&
      this.nodes.includes(node) &&
      this.#memory.hasVote(node) &&
      // What its last life knew says nothing of files that are gone since.
      (running.includes(node) || this.host.memoryOf(node) !== 'lost') &&
      !this.host.diskOf(node).isDamaged &&
      !this.host.storeDiskOf(node).isDamaged &&
      (faults.volatile !== undefined || !this.#simulated.refills.isUnderWay(node)) &&
      (faults.volatile === undefined || (running.includes(node) && !doomed.has(node)));
    const sound = quorum.filter(isSound);
    // At worst those leave that remember.
    const staying = sound.filter((node) => !leaving.includes(node));
    return staying.length > quorum.length - sound.length;
  }

  /** Nodes may leave, and others forget, as long as a majority of each group that decides remembers. */
  get #quorums(): readonly (readonly string[])[] {
    return this.#memory.quorums?.(this.nodes) ?? [this.nodes];
  }

  mend(): Promise<void> {
    return this.host.start(this.host.ghosts);
  }

  async work(): Promise<void> {
    const random = this.#random;
    const { seed } = this.#options;
    const keys = Array.from({ length: random.integer(1, 4) }, (_, key) => `key-${key}`);
    for (let count = random.integer(1, CLIENTS_MAX); count > 0; count--) {
      const isDistant = random.next() < 0.5;
      const client = await (isDistant ? this.#simulated.distantClient() : this.#simulated.cluster.client());
      this.#clients.push(client);
      this.#workloads.push(
        new Workload({
          client,
          random: derivedRandom(seed, 'workload', client.name),
          recorder: this.#recorder,
          pause: (ms) => pause(this.host.clock, ms),
          keys,
          readsOnly: isDistant && random.next() < 0.4,
          timeoutMs: random.next() < 0.2 ? random.integer(50, 500) : PATIENCE_MS,
          burstMax: random.integer(1, 6),
          pauseMsMax: random.integer(1, 60),
        }),
      );
    }
    this.#work = this.witness.watch(Promise.all(this.#workloads.map((workload) => workload.run())));
    if (this.#administrator !== undefined)
      this.#administration = this.witness.watch(this.#administrator.run());
  }

  async finish(): Promise<void> {
    for (const workload of this.#workloads) workload.stop();
    this.#administrator?.stop();
    await this.#administration;
    // A client that finds its way alone may wait for one of these, which is silent.
    if (this.#administrator !== undefined) await this.#removeNonMembers();
    await this.#work;
    // What nobody waits for any more is still to happen, each in its turn.
    for (const client of this.#clients) await client.idle();
    this.#reader = await this.#simulated.cluster.client();
    await this.recovered();
  }

  async recovered(): Promise<void> {
    await this.#simulated.cluster.settled();
    // A leader may have begun only now with a change that was given up.
    if (this.#administrator !== undefined) await this.#removeNonMembers();
    await until(this.host.clock, () => this.nodes.every((node) => this.#memory.hasVote(node)));
  }

  async atRest(): Promise<string> {
    const { cluster } = this.#simulated;
    const reader = this.#reader!;
    const whole = await reader.query(ledger, null);
    this.#entries = whole.length;
    checkExactlyOnceInOrder(
      whole,
      this.#workloads.map(({ entries }) => entries),
    );
    const log = await reader.query(chatroom, chatQuery.log());
    if ('entries' in log) {
      checkExactlyOnceInOrder(
        log.entries.map(({ sender, text }) => [sender, Number(text)] as const),
        this.#workloads.map(({ messages }) => messages),
      );
    }
    await cluster.settled();
    const views = new Set<string>();
    for (const node of cluster.nodes) {
      const stale = { consistency: 'stale', node } as const;
      const view = [
        await reader.query(kv, kvQuery.scan(''), stale),
        await reader.query(ledger, null, stale),
        await reader.query(chatroom, chatQuery.log(), stale),
      ];
      views.add(JSON.stringify(view));
    }
    const [view = '', another] = views;
    if (another !== undefined)
      throw new Violation('equal states', `nodes answer differently:\n${difference(view, another)}`);
    return view;
  }

  /** Members change as they are told to, whatever was left half done. */
  async exercise(): Promise<void> {
    if (this.#administrator === undefined) return;
    const { cluster } = this.#simulated;
    const added = await cluster.addNode(CHANGE);
    const { leader } = await cluster.status();
    for (const node of cluster.nodes) {
      const isSpared = node === added || (node !== leader && this.#random.next() < 0.4);
      if (!isSpared) await cluster.removeNode(node, CHANGE);
    }
    await cluster.replaceNode(cluster.nodes[0]!, CHANGE);
    await cluster.addNode(CHANGE);
    await cluster.transferLeadership(cluster.nodes[0], CHANGE);
    await cluster.transferLeadership(undefined, CHANGE);
  }

  /** Once nothing is asked for, one leader goes on leading, and nobody keeps what is done with. */
  async peace(): Promise<void> {
    const memory = this.#memory;
    const reigns = memory.reigns.length;
    const termBefore = memory.highestTerm(this.nodes);
    await pause(this.host.clock, PEACE_MS);
    if (memory.reigns.length > reigns) {
      const taken = memory.reigns.slice(reigns).map(({ number, leader }) => `${number}.${leader}`);
      throw new Violation('a stable leader', `in peace, these took over: ${taken.join(', ')}`);
    }
    const term = memory.highestTerm(this.nodes);
    if (term !== termBefore)
      throw new Violation('a stable leader', `from term ${termBefore} to ${term} in peace`);
    const leftovers = Object.entries(memory.leftovers()).filter(([what]) =>
      this.nodes.includes(what.split(' ')[0]!),
    );
    if (leftovers.length > 0)
      throw new Violation('bounded memory', JSON.stringify(Object.fromEntries(leftovers)));
  }

  async judge(): Promise<void> {
    const { verdict, violations } = checkLinearizability(this.#recorder.history, 'kv');
    if (verdict !== 'ok')
      throw new Violation('linearizable', violations.map(({ drawing }) => drawing).join('\n') || verdict);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulated[Symbol.asyncDispose]();
  }

  /** Nodes that were to come or to go, and were given up on the way; also one whose going is done only now. */
  async #removeNonMembers(): Promise<void> {
    const { cluster } = this.#simulated;
    for (;;) {
      const { leader, nodes } = await cluster.status();
      const isWhole = nodes.every(
        ({ node, member }) => member === 'voter' && this.#memory.hasVote(String(node)),
      );
      if (leader !== undefined && isWhole) return;
      if (leader !== undefined)
        for (const { node, member } of nodes) if (member !== 'voter') await cluster.removeNode(node, CHANGE);
      await pause(this.host.clock, LOOK_MS);
    }
  }
}

/** Those that were removed, and run on, end and start again. */
async function bounceGhosts({ host }: Storm): Promise<void> {
  const { ghosts } = host as WatchedCluster['host'];
  for (const name of ghosts) await host.kill(name);
  await host.start(ghosts);
}
