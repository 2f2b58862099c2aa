import { Held } from './held.ts';
import { meetOf, type VectorClock } from './vector-clock.ts';

/**
 * Finds out which writes all members hold, and that no write is on its way any more that does not know of them.
 *
 * When every member has said what it holds, `stable` is what all have. A write that does not follow one of those was made
 * by a member before it held that, so before it said so: it is among what the members have said that they hold. As
 * soon as this server holds all of that, too, nothing can come any more that is concurrent with what is stable.
 */
export class Stability {
  #pending: { readonly stable: VectorClock; readonly known: Held } | undefined;

  /** What is stable by now; undefined when nothing new is. `others` has what each other member is known to hold. */
  check(own: Held, others: readonly (Held | undefined)[]): VectorClock | undefined {
    this.#pending ??= this.#begin(own, others);
    if (this.#pending === undefined || !own.includes(this.#pending.known)) return undefined;
    const { stable } = this.#pending;
    this.#pending = undefined;
    return stable;
  }

  /** There is another member: what it holds counts from now on. */
  reset(): void {
    this.#pending = undefined;
  }

  #begin(
    own: Held,
    others: readonly (Held | undefined)[],
  ): { readonly stable: VectorClock; readonly known: Held } | undefined {
    let stable = own.clock;
    const known = new Held();
    for (const held of others) {
      if (held === undefined) return undefined;
      stable = meetOf(stable, held.clock);
      known.addAll(held);
    }
    return { stable, known };
  }
}
