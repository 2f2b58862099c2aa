import type { Clock } from '../clock.ts';
import type { At, NodeEvent } from '../trace.ts';

/** Gathers what a thread tells, so that not every record is a message of its own. */
export class TraceBatch {
  readonly #clock: Clock;
  readonly #tell: (records: readonly At<NodeEvent>[]) => void;
  #records: At<NodeEvent>[] = [];

  constructor(clock: Clock, tell: (records: readonly At<NodeEvent>[]) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(record: At<NodeEvent>): void {
    if (this.#records.length === 0) this.#clock.soon(() => this.handOver());
    this.#records.push(record);
  }

  handOver(): void {
    if (this.#records.length === 0) return;
    this.#tell(this.#records);
    this.#records = [];
  }
}
