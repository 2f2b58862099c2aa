import { type Clock, pause } from '../../../actors/clock.ts';

/** At most so many clients work on a cluster of an experiment. */
export const CLIENTS_MAX = 4;

/** No call of a patient client ever times out. */
export const PATIENCE_MS = 600_000;

/** How often it is looked whether something has come to be. */
export const LOOK_MS = 10;

/** Resolves when it has come to be. */
export async function until(clock: Clock, condition: () => boolean): Promise<void> {
  while (!condition()) await pause(clock, LOOK_MS);
}
