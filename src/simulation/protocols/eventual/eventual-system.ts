import { pause } from '../../../../actors/clock.ts';
import type { Random } from '../../../../actors/random.ts';
import { derivedRandom } from '../../../../actors/simulated/seed.ts';
import { checkSessions } from '../../../checks/index.ts';
import { checkLast } from '../../invariants/last-by-clock-order.ts';
import type { Storm } from '../../storm.ts';
import type { System, SystemOptions } from '../../system.ts';
import { Violation } from '../../violation.ts';
import { CLIENTS_MAX, PATIENCE_MS } from '../patience.ts';
import { drawnTree } from './drawn-tree.ts';
import { canForget, drawnSettings } from './eventual-experiments.ts';
import { Newcomers } from './newcomers.ts';
import { Rest } from './rest.ts';
import { SessionRecorder } from './session-recorder.ts';
import { type Key, StoreWorkload } from './store-workload.ts';
import { WatchedServers } from './watched-servers.ts';

const KEYS_MAX = 5;
/** Longer than a frame is held up. */
const ARRIVAL_MS = 100;
/** In so much time without work all that was done reaches the disks, and what all have seen deleted is forgotten. */
const SETTLING_MS = 1300;
/** For so long it is looked that nothing happens. */
const PEACE_MS = 500;
/** How many servers join that are not among those of the experiment. */
const NEWCOMERS_MAX = 2;

/** Servers of the eventually consistent store, with the clients of an experiment. */
export class EventualSystem implements System {
  readonly #options: SystemOptions;
  readonly #random: Random;
  readonly #simulated: WatchedServers;
  readonly #newcomers: Newcomers;
  readonly #rest: Rest;
  readonly #keys: readonly Key[];
  readonly #recorder = new SessionRecorder();
  readonly #workloads: StoreWorkload[] = [];
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: SystemOptions) {
    const { seed, nodes, faults, world, settings, instruments } = options;
    this.#options = options;
    const random = derivedRandom(seed, 'system');
    this.#random = random;
    const late = faults.members === undefined ? [] : drawnLate(random, nodes);
    this.#keys = Array.from({ length: random.integer(1, KEYS_MAX) }, (_, key) => ({
      name: `key-${key}`,
      isDeleted: random.next() < 0.5,
    }));
    this.#simulated = new WatchedServers({
      ...world,
      founders: nodes.filter((node) => !late.includes(node)),
      settings: { ...drawnSettings(derivedRandom(seed, 'settings'), faults), ...settings },
      instruments,
    });
    this.#newcomers = new Newcomers(this.#simulated, late);
    this.#rest = new Rest(this.#simulated);
  }

  get host() {
    return this.#simulated.host;
  }

  get witness() {
    return this.#simulated.witness;
  }

  get nodes(): readonly string[] {
    return this.#simulated.nodes;
  }

  get counts(): Readonly<Record<string, number>> {
    const { history, lost, collected } = this.#simulated.watch;
    const counts: Record<string, number> = { writes: history.size, lost: lost.size, collected };
    for (const workload of this.#workloads)
      for (const [name, count] of Object.entries(workload.counts)) counts[name] = (counts[name] ?? 0) + count;
    return { ...counts, joined: this.#newcomers.joined };
  }

  get strikes() {
    const join = async (_storm: Storm) => this.#newcomers.begin();
    return { members: [[this.#options.faults.members ?? 0, join]] } as const;
  }

  /** Half of the time faults strike before servers know of each other. */
  async start(): Promise<void> {
    await this.#simulated.start();
    if (derivedRandom(this.#options.seed, 'start').next() < 0.5) await this.#rest.settled();
  }

  crash(node: string): Promise<void> {
    return this.#simulated.crash(node);
  }

  restart(node: string): Promise<void> {
    return this.#simulated.restart(node);
  }

  /** The host starts none without its files where no majority of all servers has theirs. */
  mayForget(node: string): boolean {
    const { faults, doomed } = this.#options;
    const { host } = this;
    const isSound = (other: string) =>
      other !== node &&
      !host.diskOf(other).isDamaged &&
      !host.storeDiskOf(other).isDamaged &&
      (faults.volatile === undefined
        ? host.memoryOf(other) !== 'lost'
        : host.running.includes(other) && !doomed.has(other));
    return this.nodes.filter(isSound).length > this.nodes.length / 2;
  }

  async work(): Promise<void> {
    const random = this.#random;
    const { seed } = this.#options;
    for (let count = random.integer(1, CLIENTS_MAX); count > 0; count--) {
      const name = `session-${count}`;
      const timeoutMs = random.next() < 0.5 ? random.integer(50, 500) : PATIENCE_MS;
      const client = this.#simulated.client(name, this.nodes[random.integer(0, this.nodes.length - 1)]!, {
        timeoutMs,
        isDistant: random.next() < 0.3,
      });
      this.#workloads.push(
        new StoreWorkload({
          client,
          random: derivedRandom(seed, 'workload', name),
          recorder: this.#recorder,
          history: this.#simulated.watch.history,
          pause: (ms) => pause(this.host.clock, ms),
          keys: this.#keys,
          servers: () => this.nodes,
          burstMax: random.integer(1, 6),
          pauseMsMax: random.integer(1, 60),
          moves: random.next() * 0.6,
        }),
      );
    }
    this.#work = this.witness.watch(Promise.all(this.#workloads.map((workload) => workload.run())));
  }

  async finish(): Promise<void> {
    for (const workload of this.#workloads) workload.stop();
    await this.#work;
    // What they have given up is sent no more; and what of it is on its way arrives.
    await Promise.all(this.#workloads.map((workload) => workload.leave()));
    await this.#newcomers.finish();
    await pause(this.host.clock, ARRIVAL_MS);
    await this.recovered();
  }

  async recovered(): Promise<void> {
    await this.#rest.settled();
  }

  async atRest(): Promise<string> {
    await this.#rest.settled();
    const { history, lost } = this.#simulated.watch;
    const { held } = this.#rest;
    const remaining = history.all.filter(({ origin, counter }) => held.has(origin, counter));
    const gone = history.all.find((write) => !lost.has(write) && !remaining.includes(write));
    if (gone !== undefined)
      throw new Violation('nothing is lost', `${gone.origin}:${gone.counter} was on disk, and is nowhere`);
    const shown = await this.#rest.shown();
    checkLast(remaining, shown);
    return JSON.stringify([[...shown], held.ranges]);
  }

  /** Whichever links there are, everything comes everywhere; and a session finds everywhere what it rests on. */
  async exercise(): Promise<void> {
    const random = this.#random;
    const links = drawnTree(random, this.nodes);
    for (const [at, a] of this.nodes.entries())
      for (const b of this.nodes.slice(at + 1))
        if (!links.some((link) => link.includes(a) && link.includes(b))) await this.host.link(a, b, false);
    await Promise.all(this.nodes.map((node) => this.#putAt(node)));
    await this.#rest.settled();
    this.host.mendLinks();
    await this.#rest.settled();
    // What a session rests on may be lost with the only disk that it was on.
    if (canForget(this.#options.faults)) return;
    for (const workload of this.#workloads) {
      for (const node of this.nodes) {
        if (await workload.readAllAt(node)) continue;
        throw new Violation('sessions go on', `server ${node} lacks at rest what a session has seen`);
      }
    }
  }

  async peace(): Promise<void> {
    await pause(this.host.clock, SETTLING_MS);
    this.#rest.checkLetGo(canForget(this.#options.faults));
    const { watch } = this.#simulated;
    const before = [watch.busy, watch.disks.records];
    await pause(this.host.clock, PEACE_MS);
    const after = [watch.busy, watch.disks.records];
    if (String(before) !== String(after))
      throw new Violation('quiet in peace', `messages and records go on: from ${before} to ${after}`);
  }

  async judge(): Promise<void> {
    const { verdict, violations } = checkSessions(this.#recorder.history, undefined, { siblings: true });
    if (verdict !== 'ok')
      throw new Violation(
        'session guarantees',
        violations.map(({ drawing }) => drawing).join('\n') || verdict,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulated[Symbol.asyncDispose]();
  }

  /** A new session puts something. */
  async #putAt(node: string): Promise<void> {
    const [session, value] = [`newcomer-${node}`, `exercise ${node}`];
    const [{ name } = { name: 'key' }] = this.#keys;
    const end = this.#recorder.put(session, name, value);
    await this.#simulated
      .client(session, node, { timeoutMs: PATIENCE_MS, isDistant: false })
      .put(name, value);
    end('ok');
  }
}

/** Servers that are not there from the start: some of those of the experiment, and others beyond. */
function drawnLate(random: Random, nodes: readonly string[]): string[] {
  const late = nodes.filter(() => random.next() < 0.4);
  // Somebody has to be there.
  if (late.length === nodes.length) late.shift();
  const others = Array.from({ length: random.integer(0, NEWCOMERS_MAX) }, (_, place) =>
    String(nodes.length + place),
  );
  return [...late, ...others];
}
