import type { Clock } from '../clock.ts';
import { packFrame, unpackFrame } from '../codec.ts';
import type { Envelope } from '../envelope.ts';
import { BadFrameError, NodeDiedError } from '../errors.ts';
import { CLIENTS, type Host, type HostHandlers, type HostOptions, type LinkDirection } from '../host.ts';
import type { InspectionEvent } from '../inspection.ts';
import type { JournalKind, Memory } from '../memory.ts';
import type { MemoryDisk } from '../memory-journal.ts';
import type { ActorView } from '../node.ts';
import { loadProgram } from '../program.ts';
import type { Random } from '../random.ts';
import type { NodeTally } from '../tally.ts';
import type { DiskName, EndReason } from '../trace.ts';
import type { TurnStep } from '../world.ts';
import { BadSimulationError } from './errors.ts';
import { EventLoop } from './event-loop.ts';
import { SimulatedNetwork } from './network.ts';
import { Places } from './places.ts';
import { derivedRandom } from './seed.ts';
import { CALM_DISK, checkSettings, type DiskSettings, type NetworkSettings, type Pace } from './settings.ts';
import { SimulatedNode } from './simulated-node.ts';
import type { LifeEvent, TraceEvent, TraceRecord } from './trace.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a simulated host is to run, and in what kind of world. */
export interface SimulatedHostOptions extends HostOptions {
  /** Decides everything that chance decides; a whole number. The same seed gives the same run. */
  readonly seed: number;
  /** How the network treats frames; calm by default. */
  readonly network?: Partial<NetworkSettings>;
  /** Where journals and stores are: on a disk, by default, or in the node's memory, which ends with it. */
  readonly journal?: JournalKind;
  /** How the disks behave; calm by default. */
  readonly disk?: Partial<DiskSettings>;
  /**
   * How fast the clocks of nodes run, by name: 1, the default, is as virtual time passes; 1.01 gains 10 ms in a second.
   * Timers are by the same clock.
   */
  readonly clockRates?: Readonly<Record<string, number>>;
  /** Receives everything that happens, as it happens. */
  readonly trace?: (record: TraceRecord) => void;
  /** Hears of nodes that begin and end, and of what they threw; which, unlike a trace, costs nothing. */
  readonly onLife?: (event: LifeEvent, error?: unknown) => void;
}

/**
 * All nodes in one thread, in virtual time, one seed deciding everything.
 *
 * Nothing happens by itself: {@link run}, {@link runUntil}, {@link runWhile} and {@link step} let events happen,
 * one after the other. Client code may use promises, and only promises: after each event that reaches it (an answer,
 * a timer, the end of a node, something to look at) every promise that can go on has gone on, however long the chain,
 * before the next event happens. (`process.nextTick` runs when the queue of promise jobs is empty; waiting for it costs
 * a microsecond or two and no real time.) Programs are loaded in real time, during which virtual time stands still.
 */
export class SimulatedHost implements Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly #options: SimulatedHostOptions;
  readonly #diskSettings: DiskSettings;
  readonly #clock = new VirtualClock();
  readonly #network: SimulatedNetwork;
  readonly #loop = new EventLoop(this.#clock);
  readonly #places: Places;
  /** How many lives there were, by name; also those of nodes that were removed. */
  readonly #lives = new Map<string, number>();
  readonly #trace: ((event: TraceEvent) => void) | undefined;
  #handlers: HostHandlers | undefined;
  #inspector: ((event: InspectionEvent) => void) | undefined;
  #disposed = false;

  constructor(options: SimulatedHostOptions) {
    const { nodes, seed, trace } = options;
    this.#options = options;
    this.#diskSettings = checkSettings({ ...CALM_DISK, ...options.disk });
    this.#places = new Places({
      journal: options.journal ?? 'lmdb',
      damaged: options.damaged ?? 'setAside',
      pace: { turnMsMax: 0, flushMsMax: this.#diskSettings.flushMsMax },
    });
    for (const name of nodes) this.#places.add(name);
    for (const [name, rate] of Object.entries(options.clockRates ?? {})) {
      if (rate > 0 && Number.isFinite(rate)) continue;
      throw new BadSimulationError(`the clock of "${name}" has rate ${rate}`, 'give a number above 0');
    }
    const clock = this.#clock;
    this.#trace =
      trace &&
      ((event) => {
        this.#loop.reachClients();
        trace({ atMs: clock.now(), ...event });
      });
    this.clock = {
      now: () => clock.now(),
      soon: (run) =>
        clock.soon(() => {
          this.#loop.reachClients();
          run();
        }),
      after: (ms, run) =>
        clock.after(ms, () => {
          this.#loop.reachClients();
          this.#trace?.({ event: 'timer', node: CLIENTS });
          run();
        }),
    };
    this.random = derivedRandom(seed, CLIENTS);
    this.#network = new SimulatedNetwork({
      clock,
      random: derivedRandom(seed, 'network'),
      settings: options.network ?? {},
      isUp: (name) => name === CLIENTS || this.#places.find(name)?.life?.isRunning === true,
      deliver: (from, to, frame) => this.#deliver(from, to, frame),
      trace: this.#trace,
    });
  }

  attach(handlers: HostHandlers): void {
    const reached = () => {
      this.#loop.reachClients();
      return handlers;
    };
    this.#handlers = {
      receive: (envelopes, from) => reached().receive(envelopes, from),
      ended: (node, error) => reached().ended(node, error),
      warn: (error) => reached().warn(error),
    };
  }

  get nodes(): readonly string[] {
    return this.#places.names;
  }

  get former(): readonly string[] {
    return this.#places.former;
  }

  async open(): Promise<void> {}

  async start(nodes: readonly string[]): Promise<void> {
    await this.#loop.load(() => this.#start(nodes));
  }

  async add(node: string): Promise<void> {
    await this.#loop.load(async () => {
      this.#places.add(node);
      this.#tellLife({ event: 'member', node, present: true });
      try {
        await this.#start([node]);
      } catch (reason) {
        this.#dismiss(node);
        throw reason;
      }
    });
  }

  async remove(node: string): Promise<void> {
    if (this.#places.has(node)) this.#end(node, 'killed');
    await this.#loop.load(async () => this.#dismiss(node));
  }

  async kill(node: string): Promise<void> {
    this.#end(node, 'killed');
  }

  killAfter(node: string, count: number, types: readonly string[]): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new BadSimulationError(`killAfter ${count}`, 'give a whole number of at least 0');
    }
    this.#places.of(node).life?.node.killAfter(count, types, () => {
      this.#end(node, 'countdown');
      this.#tellEnded(node, undefined);
    });
  }

  /**
   * Lets a node end in the middle of a turn: the `turns`-th from now that has come to this step. Nothing of the turn that
   * has not left yet does.
   */
  interruptAt(node: string, step: TurnStep, turns: number): void {
    this.#places.of(node).life?.interruptAt(step, turns);
  }

  /** Takes back what {@link killAfter} and {@link interruptAt} have asked for. */
  disarm(node: string): void {
    const { life } = this.#places.of(node);
    life?.node.killAfter(Number.MAX_SAFE_INTEGER, [], () => {});
    life?.interruptAt(undefined, 0);
  }

  /**
   * As {@link kill}, but of the transaction that each of its disks was about to write some records are found, damaged:
   * a disk that lies about what it has written. Gives the disks where there are any.
   */
  killTorn(node: string): readonly DiskName[] {
    const place = this.#places.of(node);
    const torn = place.life?.endTorn() ?? [];
    this.#end(node, 'killed');
    for (const disk of torn) this.#trace?.({ event: 'damage', node, disk, how: 'torn' });
    return torn;
  }

  /** Lets a node be slow, or fast again, from now on. */
  changePace(node: string, changes: Partial<Pace>): void {
    const place = this.#places.of(node);
    place.pace = { ...place.pace, ...changes };
    this.#trace?.({ event: 'pace', node, ...place.pace });
  }

  /** Lets a node do nothing for so long. What comes meanwhile waits. */
  pause(node: string, ms: number): void {
    this.#places.of(node).life?.pause(ms);
    this.#trace?.({ event: 'pause', node, ms });
  }

  async link(a: string, b: string, connected: boolean): Promise<void> {
    this.linkOneWay(a, b, connected);
    this.linkOneWay(b, a, connected);
  }

  /** Cuts (false) or mends (true) one direction. Either end may be `clients`. */
  linkOneWay(from: string, to: string, connected: boolean): void {
    for (const end of [from, to]) if (end !== CLIENTS) this.#places.of(end);
    this.#network.link(from, to, connected);
  }

  async changeLink(
    from: string,
    to: string,
    { connected, ...quality }: Partial<LinkDirection>,
  ): Promise<void> {
    for (const end of [from, to]) if (end !== CLIENTS) this.#places.of(end);
    if (connected !== undefined) this.#network.link(from, to, connected);
    if (Object.keys(quality).length > 0) this.#network.degrade(from, to, quality);
  }

  /** Mends every link, in both directions: nothing is cut, and each is as good as the network. */
  mendLinks(): void {
    this.#network.mendLinks();
  }

  /** Changes how the network treats frames from now on, for phases of storm and calm. */
  changeNetwork(changes: Partial<NetworkSettings>): void {
    this.#network.change(changes);
    this.#trace?.({ event: 'network', changes });
  }

  send(node: string, envelopes: readonly Envelope[]): void {
    if (this.#disposed) return;
    this.#network.send(CLIENTS, node, packFrame(envelopes));
  }

  async tally(node: string): Promise<NodeTally | undefined> {
    return this.#places.of(node).life?.node.tally;
  }

  inspect(listener: ((event: InspectionEvent) => void) | undefined): void {
    this.#inspector =
      listener &&
      ((event) => {
        this.#loop.reachClients();
        listener(event);
      });
  }

  /** The names of the nodes that run. */
  get running(): readonly string[] {
    return this.#places.names.filter((name) => this.#places.of(name).life?.isRunning);
  }

  /** The actors of a node as they are now; none when it does not run. */
  actorsOf(node: string): readonly ActorView[] {
    return this.#places.of(node).life?.node.actors ?? [];
  }

  /** The disk of a node's journal, as a crash would leave it, for those who check invariants. */
  diskOf(node: string): MemoryDisk {
    return this.#places.of(node).disk;
  }

  /** The disk of a node's store, likewise. */
  storeDiskOf(node: string): MemoryDisk {
    return this.#places.of(node).storeDisk;
  }

  /** What the present life of a node started with, or what the next one would. */
  memoryOf(node: string): Memory {
    return this.#places.memoryOf(node);
  }

  /** Whether a node runs, and something that it has written is not durable yet. */
  isFlushing(node: string): boolean {
    const { life } = this.#places.of(node);
    return life !== undefined && life.journal.waiting + life.store.waiting > 0;
  }

  /** Loses the files of a node that does not run. @throws BadSimulationError when it runs. */
  forget(node: string): void {
    const place = this.#places.of(node);
    if (place.life !== undefined) throw new BadSimulationError(`"${node}" runs`, 'kill it first');
    place.disk.erase();
    place.storeDisk.erase();
    place.isMissing = place.ran;
    for (const disk of ['journal', 'store'] as const)
      this.#trace?.({ event: 'damage', node, disk, how: 'lost' });
  }

  /**
   * Lets a record of a node's disk rot, in whatever state the node is: the one at `place`, from 0 for the first to 1 for
   * the last. False when there is none.
   */
  rot(node: string, disk: DiskName, place: number): boolean {
    const on = disk === 'journal' ? this.diskOf(node) : this.storeDiskOf(node);
    const records = [...on.records.from('')];
    const record = records[Math.min(records.length - 1, Math.floor(place * records.length))];
    if (record === undefined) return false;
    on.rot(record.key);
    this.#trace?.({ event: 'damage', node, disk, how: 'rot' });
    return true;
  }

  /** Lets the next event happen, and client code go on. False when nothing is scheduled. */
  step(): Promise<boolean> {
    return this.#loop.step();
  }

  /** Lets virtual time pass until `untilMs`, events at that moment included. */
  run(untilMs: number): Promise<void> {
    return this.#loop.run(untilMs);
  }

  /**
   * Lets events happen until `condition` holds; it is asked after each.
   * @throws SimulationLimitError when it does not hold within `limitMs` of virtual time from now.
   * @throws SimulationStuckError when nothing is scheduled any more.
   */
  runUntil(condition: () => boolean, limitMs: number): Promise<void> {
    return this.#loop.runUntil(condition, limitMs);
  }

  /**
   * Lets events happen until a promise of client code settles, and answers as it does.
   * @throws as {@link runUntil}.
   */
  async runWhile<Result>(promise: Promise<Result>, limitMs: number): Promise<Result> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.runUntil(() => settled, limitMs);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const name of this.#places.names) this.#end(name, 'killed');
    this.#clock.clear();
    await this.#loop.loaded();
  }

  #dismiss(name: string): void {
    if (!this.#places.has(name)) return;
    this.#end(name, 'killed');
    this.#places.remove(name);
    this.#network.forget(name);
    this.#tellLife({ event: 'member', node: name, present: false });
  }

  #tellLife(event: LifeEvent, error?: unknown): void {
    this.#options.onLife?.(event, error);
    this.#trace?.(event);
  }

  async #start(names: readonly string[]): Promise<void> {
    const { program: reference } = this.#options;
    const failures: unknown[] = [];
    let begun = false;
    const idle = [...new Set(names)].filter((name) => this.#places.of(name).life === undefined);
    this.#places.recall(idle, this.nodes, (warning) => this.#handlers?.warn(warning));
    const starting = idle.map((name) =>
      this.#create(name, (error) => {
        if (begun) this.#fail(name, error);
        else failures.push(error);
      }),
    );
    try {
      for (const { name, node, journal, store, random, clock } of starting) {
        // As on threads, where the options reach the node by a structured clone.
        const options = structuredClone(reference.options);
        const { memory } = this.#places.of(name);
        const context = { node: name, memory, journal, store, random, clock };
        node.load(await loadProgram({ ...reference, options }, context));
      }
      for (const { name } of starting) this.#places.of(name).ran = true;
      for (const life of starting) {
        if (life.hasEnded) throw new NodeDiedError(life.name, new Error('it was killed while it started'));
        life.run();
        if (failures.length > 0) throw failures[0];
      }
      begun = true;
    } catch (error) {
      for (const { name } of starting) this.#end(name, 'failed');
      throw error;
    }
  }

  #create(name: string, failed: (error: unknown) => void): SimulatedNode {
    const place = this.#places.of(name);
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    place.life = new SimulatedNode({
      name,
      life,
      seed: this.#options.seed,
      clock: this.#clock,
      clockRate: this.#options.clockRates?.[name] ?? 1,
      disk: place.disk,
      storeDisk: place.storeDisk,
      diskSettings: this.#options.journal === 'memory' ? undefined : this.#diskSettings,
      send: (to, frame) => this.#network.send(name, to, frame),
      pace: () => place.pace,
      failed,
      interrupted: () => {
        this.#end(name, 'interrupted');
        this.#tellEnded(name, undefined);
      },
      warn: (error) => this.#handlers?.warn(error),
      inspector: () => this.#inspector,
      tellLife: (event, error) => this.#tellLife(event, error),
      trace: this.#trace,
    });
    return place.life;
  }

  #end(name: string, reason: EndReason, error?: unknown): void {
    const place = this.#places.of(name);
    if (place.life === undefined) return;
    place.life.end(reason, error);
    place.life = undefined;
    if (this.#options.journal !== 'memory') return;
    place.disk.erase();
    place.storeDisk.erase();
  }

  #fail(name: string, error: unknown): void {
    this.#end(name, 'failed', error);
    this.#tellEnded(name, error instanceof Error ? error : new NodeDiedError(name, error));
  }

  /** As an event of its own: the node is in the middle of a turn, and client code must not run inside it. */
  #tellEnded(name: string, error: Error | undefined): void {
    this.#clock.after(0, () => this.#handlers?.ended(name, error));
  }

  #deliver(from: string, to: string, frame: Uint8Array<ArrayBuffer>): void {
    if (to !== CLIENTS) {
      this.#places.find(to)?.life?.node.receive(frame, from);
      return;
    }
    try {
      this.#handlers?.receive(unpackFrame(frame), from);
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
      this.#handlers?.warn(error);
    }
  }
}
