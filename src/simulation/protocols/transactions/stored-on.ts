import type { JournalView } from '../../../../actors/journal.ts';
import type { SimulatedHost } from '../../../../actors/simulated/index.ts';
import { type Entry, VersionedStore } from '../../../../machines/two-phase-commit/store.ts';

/** What a follower's store has on disk. */
export function storedOn(host: SimulatedHost, node: string): (readonly [string, Entry])[] {
  const records = [...host.storeDiskOf(node).records.from('')].filter(({ key }) => key[0] === 'data');
  const view: JournalView = {
    get: () => undefined,
    range: () => records.map(({ key, value }) => [key, value] as const).values(),
  };
  return [...new VersionedStore(view).entries()];
}
