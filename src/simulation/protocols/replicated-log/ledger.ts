import type { Application } from '../../../../machines/replication/application.ts';

/** A line of the ledger: who, and the how-manieth entry of this one it is. */
export type LedgerEntry = readonly [author: string, number: number];

const COUNT = 'count';
const ENTRY = 'entry/';

/** An application that remembers every operation that was ever applied, in order: what was done twice or left out shows. */
export const ledger: Application<LedgerEntry, number, null, LedgerEntry[]> = {
  name: 'ledger',
  module: import.meta.url,

  apply(entry, state) {
    const count = Number(state.get(COUNT) ?? 0) + 1;
    state.put(COUNT, count);
    state.put(`${ENTRY}${String(count).padStart(8, '0')}`, [...entry]);
    return count;
  },

  query(_, state) {
    return Array.from(state.scan(ENTRY), ([, entry]) => entry as LedgerEntry);
  },
};
