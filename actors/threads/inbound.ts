import type { Cancel, Clock } from '../clock.ts';
import type { LinkDirection } from '../host.ts';
import type { Random } from '../random.ts';
import type { DropReason } from '../trace.ts';
import { LINK_BYTES_MAX } from './link.ts';
import { WHOLE } from './link-table.ts';

interface LateFrame {
  readonly frame: Uint8Array;
  readonly dueMs: number;
}

/** What becomes of frames. */
interface InboundHandlers {
  readonly deliver: (frame: Uint8Array) => void;
  /** It goes no further; for a trace. */
  readonly lose: (frame: Uint8Array, reason: DropReason) => void;
}

/**
 * What arrives over one link, as its faults let it through. They strike at the receiving end: what is on its way
 * outlives its sender, and is lost with its receiver.
 */
export class Inbound {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #handlers: InboundHandlers;
  readonly #late: LateFrame[] = [];
  #lateBytes = 0;
  #direction = WHOLE;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, random: Random, handlers: InboundHandlers) {
    this.#clock = clock;
    this.#random = random;
    this.#handlers = handlers;
  }

  /** From now on; what is late already stays so, and is lost should the link be cut when it is due. */
  change(direction: LinkDirection): void {
    this.#direction = direction;
  }

  take(frame: Uint8Array): void {
    const { connected, lossProbability, delayMs } = this.#direction;
    if (!connected) {
      this.#handlers.lose(frame, 'cut');
      return;
    }
    if (lossProbability > 0 && this.#random.next() < lossProbability) {
      this.#handlers.lose(frame, 'lost');
      return;
    }
    const last = this.#late.at(-1);
    if (delayMs === 0 && last === undefined) {
      this.#handlers.deliver(frame);
      return;
    }
    if (last !== undefined && this.#lateBytes + frame.byteLength > LINK_BYTES_MAX) {
      this.#handlers.lose(frame, 'crowded');
      return;
    }
    const dueMs = Math.max(this.#clock.now() + delayMs, last?.dueMs ?? 0);
    this.#late.push({ frame, dueMs });
    this.#lateBytes += frame.byteLength;
    this.#wait();
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#late.length = 0;
    this.#cancel?.();
  }

  #wait(): void {
    const [first] = this.#late;
    if (first === undefined || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(first.dueMs - this.#clock.now(), () => {
      this.#cancel = undefined;
      this.#deliverDue();
      this.#wait();
    });
  }

  #deliverDue(): void {
    const nowMs = this.#clock.now();
    for (let next = this.#late[0]; next !== undefined && next.dueMs <= nowMs; next = this.#late[0]) {
      this.#late.shift();
      this.#lateBytes -= next.frame.byteLength;
      if (this.#direction.connected) this.#handlers.deliver(next.frame);
      else this.#handlers.lose(next.frame, 'cut');
    }
  }
}
