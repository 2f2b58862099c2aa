import { BitSet } from './bit-set.ts';
import type { Visibility } from './visibility.ts';

/** Puts of one key, by number, each of which must come after the next, and the last after the first. */
export function findPutCycle(puts: number, visibility: Visibility): readonly number[] | undefined {
  const unvisited = new BitSet(puts);
  for (let put = 0; put < puts; put++) unvisited.add(put);
  const open = new BitSet(puts);
  for (let root = 0; root < puts; root++) {
    if (!unvisited.has(root)) continue;
    const path: number[] = [];
    const enter = (put: number) => {
      unvisited.remove(put);
      open.add(put);
      path.push(put);
    };
    enter(root);
    for (let put = path.at(-1); put !== undefined; put = path.at(-1)) {
      const overwritten = visibility.overwrittenBy(put);
      const back = overwritten.firstIn(open);
      if (back !== undefined) return shortCycle(back, puts, visibility);
      const next = overwritten.firstIn(unvisited);
      if (next !== undefined) {
        enter(next);
      } else {
        path.pop();
        open.remove(put);
      }
    }
  }
  return undefined;
}

/** The shortest that this put is in. */
function shortCycle(start: number, puts: number, visibility: Visibility): number[] {
  const reachedBy = new Map<number, number>();
  const queue = [start];
  for (const put of queue) {
    for (const before of visibility.overwrittenBy(put).within(0, puts)) {
      if (before === start) return backwards(reachedBy, put, start);
      if (reachedBy.has(before)) continue;
      reachedBy.set(before, put);
      queue.push(before);
    }
  }
  return [];
}

function backwards(reachedBy: ReadonlyMap<number, number>, end: number, start: number): number[] {
  const path = [end];
  for (let at = end; at !== start; ) {
    at = reachedBy.get(at)!;
    path.push(at);
  }
  return path.reverse();
}
