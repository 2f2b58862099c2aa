import { unpack } from '../../../../actors/codec.ts';
import type { JournalKey } from '../../../../actors/journal.ts';
import { type Ballot, compareBallots } from '../../../../machines/paxos/ballot.ts';
import type { Pvalue, Slot } from '../../../../machines/paxos/pvalue.ts';
import type { Batch } from '../../../../machines/replication/batch.ts';
import type { DiskListener } from '../../watch/disk-watch.ts';

/** Hears of what acceptors write down. */
export interface AcceptorDiskListener {
  promised?(disk: string, ballot: Ballot): void;
  /** What an acceptor that recovers was told by others it has accepted only if it follows that ballot. */
  accepted?(disk: string, ballot: Ballot, slot: Slot, batch: Batch, lives: Lives): void;
}

/** The life of an acceptor, and what it knew of those of others. */
export interface Lives {
  readonly life: number;
  readonly others: ReadonlyMap<string, number>;
}

interface Acceptor {
  /** Undefined while it recovers. */
  lives: Lives | undefined;
  promised: Ballot | undefined;
  recollected: Pvalue[];
}

/** Reads the records of acceptors as they land. */
export class AcceptorDisks implements DiskListener {
  readonly #listeners: readonly AcceptorDiskListener[];
  readonly #acceptors = new Map<string, Acceptor>();

  constructor(listeners: readonly AcceptorDiskListener[]) {
    this.#listeners = listeners;
  }

  put(disk: string, [table, second]: JournalKey, value: Uint8Array): void {
    if (table === 'accepted') this.#accepted(disk, value);
    else if (table === 'acceptor' && second === 'lives') this.#begun(disk, value);
    else if (table === 'acceptor' && second === 'ballot') this.#promised(disk, value);
  }

  lost(disk: string): void {
    this.#acceptors.delete(disk);
  }

  #begun(disk: string, value: Uint8Array): void {
    const acceptor = this.#acceptorOf(disk);
    const [life, ...others] = unpack(value) as [number | null, ...[string, number][]];
    if (life === null) {
      acceptor.lives = undefined;
      return;
    }
    const lives = { life, others: new Map(others) };
    acceptor.lives = lives;
    for (const { ballot, slot, batch } of acceptor.recollected.splice(0))
      for (const listener of this.#listeners) listener.accepted?.(disk, ballot, slot, batch, lives);
  }

  #promised(disk: string, value: Uint8Array): void {
    const [round, leader] = unpack(value) as [number, string];
    this.#acceptorOf(disk).promised = { round, leader };
    for (const listener of this.#listeners) listener.promised?.(disk, { round, leader });
  }

  #accepted(disk: string, value: Uint8Array): void {
    const [slot, round, leader, ...batch] = unpack(value) as [number, number, string, ...Uint8Array[]];
    const ballot: Ballot = { round, leader };
    const { lives, promised, recollected } = this.#acceptorOf(disk);
    if (lives !== undefined) {
      for (const listener of this.#listeners) listener.accepted?.(disk, ballot, slot, batch, lives);
    } else if (promised !== undefined && compareBallots(ballot, promised) === 0) {
      recollected.push({ ballot, slot, batch });
    }
  }

  #acceptorOf(disk: string): Acceptor {
    const acceptor = this.#acceptors.get(disk) ?? {
      lives: { life: 0, others: new Map() },
      promised: undefined,
      recollected: [],
    };
    this.#acceptors.set(disk, acceptor);
    return acceptor;
  }
}
