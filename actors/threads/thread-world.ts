import { CLIENTS } from '../host.ts';
import type { InspectionEvent } from '../inspection.ts';
import type { Journal } from '../journal.ts';
import { MemoryJournal } from '../memory-journal.ts';
import { Node } from '../node.ts';
import { loadProgram } from '../program.ts';
import { type Random, seededRandom } from '../random.ts';
import type { DiskName, StateChange } from '../trace.ts';
import type { World } from '../world.ts';
import { packError } from './error-transfer.ts';
import { Inbound } from './inbound.ts';
import { Link, type LinkEnd } from './link.ts';
import type { PeerLink } from './link-table.ts';
import { LmdbJournal } from './lmdb-journal.ts';
import type { HostMessage, NodeMessage, NodeThreadTask } from './node-messages.ts';
import { realClock } from './real-time.ts';
import { ThreadTrace } from './thread-trace.ts';
import { TraceBatch } from './trace-batch.ts';
import { TracedJournal } from './traced-journal.ts';

/** The world of threads, as one node sees it from within its own thread; and the node. */
export class ThreadWorld implements World {
  readonly clock = realClock;
  readonly random: Random;
  inspect: ((event: InspectionEvent) => void) | undefined;
  readonly traceState: ((change: StateChange) => void) | undefined;

  readonly #task: NodeThreadTask;
  readonly #node: Node;
  readonly #host: Link<NodeMessage, HostMessage>;
  readonly #peers = new Map<string, Link<never, never>>();
  /** Those who hear nothing from here. */
  readonly #cut = new Set<string>();
  readonly #inbound = new Map<string, Inbound>();
  /** Peers whose link has no room, until it has again. */
  readonly #crowded = new Set<string>();
  /** Until the node runs, what peers send waits in their links. */
  #unlinked: Map<string, LinkEnd> | undefined = new Map();
  readonly #batch = new TraceBatch(realClock, (records) => this.tell({ type: 'traced', records }));
  /** Undefined while nothing is traced. */
  readonly #trace: ThreadTrace | undefined;
  #journal: Journal | undefined;
  #store: Journal | undefined;

  constructor(task: NodeThreadTask) {
    this.#task = task;
    this.random = seededRandom(task.seed);
    const { name: node, tracedFromMs } = task;
    const trace =
      tracedFromMs === undefined
        ? undefined
        : new ThreadTrace(node, tracedFromMs, (record) => this.#batch.add(record));
    this.#trace = trace;
    this.traceState = trace && ((change) => trace.add({ event: 'state', node, ...change }));
    this.#node = new Node(task.name, this);
    for (const link of task.links) this.#setLink(link);
    this.#host = new Link(task.host, {
      frame: (frame) => {
        this.#trace?.arrived(this.#host.lastReceived, frame);
        this.#inboundFrom(CLIENTS).take(frame);
      },
      message: (message) => this.#obey(message),
      closed: () => {},
    });
    this.#setInspecting(task.inspecting);
  }

  get journal(): Journal {
    if (this.#journal === undefined) throw new Error('the journal is not open yet');
    return this.#journal;
  }

  get store(): Journal {
    if (this.#store === undefined) throw new Error('the store is not open yet');
    return this.#store;
  }

  /** Opens the journal and the store, and loads the program; the host says when to run it. @throws what either throws. */
  async load(): Promise<void> {
    const { name, disks, memory, program } = this.#task;
    const { clock, random } = this;
    if (disks === undefined) {
      // A flush that ends inside of its turn would let go of what it holds before what goes early.
      const flush = (run: () => void) => queueMicrotask(run);
      this.#journal = this.#traced('journal', new MemoryJournal({ flush }));
      this.#store = this.#traced('store', new MemoryJournal({ flush }));
    } else {
      const failed = (error: Error) => {
        this.#node.halt();
        this.failed(error);
      };
      const journal = new LmdbJournal(disks.journalFolder, disks.journalDisk, failed);
      this.#journal = this.#traced('journal', journal);
      this.#store = this.#traced('store', new LmdbJournal(disks.storeFolder, disks.storeDisk, failed));
    }
    this.tell({ type: 'opened' });
    const context = { node: name, memory, journal: this.#journal, store: this.#store, random, clock };
    this.#node.load(await loadProgram(program, context));
    this.tell({ type: 'loaded' });
  }

  /** Tells the host. */
  tell(message: NodeMessage): void {
    this.#host.post(message);
  }

  requestTurn(turn: () => void): void {
    this.clock.soon(() => {
      // The thread may have slept: what has arrived meanwhile comes before the timers that are overdue, so
      // that a follower does not suspect a leader whose heartbeats wait in its queue.
      this.#host.drain();
      for (const link of this.#peers.values()) link.drain();
      if (this.#trace === undefined) turn();
      else this.#tracedTurn(this.#trace, turn);
    });
  }

  send(destination: string, frame: Uint8Array<ArrayBuffer>): void {
    // Its bytes are gone when it is sent, and who receives it may say so before this.
    const traced = this.#trace?.describe(destination, frame);
    if (this.#cut.has(destination)) {
      if (traced !== undefined) this.#trace?.stranded(traced, 'cut');
      return;
    }
    const link = destination === CLIENTS ? this.#host : this.#peers.get(destination);
    if (link === undefined) {
      if (traced !== undefined) this.#trace?.stranded(traced, 'down');
      return;
    }
    const atMs = this.#trace?.now() ?? 0;
    const isSent = link.send(frame);
    if (traced !== undefined) {
      if (isSent) this.#trace?.sent(link.lastSent, traced, atMs);
      else this.#trace?.stranded(traced, 'crowded');
    }
    if (isSent) {
      this.#crowded.delete(destination);
    } else if (!this.#crowded.has(destination)) {
      this.#crowded.add(destination);
      this.warn(
        new Error(`${this.#task.name}: ${destination} does not take in what it is sent; frames are lost`),
      );
    }
  }

  failed(error: unknown): void {
    this.#batch.handOver();
    this.tell({ type: 'failed', error: packError(error) });
  }

  warn(error: Error): void {
    this.tell({ type: 'warning', error: packError(error) });
  }

  #receive(frame: Uint8Array, from: string): void {
    this.#trace?.delivered(from, frame);
    this.#node.receive(frame, from);
  }

  #tracedTurn(trace: ThreadTrace, turn: () => void): void {
    const sinceMs = trace.now();
    turn();
    trace.add({ event: 'turn', node: this.#task.name, sinceMs });
    this.#batch.handOver();
  }

  #traced(disk: DiskName, journal: Journal): Journal {
    return this.#trace === undefined
      ? journal
      : new TracedJournal(journal, this.#task.name, disk, this.#trace);
  }

  #obey(message: HostMessage): void {
    switch (message.type) {
      case 'go':
        this.#go();
        return;
      case 'peer':
        if (this.#unlinked === undefined) this.#connect(message.peer, message.end);
        else this.#unlinked.set(message.peer, message.end);
        return;
      case 'link':
        this.#setLink(message.link);
        this.tell({ type: 'linked', request: message.request });
        return;
      case 'tally':
        this.tell({ type: 'tallied', request: message.request, tally: this.#node.tally });
        return;
      case 'killAfter':
        this.#node.killAfter(message.count, message.types, () => {
          this.#batch.handOver();
          this.tell({ type: 'counted' });
          // In a worker this ends the thread alone.
          process.exit();
        });
        return;
      case 'inspect':
        this.#setInspecting(message.inspecting);
        return;
      default:
        message satisfies never;
    }
  }

  #go(): void {
    for (const [peer, end] of this.#unlinked ?? []) this.#connect(peer, end);
    this.#unlinked = undefined;
    try {
      this.#node.begin();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.tell({ type: 'running' });
  }

  #connect(peer: string, end: LinkEnd): void {
    this.#peers.get(peer)?.close();
    const inbound = this.#inboundFrom(peer);
    const link: Link<never, never> = new Link(end, {
      frame: (frame) => {
        this.#trace?.arrived(link.lastReceived, frame);
        inbound.take(frame);
      },
      message: () => {},
      closed: () => {
        if (this.#peers.get(peer) === link) this.#peers.delete(peer);
      },
    });
    this.#peers.set(peer, link);
  }

  #setLink({ peer, outbound, inbound }: PeerLink): void {
    if (outbound.connected) this.#cut.delete(peer);
    else this.#cut.add(peer);
    this.#inboundFrom(peer).change(inbound);
  }

  #inboundFrom(peer: string): Inbound {
    const known = this.#inbound.get(peer);
    if (known !== undefined) return known;
    const inbound = new Inbound(this.clock, this.random, {
      deliver: (frame) => this.#receive(frame, peer),
      lose: (frame, reason) => this.#trace?.lost(peer, frame, reason),
    });
    this.#inbound.set(peer, inbound);
    return inbound;
  }

  #setInspecting(inspecting: boolean): void {
    this.inspect = inspecting ? (event) => this.tell({ type: 'inspection', event }) : undefined;
  }
}
