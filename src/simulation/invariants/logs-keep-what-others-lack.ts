import type { Origin } from '../../../machines/eventual/origin.ts';
import type { ServerDisk } from '../protocols/eventual/server-disk.ts';
import { Violation } from '../violation.ts';

/**
 * A write leaves the write log of its server when all other members have it on disk. (Also when the log is full, and then
 * anti-entropy brings it to those who lack it.)
 */
export function checkAcknowledged(
  node: string,
  origin: Origin,
  { first, last }: { readonly first: number; readonly last: number },
  others: ReadonlyMap<string, ServerDisk>,
): void {
  for (const [member, { ever }] of others) {
    for (let counter = first; counter <= last; counter++) {
      if (ever.has(origin, counter)) continue;
      const what = `${origin}:${counter} leaves the log of ${node}, and ${member} lacks it`;
      throw new Violation('logs keep what others lack', what);
    }
  }
}
