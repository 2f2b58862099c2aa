import type { Held } from '../../../machines/eventual/held.ts';
import { Violation } from '../violation.ts';

/** A server starts with all that its disks say it holds, and nothing else. */
export function checkStart(node: string, held: Held, onDisk: Held): void {
  const lacking = onDisk.minus(held);
  const invented = held.minus(onDisk);
  if (lacking.isEmpty && invented.isEmpty) return;
  const what = `without ${JSON.stringify(lacking.ranges)}, with ${JSON.stringify(invented.ranges)} that is not there`;
  throw new Violation('a server starts from its disk', `${node} starts ${what}`);
}
