import { counterOf, covers, type VectorClock, withCounter } from '../../../machines/eventual/vector-clock.ts';
import type { ServerDiskListener } from '../protocols/eventual/server-disks.ts';
import { nameOf, type Write, type WriteHistory } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'orders are transitive';

/**
 * A clock that covers a write covers all that this write follows, and rests on: else which versions are left would depend
 * on the order in which they come. It names no write that is on no disk.
 */
export class OrdersAreTransitive implements ServerDiskListener {
  readonly #history: WriteHistory;

  constructor(history: WriteHistory) {
    this.#history = history;
  }

  logged(node: string, writes: readonly Write[]): void {
    const [first] = writes;
    if (first === undefined) return;
    let before = this.#history.find(first.origin, first.counter - 1);
    for (const write of writes) {
      if (before !== undefined) check(node, write, write.order, before, before.order);
      for (const kind of ['order', 'past'] as const) this.#checkClock(node, write, kind);
      before = write;
    }
  }

  #checkClock(node: string, write: Write, kind: 'order' | 'past'): void {
    const clock = write[kind];
    for (let at = 0; at < clock.length; at += 2) {
      const known = this.#history.find(clock[at]!, clock[at + 1]!);
      if (known === undefined)
        throw new Violation(
          NAME,
          `${node}: ${nameOf(write)} follows ${clock[at]}:${clock[at + 1]}, which is nowhere`,
        );
      // The own origin, whose counter stands for it.
      check(node, write, withCounter(clock, write.origin, write.counter), known, known[kind]);
    }
  }
}

function check(node: string, write: Write, clock: VectorClock, known: Write, its: VectorClock): void {
  if (covers(clock, its)) return;
  const missing = its.findIndex((origin, at) => at % 2 === 0 && counterOf(clock, origin) < its[at + 1]!);
  const what = `${its[missing]}:${its[missing + 1]}, which ${nameOf(known)} follows`;
  throw new Violation(NAME, `${node}: ${nameOf(write)} does not follow ${what}`);
}
