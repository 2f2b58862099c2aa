import { messageTypesOf } from '../codec.ts';
import type { At, DropReason, NodeEvent, TracedFrame } from '../trace.ts';
import { monotonicMs } from './real-time.ts';

/** Tells of what happens on one thread, by a clock that all threads of the process share. */
export class ThreadTrace {
  readonly #name: string;
  readonly #fromMs: number;
  readonly #hear: (record: At<NodeEvent>) => void;
  /** Frames that have arrived and are to be delivered: what the link calls them. */
  readonly #arrived = new WeakMap<Uint8Array, string>();
  #stranded = 0;

  /** `fromMs`: when the trace began, by {@link monotonicMs}. */
  constructor(name: string, fromMs: number, hear: (record: At<NodeEvent>) => void) {
    this.#name = name;
    this.#fromMs = fromMs;
    this.#hear = hear;
  }

  /** Ms since the trace began, in whole microseconds. */
  now(): number {
    return Math.round((monotonicMs() - this.#fromMs) * 1000) / 1000;
  }

  add(event: NodeEvent, atMs = this.now()): void {
    this.#hear({ atMs, ...event });
  }

  /** A frame has left by a link that calls it `id`. Describe it before it leaves: its bytes go with it. */
  sent(id: string, frame: Omit<TracedFrame, 'id'>, atMs: number): void {
    this.add({ event: 'send', id, ...frame }, atMs);
  }

  /** A frame goes nowhere. */
  stranded(frame: Omit<TracedFrame, 'id'>, reason: DropReason): void {
    this.#stranded += 1;
    const id = `${this.#name}.${this.#stranded}`;
    this.add({ event: 'send', id, ...frame });
    this.add({ event: 'drop', reason, id, ...frame });
  }

  /** A frame has come out of a link that calls it `id`. */
  arrived(id: string, frame: Uint8Array): void {
    this.#arrived.set(frame, id);
  }

  delivered(from: string, frame: Uint8Array): void {
    this.add({ event: 'deliver', ...this.#taken(from, frame) });
  }

  /** It has arrived, and goes no further. */
  lost(from: string, frame: Uint8Array, reason: DropReason): void {
    this.add({ event: 'drop', reason, ...this.#taken(from, frame) });
  }

  describe(to: string, frame: Uint8Array, from = this.#name): Omit<TracedFrame, 'id'> {
    return { from, to, bytes: frame.byteLength, messages: messageTypesOf(frame) };
  }

  #taken(from: string, frame: Uint8Array): TracedFrame {
    return { id: this.#arrived.get(frame) ?? '', ...this.describe(this.#name, frame, from) };
  }
}
