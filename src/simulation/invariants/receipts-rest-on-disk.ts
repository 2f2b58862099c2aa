import { Held, type Ranges } from '../../../machines/eventual/held.ts';
import type { ServerDisk } from '../protocols/eventual/server-disk.ts';
import { Violation } from '../violation.ts';

/** What a server says that it holds is on its disk when that arrives, or was on one that it has lost since. */
export function checkReceipt(node: string, receipt: Ranges, disk: ServerDisk): void {
  const missing = new Held(receipt).minus(disk.ever);
  if (missing.isEmpty) return;
  const what = JSON.stringify(missing.ranges);
  throw new Violation(
    'receipts rest on the disk',
    `${node} says that it holds ${what}, which it has not on disk`,
  );
}
