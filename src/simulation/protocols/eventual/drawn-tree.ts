import type { Random } from '../../../../actors/random.ts';

/** Links that connect all of these, and not one too many: a chain, a star, or what is between. */
export function drawnTree(random: Random, nodes: readonly string[]): (readonly [string, string])[] {
  const left = [...nodes];
  const joined: string[] = [];
  const links: (readonly [string, string])[] = [];
  while (left.length > 0) {
    const [node] = left.splice(random.integer(0, left.length - 1), 1);
    if (joined.length > 0) links.push([joined[random.integer(0, joined.length - 1)]!, node!]);
    joined.push(node!);
  }
  return links;
}
