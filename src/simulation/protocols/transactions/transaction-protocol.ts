import type { Random } from '../../../../actors/random.ts';
import type { CoordinatorKind } from '../../../cluster/transaction-cluster.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';
import type { GroupDiskListener } from './group-disks.ts';
import type { TransactionMemory } from './transaction-memory.ts';

/** What those who watch need to know of a protocol for transactions. */
export interface TransactionProtocol {
  readonly coordinator: CoordinatorKind;
  /** What its settings are to be: bounds and times, and which of its ways it goes. */
  drawSettings(random: Random): Readonly<Record<string, unknown>>;
  /** What must hold of it, beside what must hold of each. */
  agreement(nodes: readonly string[]): TransactionAgreement;
  /** Looks into its roles. */
  memory(): TransactionMemory;
}

/** What must hold while it runs. */
export interface TransactionAgreement {
  readonly disks: readonly DiskListener[];
  readonly groups: readonly GroupDiskListener[];
  /** A client hears that a transaction that writes is committed. */
  told(id: number): void;
}
