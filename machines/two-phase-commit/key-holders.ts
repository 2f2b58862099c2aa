import { type Effect, send } from '../../actors/effects.ts';
import type { KeyHolder } from './follower-context.ts';
import type { Granted } from './messages.ts';
import { keysOf } from './requests.ts';
import type { Transaction } from './transaction.ts';

/** Tells those who have all their keys now. */
export function grant(holders: readonly KeyHolder[]): Effect[] {
  return holders.map(({ address, ticket }) => send<Granted>(address, { type: 'granted', ticket }));
}

/** The keys of several transactions together. */
export function keysOfAll(transactions: readonly Transaction[]): {
  readonly shared: Set<string>;
  readonly exclusive: Set<string>;
} {
  const shared = new Set<string>();
  const exclusive = new Set<string>();
  for (const transaction of transactions) {
    const keys = keysOf(transaction);
    for (const key of keys.exclusive) exclusive.add(key);
    for (const key of keys.shared) shared.add(key);
  }
  for (const key of shared) if (exclusive.has(key)) shared.delete(key);
  return { shared, exclusive };
}
