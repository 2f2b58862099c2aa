import { Piscina } from 'piscina';
import type { Address } from '../address.ts';
import type { Clock } from '../clock.ts';
import { packFrame, unpackFrame } from '../codec.ts';
import type { Envelope } from '../envelope.ts';
import { NodeDiedError } from '../errors.ts';
import { CLIENTS, type Host, type HostHandlers, type HostOptions, type LinkDirection } from '../host.ts';
import type { InspectionEvent } from '../inspection.ts';
import type { JournalKind } from '../memory.ts';
import type { RefusedMessage } from '../node.ts';
import { type Random, seededRandom } from '../random.ts';
import type { NodeTally } from '../tally.ts';
import type { At, NodeEvent } from '../trace.ts';
import type { ClusterIdentity } from './data-folder.ts';
import { DiskStorage } from './disk-storage.ts';
import { Inbound } from './inbound.ts';
import { createLink } from './link.ts';
import { LinkTable } from './link-table.ts';
import { MemoryStorage } from './memory-storage.ts';
import { NodeLife } from './node-life.ts';
import { discard, type NodeStorage, type PreparedNode } from './node-storage.ts';
import { freshSeed, monotonicMs, realClock } from './real-time.ts';
import { threadFile } from './thread-file.ts';
import { ThreadTrace } from './thread-trace.ts';

/** What a journal may grow to, if nothing else is said. The file only takes the room that it uses. */
export const JOURNAL_BYTES_MAX = 64 * 1024 ** 3;

/** How nodes run on threads. */
export interface ThreadHostOptions extends HostOptions {
  /**
   * Where the nodes keep their journals and stores: `lmdb`, the default, in `dataDir`; or in the `memory` of their
   * threads, with which they end. Nothing is written to disk then.
   */
  readonly journal?: JournalKind;
  /** Where the journals are, unless in memory; made when it is not there. One host at a time. */
  readonly dataDir?: string;
  /** What the data folder must belong to, besides the nodes. */
  readonly identity: Omit<ClusterIdentity, 'nodes'>;
  /** Bytes that the journal of one node may take on disk, and its store likewise. */
  readonly journalBytesMax?: number;
  /** Megabytes of heap for each node; one that needs more dies. By default what Node.js gives a thread. */
  readonly memoryMbMax?: number;
  /** Decides what the nodes draw. Not what happens: threads race. */
  readonly seed?: number;
  /**
   * Hears what happens on all nodes and between them, each node's records in their order. Undefined costs nothing. What a
   * node that is ended had not told yet is not heard.
   */
  readonly trace?: (record: At<NodeEvent>) => void;
}

const NOBODY: HostHandlers = { receive: () => {}, ended: () => {}, warn: () => {} };

/**
 * Runs each node on a thread of its own, joined by message ports, with LMDB for a disk.
 *
 *   main thread          host ── Link ──┬──────────────┬──────────────┐
 *                                       │              │              │
 *   node threads                      node 0 ─ Link ─ node 1 ─ Link ─ node 2    (and 0 ─ 2)
 *                                       │ ╲            │ ╲            │ ╲
 *   disk threads                        │  writes ─ ─ ─│─ ─ ─ ─ ─ ─ ─ │─ ─ ▶ the only writers: journals, stores
 *                                     reads          reads          reads
 */
export class ThreadHost implements Host {
  readonly clock: Clock = realClock;
  readonly random: Random;
  readonly #options: ThreadHostOptions;
  /** One for each node: a thread that had to wait for another node's to end would wait for ever. */
  readonly #pools = new Map<string, Piscina>();
  readonly #exits = new Map<number, Promise<void>>();
  readonly #lives = new Map<string, NodeLife>();
  /** When the files of each node's last life are closed. */
  readonly #released = new Map<string, Promise<void>>();
  /** How many lives there were, by name. */
  readonly #counts = new Map<string, number>();
  readonly #tracedFromMs: number | undefined;
  readonly #trace: ThreadTrace | undefined;
  readonly #links = new LinkTable();
  /** What nodes send to clients, by node. */
  readonly #arrivals = new Map<string, Inbound>();
  #handlers: HostHandlers = NOBODY;
  #listener: ((event: InspectionEvent) => void) | undefined;
  #opening: Promise<NodeStorage> | undefined;
  #storage: NodeStorage | undefined;
  /** Starts and changes of the members go one after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** @throws TypeError for names that cannot be nodes. Touches no file before the first {@link start}. */
  constructor(options: ThreadHostOptions) {
    checkNames(options.nodes);
    const { journal = 'lmdb', dataDir } = options;
    if ((journal === 'lmdb') !== (dataDir !== undefined))
      throw new TypeError(
        'nodes with their journals on disk need a dataDir, those with them in memory have none',
      );
    this.#options = options;
    this.random = seededRandom(options.seed ?? freshSeed());
    if (options.trace === undefined) return;
    this.#tracedFromMs = monotonicMs();
    this.#trace = new ThreadTrace(CLIENTS, this.#tracedFromMs, options.trace);
  }

  attach(handlers: HostHandlers): void {
    this.#handlers = handlers;
  }

  get nodes(): readonly string[] {
    return this.#storage?.members ?? this.#options.nodes;
  }

  get former(): readonly string[] {
    return this.#storage?.former ?? [];
  }

  async open(): Promise<void> {
    await this.#open();
  }

  start(nodes: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#start(nodes));
  }

  add(node: string): Promise<void> {
    return this.#inTurn(async () => {
      const storage = await this.#open();
      checkNames([...storage.members, node]);
      await storage.add(node);
      this.#trace?.add({ event: 'member', node, present: true });
      try {
        await this.#start([node]);
      } catch (reason) {
        await this.kill(node);
        if (!this.#disposed) await storage.remove(node);
        throw reason;
      }
    });
  }

  async remove(node: string): Promise<void> {
    const storage = await this.#open();
    const isMember = (): boolean => {
      if (storage.members.length === 1 && storage.members[0] === node)
        throw new TypeError(`${node} is the last node: it cannot be removed`);
      return storage.members.includes(node);
    };
    if (!isMember()) return;
    // At once: what goes before in turn may be its own start, which hangs.
    await this.kill(node);
    await this.#inTurn(async () => {
      this.#refuseDisposed();
      if (!isMember()) return;
      await this.kill(node);
      this.#links.forget(node);
      await this.#tellLinks(storage.members, node);
      this.#arrivals.get(node)?.close();
      this.#arrivals.delete(node);
      await storage.remove(node);
      this.#trace?.add({ event: 'member', node, present: false });
      await this.#pools.get(node)?.destroy();
      this.#pools.delete(node);
      this.#released.delete(node);
    });
  }

  async kill(node: string): Promise<void> {
    const released = this.#released.get(node);
    await this.#lives.get(node)?.end();
    await released;
  }

  killAfter(node: string, count: number, types: readonly string[]): void {
    this.#lives.get(node)?.post({ type: 'killAfter', count, types });
  }

  async link(a: string, b: string, connected: boolean): Promise<void> {
    await Promise.all([this.changeLink(a, b, { connected }), this.changeLink(b, a, { connected })]);
  }

  async changeLink(from: string, to: string, changes: Partial<LinkDirection>): Promise<void> {
    this.#links.change(from, to, changes);
    this.#traceLink(from, to, changes);
    if (to === CLIENTS) this.#arrivalsFrom(from).change(this.#links.direction(from, to));
    await Promise.all([this.#tellLinks([from], to), this.#tellLinks([to], from)]);
  }

  send(node: string, envelopes: readonly Envelope[]): void {
    const life = this.#lives.get(node);
    if (life === undefined || !life.isRunning) return;
    const frame = packFrame(envelopes);
    const traced = this.#trace?.describe(node, frame);
    if (!this.#links.direction(CLIENTS, node).connected) {
      if (traced !== undefined) this.#trace?.stranded(traced, 'cut');
      return;
    }
    const atMs = this.#trace?.now() ?? 0;
    const isSent = life.send(frame);
    if (!isSent) this.#refuse(node, envelopes);
    if (traced === undefined) return;
    if (isSent) this.#trace?.sent(life.lastSent, traced, atMs);
    else this.#trace?.stranded(traced, 'crowded');
  }

  async tally(node: string): Promise<NodeTally | undefined> {
    const life = this.#lives.get(node);
    return life?.isRunning ? life.tally() : undefined;
  }

  inspect(listener: ((event: InspectionEvent) => void) | undefined): void {
    this.#listener = listener;
    for (const life of this.#lives.values())
      life.post({ type: 'inspect', inspecting: listener !== undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const arrivals of this.#arrivals.values()) arrivals.close();
    await Promise.all([...this.#lives.values()].map((life) => life.end()));
    await this.#changing;
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    const storage = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await storage?.[Symbol.asyncDispose]();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  async #start(nodes: readonly string[]): Promise<void> {
    const storage = await this.#open();
    const stranger = nodes.find((name) => !storage.members.includes(name));
    if (stranger !== undefined) {
      throw new TypeError(
        `there is no node ${JSON.stringify(stranger)}; there are ${storage.members.join(', ')}`,
      );
    }
    const names = [...new Set(nodes)].filter(
      (name) => !this.#lives.has(name) || !this.#lives.get(name)!.isRunning,
    );
    await Promise.all(names.map((name) => this.#lives.get(name)?.ended));
    const prepared = await storage.prepare(names, (name) => this.#lives.get(name)?.memory);
    if (this.#disposed) for (const node of prepared) discard(node);
    this.#refuseDisposed();
    const lives = names.map((name, index) => this.#launch(name, prepared[index]!));
    try {
      await Promise.all(lives.map(({ loaded }) => loaded));
      storage.begin(names);
      for (const { name } of lives) this.#traceStart(name);
      for (const life of lives) life.post({ type: 'go' });
      await Promise.all(lives.map(({ running }) => running));
      // One may have died while the others came up.
      const dead = lives.find(({ isRunning }) => !isRunning);
      if (dead !== undefined)
        throw dead.outcome.error ?? new NodeDiedError(dead.name, 'it ended while others started');
    } catch (reason) {
      await Promise.all(lives.map((life) => life.end()));
      throw reason;
    }
  }

  /** Opens what the nodes keep, once; what could not be opened is tried again. */
  #open(): Promise<NodeStorage> {
    this.#refuseDisposed();
    this.#opening ??= this.#openStorage();
    this.#opening.then(
      (storage) => {
        this.#storage = storage;
      },
      () => {
        this.#opening = undefined;
      },
    );
    return this.#opening;
  }

  async #openStorage(): Promise<NodeStorage> {
    const {
      dataDir,
      identity,
      nodes,
      journalBytesMax = JOURNAL_BYTES_MAX,
      damaged = 'setAside',
    } = this.#options;
    if (dataDir === undefined) return new MemoryStorage(nodes);
    return DiskStorage.open(dataDir, { ...identity, nodes }, journalBytesMax, damaged, (warning) =>
      this.#handlers.warn(warning),
    );
  }

  #launch(name: string, { memory, disks, released }: PreparedNode): NodeLife {
    const links = [...this.nodes, CLIENTS].map((peer) => this.#links.link(name, peer));
    const { program } = this.#options;
    const seed = this.random.integer(0, 2 ** 31 - 1);
    const inspecting = this.#listener !== undefined;
    const life = new NodeLife(
      this.#poolOf(name),
      (threadId) => this.#exits.get(threadId) ?? Promise.resolve(),
      { name, program, seed, memory, disks, links, inspecting, tracedFromMs: this.#tracedFromMs },
      {
        frame: (frame) => {
          this.#trace?.arrived(life.lastReceived, frame);
          this.#arrivalsFrom(name).take(frame);
        },
        traced: (records) => {
          for (const record of records) this.#options.trace?.(record);
        },
        warn: (error) => this.#handlers.warn(error),
        inspection: (event) => this.#listener?.(event),
      },
    );
    // By messages: a link in the task itself would be gone, should the other end die before this thread is there.
    for (const other of this.#lives.values()) {
      const [mine, theirs] = createLink();
      life.post({ type: 'peer', peer: other.name, end: mine }, [mine.port]);
      other.post({ type: 'peer', peer: name, end: theirs }, [theirs.port]);
    }
    this.#lives.set(name, life);
    this.#released.set(name, released);
    void life.ended.then(() => this.#bury(life));
    return life;
  }

  #bury(life: NodeLife): void {
    this.#lives.delete(life.name);
    const { wasRunning, wasTold, error } = life.outcome;
    if (wasRunning) {
      const reason = wasTold ? 'killed' : error === undefined ? 'countdown' : 'failed';
      const { name: node } = life;
      this.#trace?.add({ event: 'crash', node, life: this.#counts.get(node) ?? 0, reason });
    }
    if (wasRunning && !wasTold) this.#handlers.ended(life.name, error);
  }

  #traceStart(node: string): void {
    const life = (this.#counts.get(node) ?? 0) + 1;
    this.#counts.set(node, life);
    this.#trace?.add({ event: 'start', node, life });
  }

  #traceLink(from: string, to: string, { connected, ...quality }: Partial<LinkDirection>): void {
    if (connected !== undefined) this.#trace?.add({ event: 'link', from, to, connected });
    if (Object.keys(quality).length === 0) return;
    const { lossProbability, delayMs } = this.#links.direction(from, to);
    this.#trace?.add({ event: 'degrade', from, to, lossProbability, delayMs });
  }

  /** Resolves when those of these nodes that run know how their links with one peer are. */
  async #tellLinks(nodes: readonly string[], peer: string): Promise<void> {
    await Promise.all(nodes.map((node) => this.#lives.get(node)?.setLink(this.#links.link(node, peer))));
  }

  #arrivalsFrom(node: string): Inbound {
    const known = this.#arrivals.get(node);
    if (known !== undefined) return known;
    const arrivals = new Inbound(this.clock, this.random, {
      deliver: (frame) => this.#receive(frame, node),
      lose: (frame, reason) => this.#trace?.lost(node, frame, reason),
    });
    arrivals.change(this.#links.direction(node, CLIENTS));
    this.#arrivals.set(node, arrivals);
    return arrivals;
  }

  #receive(frame: Uint8Array, from: string): void {
    this.#trace?.delivered(from, frame);
    let envelopes: Envelope[];
    try {
      envelopes = unpackFrame(frame);
    } catch (error) {
      this.#handlers.warn(error as Error);
      return;
    }
    this.#handlers.receive(envelopes, from);
  }

  /** The node does not take in what waits for it: its clients hear what a full mailbox would tell them. */
  #refuse(node: string, envelopes: readonly Envelope[]): void {
    this.#handlers.warn(new Error(`${node} does not take in what it is sent; clients are refused`));
    const refusals = new Map<Address, Envelope>();
    for (const { to, from: client } of envelopes) {
      const message: RefusedMessage = { type: 'refused' };
      refusals.set(client, { to: client, from: to, message });
    }
    this.clock.soon(() => this.#handlers.receive([...refusals.values()], node));
  }

  #poolOf(name: string): Piscina {
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const { memoryMbMax } = this.#options;
    const pool = new Piscina({
      filename: threadFile('node-thread', import.meta.url),
      minThreads: 0,
      maxThreads: 1,
      // The default puts a thread's event loop to sleep between tasks.
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      ...(memoryMbMax === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMbMax } }),
    });
    pool.on('workerCreate', ({ id }: { id: number }) => this.#watch(pool, id));
    pool.on('error', (error: Error) => this.#handlers.warn(error));
    this.#pools.set(name, pool);
    return pool;
  }

  /** Remembers when a thread exits, for as long as it has not. */
  #watch(pool: Piscina, threadId: number): void {
    const worker = pool.threads.find((thread) => thread.threadId === threadId);
    if (worker === undefined) return;
    const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#exits.set(threadId, exit);
    void exit.then(() => this.#exits.delete(threadId));
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw new Error('the host has been disposed of; make a new one');
  }
}

function checkNames(nodes: readonly string[]): void {
  if (nodes.length === 0 || new Set(nodes).size < nodes.length) {
    throw new TypeError(`nodes need names, each its own: ${JSON.stringify(nodes)}`);
  }
  for (const name of nodes) {
    if (name === '' || name === CLIENTS || name.includes('/')) {
      throw new TypeError(
        `${JSON.stringify(name)} cannot be the name of a node: no slash, not "${CLIENTS}", not empty`,
      );
    }
  }
}
