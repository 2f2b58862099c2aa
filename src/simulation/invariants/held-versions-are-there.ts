import type { Held } from '../../../machines/eventual/held.ts';
import { follows, nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'held versions are there';

/**
 * Of each write that a server says it holds it has the version, or one that follows it; or the key is gone, for the last
 * of them was a tombstone that was collected.
 */
export function checkHeld(
  where: string,
  writes: Iterable<Write>,
  held: Held,
  versions: ReadonlyMap<string, readonly Write[]>,
): void {
  const gone = new Map<string, Write[]>();
  for (const write of writes) {
    if (!held.has(write.origin, write.counter)) continue;
    const kept = versions.get(write.key) ?? [];
    if (kept.some((version) => version === write || follows(version, write))) continue;
    if (kept.length > 0)
      throw new Violation(NAME, `${where} holds ${nameOf(write)}, and has ${kept.map(nameOf)}`);
    const ofKey = gone.get(write.key);
    if (ofKey === undefined) gone.set(write.key, [write]);
    else ofKey.push(write);
  }
  for (const missing of gone.values()) {
    const last = missing.reduce((latest, write) => (follows(write, latest) ? write : latest));
    const isCollected = last.isTombstone && missing.every((write) => write === last || follows(last, write));
    if (!isCollected) throw new Violation(NAME, `${where} holds ${nameOf(last)}, and has it not`);
  }
}
