import type { PendingWrite } from './attachment.ts';
import type { PendingRead } from './reading.ts';

/** A client goes to another server, or to none. */
export interface PendingMove {
  readonly server: string | undefined;
  readonly resolve: () => void;
}

/** What a client has been asked for. */
export type Step =
  | { readonly kind: 'write'; readonly write: PendingWrite }
  | { readonly kind: 'read'; readonly read: PendingRead }
  | { readonly kind: 'move'; readonly move: PendingMove };

/** The steps of a client that have not begun, in the order of its calls. */
export class Steps {
  #steps: Step[] = [];
  /** Those before this place have begun. */
  #next = 0;
  #added = 0;

  /** Gives its position: steps are counted from 1. */
  add(step: Step): number {
    this.#steps.push(step);
    this.#added += 1;
    return this.#added;
  }

  /** The position of the one added last. */
  get last(): number {
    return this.#added;
  }

  /** The first that has not begun, if it is not after this position. */
  firstUpTo(position: number): Step | undefined {
    const waiting = this.#steps.length - this.#next;
    return this.#added - waiting < position ? this.first : undefined;
  }

  /** The one to begin with; undefined when all have begun. */
  get first(): Step | undefined {
    return this.#steps[this.#next];
  }

  /** All that have not begun. */
  get waiting(): readonly Step[] {
    return this.#steps.slice(this.#next);
  }

  /** The first one has begun. */
  shift(): void {
    this.#next += 1;
    if (this.#next * 2 < this.#steps.length) return;
    this.#steps = this.#steps.slice(this.#next);
    this.#next = 0;
  }
}
