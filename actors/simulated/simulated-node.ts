import type { Clock } from '../clock.ts';
import type { InspectionEvent } from '../inspection.ts';
import { type MemoryDisk, MemoryJournal } from '../memory-journal.ts';
import { Node } from '../node.ts';
import type { Random } from '../random.ts';
import type { DiskName, EndReason, StateChange } from '../trace.ts';
import type { TurnStep, World } from '../world.ts';
import { Interruption } from './errors.ts';
import { derivedRandom, drawMicroseconds } from './seed.ts';
import type { DiskSettings, Pace } from './settings.ts';
import type { LifeEvent, TraceEvent } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface SimulatedNodeOptions {
  readonly name: string;
  /** 1 for the first start, then counted up. */
  readonly life: number;
  readonly seed: number;
  readonly clock: VirtualClock;
  /** How fast its own clock runs, against that one. */
  readonly clockRate: number;
  /** What the former life has left. */
  readonly disk: MemoryDisk;
  readonly storeDisk: MemoryDisk;
  /** Undefined: what is on the disks is durable at once, and the host erases them at the end. */
  readonly diskSettings: DiskSettings | undefined;
  readonly send: (to: string, frame: Uint8Array<ArrayBuffer>) => void;
  /** How fast the node is, now. */
  readonly pace: () => Pace;
  readonly failed: (error: unknown) => void;
  /** It has ended in the middle of a turn, as it was told to. */
  readonly interrupted: () => void;
  readonly warn: (error: Error) => void;
  readonly inspector: () => ((event: InspectionEvent) => void) | undefined;
  readonly tellLife: (event: LifeEvent, error?: unknown) => void;
  readonly trace: ((event: TraceEvent) => void) | undefined;
}

/** One life of a node, from a start to its end, and the world that it lives in. */
export class SimulatedNode implements World {
  readonly name: string;
  readonly node: Node;
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: MemoryJournal;
  readonly store: MemoryJournal;
  readonly traceState: ((change: StateChange) => void) | undefined;
  readonly #options: SimulatedNodeOptions;
  readonly #diskRandom: Random;
  readonly #paceRandom: Random;
  #interruption: { readonly step: TurnStep; left: number } | undefined;
  /** Until then it does nothing, in microseconds. */
  #pausedUntil = 0;
  #running = false;
  #ended = false;

  constructor(options: SimulatedNodeOptions) {
    const { name, life, seed, clock, clockRate, disk, storeDisk, trace } = options;
    this.name = name;
    this.#options = options;
    this.random = derivedRandom(seed, 'node', name, life);
    this.#diskRandom = derivedRandom(seed, 'disk', name, life);
    this.#paceRandom = derivedRandom(seed, 'pace', name, life);
    this.clock = {
      now: () => clock.now() * clockRate,
      soon: (run) =>
        clock.soon(() => {
          if (!this.#ended) run();
        }),
      after: (ms, run) => clock.after(ms / clockRate, this.#whileAlive(run, { event: 'timer', node: name })),
    };
    this.journal = new MemoryJournal({ disk, flush: (run) => this.#flush('journal', run) });
    this.store = new MemoryJournal({ disk: storeDisk, flush: (run) => this.#flush('store', run) });
    this.traceState = trace && ((change) => trace({ event: 'state', node: name, ...change }));
    this.node = new Node(name, this);
  }

  get inspect(): ((event: InspectionEvent) => void) | undefined {
    return this.#options.inspector();
  }

  /** Runs the actors' first turn; from now on frames arrive. */
  run(): void {
    const { life, tellLife } = this.#options;
    this.#running = true;
    tellLife({ event: 'start', node: this.name, life });
    this.node.begin();
  }

  get isRunning(): boolean {
    return this.#running && !this.#ended;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  requestTurn(turn: () => void): void {
    const { turnMsMax } = this.#options.pace();
    // At the same instant, behind what arrives at it and was on its way already; or when it comes to it.
    const ms = turnMsMax === 0 ? 0 : this.#paceRandom.next() * turnMsMax;
    this.#options.clock.after(ms, this.#whileAlive(turn, { event: 'turn', node: this.name }));
  }

  /** Throws into a turn that is to be interrupted there. */
  turnStep(step: TurnStep): void {
    const interruption = this.#interruption;
    if (interruption?.step !== step) return;
    interruption.left -= 1;
    if (interruption.left <= 0) throw new Interruption(`${this.name} is to end in the middle of a turn`);
  }

  /** Lets it end in the middle of a turn, the `turns`-th from now that gets to this step; never when undefined. */
  interruptAt(step: TurnStep | undefined, turns: number): void {
    this.#interruption = step && { step, left: turns };
  }

  /** Lets it do nothing for so long. */
  pause(ms: number): void {
    this.#pausedUntil = this.#options.clock.nowMicroseconds + Math.round(ms * 1000);
  }

  send(to: string, frame: Uint8Array<ArrayBuffer>): void {
    if (!this.#ended) this.#options.send(to, frame);
  }

  failed(error: unknown): void {
    if (this.#ended) return;
    if (error instanceof Interruption) this.#options.interrupted();
    else this.#options.failed(error);
  }

  warn(error: Error): void {
    this.#options.warn(error);
  }

  /**
   * Ends it at this instant. Of the transaction that each disk was about to write some records are found, damaged.
   * Gives the disks where there are any.
   */
  endTorn(): DiskName[] {
    const lands = () => this.#diskRandom.next() < 0.5;
    const torn: DiskName[] = [];
    for (const disk of ['journal', 'store'] as const) if (this[disk].tear(lands)) torn.push(disk);
    this.end('killed');
    return torn;
  }

  /** Ends it at this instant, with its unflushed transactions. What it has sent stays on its way. */
  end(reason: EndReason, error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.node.halt();
    const unflushed = this.journal.waiting + this.store.waiting;
    const kept = this.#crash(this.journal) + this.#crash(this.store);
    const { life, tellLife } = this.#options;
    const lost = unflushed - kept;
    tellLife({ event: 'crash', node: this.name, life, reason, lost, kept }, error);
  }

  /** How many of the transactions that nobody was told of land all the same. */
  #crash(journal: MemoryJournal): number {
    const { keptUnflushedProbability = 0 } = this.#options.diskSettings ?? {};
    let kept = 0;
    while (kept < journal.waiting && this.#diskRandom.next() < keptUnflushedProbability) kept += 1;
    journal.crash(kept);
    return kept;
  }

  #flush(disk: DiskName, run: () => void): void {
    const { clock, diskSettings } = this.#options;
    if (diskSettings === undefined) {
      // Not inside of the turn: what goes early goes first.
      this.clock.soon(run);
      return;
    }
    const { flushMsMin } = diskSettings;
    const { flushMsMax } = this.#options.pace();
    const transactions = this[disk].waiting;
    const sinceMs = clock.now();
    clock.at(
      clock.nowMicroseconds +
        drawMicroseconds(this.#diskRandom, flushMsMin, Math.max(flushMsMin, flushMsMax)),
      this.#whileAlive(run, { event: 'flush', node: this.name, disk, transactions, sinceMs }),
    );
  }

  #whileAlive(run: () => void, event: TraceEvent): () => void {
    const happen = () => {
      if (this.#ended) return;
      const { clock, trace } = this.#options;
      if (clock.nowMicroseconds < this.#pausedUntil) {
        clock.at(this.#pausedUntil, happen);
        return;
      }
      trace?.(event);
      run();
    };
    return happen;
  }
}
