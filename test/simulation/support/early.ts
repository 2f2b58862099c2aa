import type { Effects } from '../../../actors/effects.ts';

/** Effects whose messages, or those of one type, no longer wait for the disk: a bug to be planted. */
export function early(effects: Effects, type?: string): Effects {
  if (effects === undefined) return undefined;
  return [effects]
    .flat()
    .map((effect) =>
      'message' in effect && (type === undefined || effect.message.type === type)
        ? { ...effect, when: 'early' as const }
        : effect,
    );
}
