import type { ServerDiskListener } from '../protocols/eventual/server-disks.ts';
import { nameOf, type Write, type WriteHistory } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'one write a dot';

/**
 * A server numbers its writes one after the other, on disk and through all its lives; a number is never given twice, and
 * what others have under it is that write. One that has lost its memory counts anew under another origin.
 */
export class OneWriteADot implements ServerDiskListener {
  readonly #history: WriteHistory;

  constructor(history: WriteHistory) {
    this.#history = history;
  }

  logged(node: string, writes: readonly Write[]): void {
    for (const [place, write] of writes.entries()) {
      const before = this.#history.upTo(write.origin) + place;
      if (write.counter !== before + 1)
        throw new Violation(NAME, `${node} writes ${nameOf(write)}, after number ${before}`);
    }
  }

  took(node: string, write: Write): void {
    const known = this.#history.find(write.origin, write.counter);
    if (known === undefined || textOf(known) === textOf(write)) return;
    throw new Violation(NAME, `${node} has ${nameOf(write)}, its server ${nameOf(known)}`);
  }
}

function textOf({ key, value, order, past }: Write): string {
  return JSON.stringify([key, value, order, past]);
}
