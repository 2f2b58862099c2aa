import type { Random } from '../../../../actors/random.ts';

/** The keys that clients use, by what they have. */
export interface Keys {
  /** Lists that only grow: each transaction that writes one puts its name behind what it has read. */
  readonly lists: readonly string[];
  /** The name of who wrote last. */
  readonly registers: readonly string[];
  /** Put, deleted and compared, each by itself, and by transactions that do not look. */
  readonly singles: readonly string[];
}

/** What a transaction is to do, in this order. */
export interface Plan {
  readonly steps: readonly { readonly does: 'read' | 'append' | 'write'; readonly key: string }[];
  readonly singles: readonly { readonly does: 'put' | 'delete' | 'compare'; readonly key: string }[];
  /** It is given up at the end. */
  readonly aborts: boolean;
}

/** Few, so that transactions meet. */
export function drawKeys(random: Random): Keys {
  const some = (kind: string, min: number, max: number) =>
    Array.from({ length: random.integer(min, max) }, (_, key) => `${kind}-${key}`);
  return { lists: some('list', 1, 4), registers: some('register', 1, 2), singles: some('single', 1, 3) };
}

/** A quarter of all only read. */
export function drawPlan(random: Random, { lists, registers, singles }: Keys): Plan {
  const writes = random.next() < 0.75;
  const some = (keys: readonly string[], probability: number) =>
    keys.filter(() => random.next() < probability);
  const steps = some([...lists, ...registers], 0.5).flatMap((key): Plan['steps'] => {
    const isRead = !writes || random.next() < 0.4;
    const does = isRead ? 'read' : lists.includes(key) ? 'append' : 'write';
    const again = random.next() < 0.1 ? [{ does: 'read', key } as const] : [];
    return [{ does, key }, ...again];
  });
  const changed = some(singles, writes ? 0.15 : 0).map((key): Plan['singles'][number] => {
    const chance = random.next();
    return { does: chance < 0.5 ? 'put' : chance < 0.8 ? 'delete' : 'compare', key };
  });
  return { steps, singles: changed, aborts: random.next() < 0.05 };
}

/** Reads and writes all there is. */
export function planForAll({ lists, registers, singles }: Keys): Plan {
  return {
    steps: [
      ...lists.map((key) => ({ does: 'append', key }) as const),
      ...registers.flatMap((key) => [{ does: 'read', key } as const, { does: 'write', key } as const]),
    ],
    singles: singles.map((key) => ({ does: 'put', key })),
    aborts: false,
  };
}
