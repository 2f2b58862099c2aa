import type { Value, Write } from '../../../../machines/two-phase-commit/transaction.ts';
import type { EndCall, HistoryRecorder } from '../../../checks/index.ts';
import type { Transaction, TransactionOptions } from '../../../client/transaction.ts';
import type { Plan } from './plan.ts';

/** Who takes down what clients do. */
export interface Recorders {
  /** Transactions on lists and registers... */
  readonly transactions: HistoryRecorder;
  /** ...and what is done with single keys. */
  readonly singles: HistoryRecorder;
}

/** A step of a transaction, as the checkers of histories read it. */
type Step = ['r' | 'append' | 'w', string, string[] | string | null];

/**
 * A transaction by a plan, taken down. Its steps on lists and registers are one operation, which is judged as a whole;
 * those on single keys are operations of their own.
 */
export class RecordedTransaction {
  readonly #transaction: Transaction;
  readonly #name: string;
  readonly #plan: Plan;
  readonly #recorders: Recorders;
  readonly #endSteps: EndCall;
  readonly #endSingles: EndCall[] = [];
  readonly #read: (string[] | string | null)[] = [];
  readonly #writes = new Map<string, string | null>();

  /** `name`: no other transaction's; what it writes bears it. */
  constructor(transaction: Transaction, name: string, plan: Plan, recorders: Recorders) {
    this.#transaction = transaction;
    this.#name = name;
    this.#plan = plan;
    this.#recorders = recorders;
    this.#endSteps = recorders.transactions.invoke({ process: name, f: 'txn', value: this.#steps() });
  }

  /** In the order of the keys' first writes. */
  get writes(): readonly Write[] {
    return [...this.#writes];
  }

  /** All steps but the last, the commit. @throws what a read throws. */
  async carryOut(
    options: TransactionOptions,
    between: () => Promise<void>,
    expected: (key: string) => string | null,
  ): Promise<void> {
    for (const { does, key } of this.#plan.steps) {
      if (does === 'write') this.#put(key, this.#name);
      else {
        const value = await this.#transaction.get(key, options);
        this.#read.push(key.startsWith('list') ? listIn(value) : textIn(value));
        if (does === 'append') this.#put(key, JSON.stringify([...listIn(value), this.#name]));
      }
      await between();
    }
    for (const { does, key } of this.#plan.singles) this.#change(does, key, expected(key));
  }

  end(outcome: 'ok' | 'fail' | 'info'): void {
    const read = this.#read.values();
    const value = this.#steps().map(([f, key, written]): Step => {
      return [f, key, f === 'r' && outcome === 'ok' ? read.next().value! : written];
    });
    this.#endSteps(outcome, outcome === 'ok' ? { value } : {});
    this.#endSingles.forEach((end, place) => {
      const isCompared = this.#plan.singles[place]!.does === 'compare';
      end(outcome, outcome === 'ok' && isCompared ? { applied: true } : {});
    });
  }

  #steps(): Step[] {
    return this.#plan.steps.flatMap(({ does, key }): Step[] => {
      if (does === 'write') return [['w', key, this.#name]];
      const read: Step = ['r', key, null];
      return does === 'read' ? [read] : [read, ['append', key, this.#name]];
    });
  }

  #put(key: string, value: string): void {
    this.#transaction.put(key, value);
    this.#writes.set(key, value);
  }

  #change(does: Plan['singles'][number]['does'], key: string, expected: string | null): void {
    const call = { process: `${this.#name} ${key}`, key };
    const { singles } = this.#recorders;
    if (does === 'put') {
      this.#endSingles.push(singles.invoke({ ...call, f: 'put', value: this.#name }));
      this.#put(key, this.#name);
    } else if (does === 'delete') {
      this.#endSingles.push(singles.invoke({ ...call, f: 'delete' }));
      this.#transaction.delete(key);
      this.#writes.set(key, null);
    } else {
      this.#endSingles.push(singles.invoke({ ...call, f: 'cas', value: [expected, this.#name] }));
      this.#transaction.compareAndSet(key, expected ?? undefined, this.#name);
      this.#writes.set(key, this.#name);
    }
  }
}

/** A list as workloads write it. */
export function listIn(value: Value | undefined): string[] {
  return typeof value === 'string' ? (JSON.parse(value) as string[]) : [];
}

export function textIn(value: Value | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
