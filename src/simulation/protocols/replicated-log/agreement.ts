import type { Batch } from '../../../../machines/replication/batch.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';
import type { Instrument } from '../../watch/instrumented-program.ts';

/** What must hold of a protocol that replicates a log while it runs, whatever happens. */
export interface Agreement {
  readonly disks: readonly DiskListener[];
  readonly instruments: readonly Instrument[];
  /** How many places of the log are decided. */
  readonly decided: number;
  /** Who decides, as far as that is decided; undefined: the founders, always. */
  readonly voters: readonly string[] | undefined;
  /** A replica applies a batch. */
  apply(node: string, index: number, batch: Batch, anchor: unknown): void;
  /** A node has crashed. */
  crashed(node: string): void;
}
