import type { Random } from '../../../actors/random.ts';
import type { SimulatedHostOptions } from '../../../actors/simulated/index.ts';
import type { Storm } from '../storm.ts';

/** Something that happens to a system at a moment that chance chooses. */
export type Strike = (storm: Storm) => Promise<void>;

/** What a world can be made with. */
export type WorldChanges = Partial<Pick<SimulatedHostOptions, 'network' | 'disk' | 'journal' | 'clockRates'>>;

/** A way in which the world fails. */
export interface Fault {
  /** What happens, in a few words. */
  readonly means: string;
  /** What its strength is measured in. */
  readonly unit: string;
  /** How strong it is at most, unless told otherwise. */
  readonly strengthMax: number;
  /** How likely a seed has it. */
  readonly probability: number;
  /** What the world is made with, for a fault that lasts from beginning to end. */
  world?(strength: number, random: Random): WorldChanges;
  /** What strikes, and what mends it, each with its share of the lots. */
  strikes?(strength: number): readonly (readonly [share: number, Strike])[];
}
