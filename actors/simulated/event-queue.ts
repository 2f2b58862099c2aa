/** Something that is going to happen. */
export interface ScheduledEvent {
  readonly time: number;
  readonly sequence: number;
  /** Undefined once it is cancelled or has happened. */
  run: (() => void) | undefined;
}

/** What happens next: by time, and at the same time by the order of `add`, never by chance. A binary heap. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #sequence = 0;

  add(time: number, run: () => void): ScheduledEvent {
    const event = { time, sequence: this.#sequence++, run };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** The event that is next, cancelled ones left out. */
  peek(): ScheduledEvent | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#removeFirst();
    return this.#heap[0];
  }

  /** Takes the event that is next. */
  take(): ScheduledEvent | undefined {
    const event = this.peek();
    if (event !== undefined) this.#removeFirst();
    return event;
  }

  clear(): void {
    for (const event of this.#heap) event.run = undefined;
    this.#heap.length = 0;
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(start: number): void {
    const heap = this.#heap;
    const event = heap[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  #sink(): void {
    const heap = this.#heap;
    const event = heap[0]!;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, event)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
}
