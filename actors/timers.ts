import type { EventObject } from 'xstate';
import type { Address } from './address.ts';

interface Timer {
  readonly id: string;
  readonly dueMs: number;
  readonly sequence: number;
  readonly address: Address;
  readonly event: EventObject;
}

/** The timers of one node, as data: who receives what, and when. */
export class Timers {
  readonly #timers = new Map<string, Timer>();
  #sequence = 0;
  /** No timer is due before this; it may be early, for cancelled timers leave it as it is. */
  #nextDueMs = Number.POSITIVE_INFINITY;

  get nextDueMs(): number {
    return this.#nextDueMs;
  }

  /** Starts a timer of an actor; one of the same actor and id is replaced. */
  start(address: Address, id: string, dueMs: number, event: EventObject): void {
    this.#timers.set(`${address} ${id}`, { id, dueMs, sequence: this.#sequence++, address, event });
    if (dueMs < this.#nextDueMs) this.#nextDueMs = dueMs;
  }

  cancel(address: Address, id: string): void {
    this.#timers.delete(`${address} ${id}`);
  }

  /** Forgets all timers of an actor that has ended. `ids` are those that it may have. */
  cancelAll(address: Address, ids: Iterable<string>): void {
    for (const id of ids) this.cancel(address, id);
  }

  /** Takes the timer that has been due for longest, or undefined when none is due. */
  takeDue(nowMs: number): Timer | undefined {
    if (nowMs < this.#nextDueMs) return undefined;
    let due: Timer | undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers.values()) {
      if (timer.dueMs <= nowMs && (due === undefined || isBefore(timer, due))) {
        if (due !== undefined) next = Math.min(next, due.dueMs);
        due = timer;
      } else {
        next = Math.min(next, timer.dueMs);
      }
    }
    this.#nextDueMs = next;
    if (due !== undefined) this.#timers.delete(`${due.address} ${due.id}`);
    return due;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
