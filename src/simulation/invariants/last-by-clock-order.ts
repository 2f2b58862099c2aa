import { compareOrigins } from '../../../machines/eventual/origin.ts';
import { follows, nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

/**
 * At rest each key shows what was put last by clock order: of the writes that no other one follows, that of the highest
 * server. `writes` are all that are not lost.
 */
export function checkLast(writes: readonly Write[], shown: ReadonlyMap<string, unknown>): void {
  const last = new Map<string, Write[]>();
  for (const write of writes) {
    const before = last.get(write.key) ?? [];
    if (before.some((other) => follows(other, write))) continue;
    last.set(write.key, [...before.filter((other) => !follows(write, other)), write]);
  }
  for (const [key, candidates] of last) {
    const winner = candidates.reduce((a, b) => (compareOrigins(b.origin, a.origin) > 0 ? b : a));
    if (winner.value === shown.get(key)) continue;
    const what = `${key} shows ${String(shown.get(key))}; put last were ${candidates.map(nameOf)}`;
    throw new Violation('last by clock order', what);
  }
  for (const key of shown.keys())
    if (!last.has(key)) throw new Violation('last by clock order', `nobody has put ${key}`);
}
