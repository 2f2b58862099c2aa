import { build, type Histogram } from 'hdr-histogram-js';

/** The longest latency that is told apart from longer ones. */
const LATENCY_US_MAX = 60_000_000;

/** Starts the operation of this number. */
export type StartOperation = (number: number) => Promise<unknown>;

/** What was seen while it was measured. */
export interface Measurement {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Keeps a fixed number of operations under way: each that ends is followed by the next. Beside the promise of an
 * operation it makes no garbage, so that it measures the system and not itself.
 */
export class ClosedLoop {
  readonly #operation: StartOperation;
  readonly #histogram: Histogram = build({
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 3,
  });
  #started = 0;
  #inFlight = 0;
  #completed = 0;
  #running = true;
  #failure: { readonly cause: unknown } | undefined;
  #stopped: (() => void) | undefined;

  constructor(operation: StartOperation) {
    this.#operation = operation;
  }

  start(inFlight: number): void {
    for (let lane = 0; lane < inFlight; lane++) this.#openLane();
  }

  /** How many operations have ended so far. */
  get completed(): number {
    return this.#completed;
  }

  /** Forgets what was seen, looks for a while, and tells. @throws whatever an operation failed with. */
  async measure(wait: () => Promise<void>): Promise<Measurement> {
    this.#histogram.reset();
    const completedBefore = this.#completed;
    const startedMs = performance.now();
    await wait();
    const seconds = (performance.now() - startedMs) / 1000;
    if (this.#failure !== undefined) throw this.#failure.cause;
    return {
      perSecond: (this.#completed - completedBefore) / seconds,
      p50Ms: this.#histogram.getValueAtPercentile(50) / 1000,
      p99Ms: this.#histogram.getValueAtPercentile(99) / 1000,
    };
  }

  /** Starts no more operations; resolves when the last has ended. */
  stop(): Promise<void> {
    this.#running = false;
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  #openLane(): void {
    let startedMs = 0;
    const next = () => {
      startedMs = performance.now();
      this.#operation(this.#started++).then(succeed, fail);
    };
    const succeed = () => {
      this.#completed++;
      this.#histogram.recordValue(
        Math.min(Math.max(1, Math.round((performance.now() - startedMs) * 1000)), LATENCY_US_MAX),
      );
      if (this.#running) next();
      else this.#closeLane();
    };
    const fail = (cause: unknown) => {
      this.#failure ??= { cause };
      this.#running = false;
      this.#closeLane();
    };
    this.#inFlight++;
    next();
  }

  #closeLane(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#stopped?.();
  }
}
