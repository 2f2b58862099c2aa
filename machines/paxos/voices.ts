import { type Address, nodeOf } from '../../actors/address.ts';
import { majorityOf } from '../replication/batch.ts';

/**
 * Which life an acceptor is in: a new one begins when it has lost its memory. In its answers it says so, and what it
 * knows of the lives of others; nothing of it where all are in their first.
 */
export interface Testimony {
  readonly life?: number;
  readonly lives?: Readonly<Record<string, number>>;
}

/**
 * Those who have answered one question, each in one of its lives. What an acceptor said before it lost its memory
 * counts no longer, once any answer shows that it has begun another life: whoever helped it to recover says so, and a
 * majority of the others did. So each majority that counts knows what the recovered acceptor was told, or it was told
 * what this majority knew (docs/architecture.md, "Lost memory").
 */
export interface Voices {
  readonly answered: ReadonlyMap<string, number>;
  readonly lives: ReadonlyMap<string, number>;
}

export const NO_VOICES: Voices = { answered: new Map(), lives: new Map() };

/** The same, with one more answer. */
export function hear(
  voices: Voices,
  { from, life = 0, lives }: Testimony & { readonly from: Address },
): Voices {
  const node = nodeOf(from);
  const known = mergeLives(voices.lives, { ...lives, [node]: Math.max(life, lives?.[node] ?? 0) });
  const answered = new Map(voices.answered).set(node, Math.max(life, voices.answered.get(node) ?? 0));
  for (const [other, itsLife] of answered) if (itsLife < (known.get(other) ?? 0)) answered.delete(other);
  return { answered, lives: known };
}

export function areMajority({ answered }: Voices, nodes: readonly string[]): boolean {
  return answered.size >= majorityOf(nodes.length);
}

/** The later life of each node. First lives are left out. */
export function mergeLives(
  known: ReadonlyMap<string, number>,
  news: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const later = Object.entries(news).filter(([node, life]) => life > (known.get(node) ?? 0));
  return later.length === 0 ? known : new Map([...known, ...later]);
}
