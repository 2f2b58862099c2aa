import { BadSimulationError } from './errors.ts';

/** How the network treats frames. Probabilities are for each frame, from 0 (never) to 1 (always). */
export interface NetworkSettings {
  /** The shortest way of a frame, in ms. */
  readonly latencyMsMin: number;
  /** The longest way of a frame that is not held up, in ms. Ways are drawn evenly between the two. */
  readonly latencyMsMax: number;
  /** How likely a frame between nodes is lost. */
  readonly lossProbability: number;
  /** How likely a frame between clients and a node is lost, in either direction. */
  readonly clientLossProbability: number;
  /** How likely a frame arrives twice; the second copy has a way of its own and keeps no order. */
  readonly duplicateProbability: number;
  /** How likely a frame is held up, so that later ones overtake it. Else frames of a link keep their order. */
  readonly reorderProbability: number;
  /** How long a frame is held up at most, in ms. */
  readonly reorderMsMax: number;
}

/** A calm network: everything arrives once, in order, soon. */
export const CALM_NETWORK: NetworkSettings = {
  latencyMsMin: 0.1,
  latencyMsMax: 0.5,
  lossProbability: 0,
  clientLossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
  reorderMsMax: 50,
};

/** How a disk takes what is written. */
export interface DiskSettings {
  /** The shortest flush, in ms. */
  readonly flushMsMin: number;
  /** The longest flush, in ms. */
  readonly flushMsMax: number;
  /**
   * How likely, in a crash, the oldest unflushed transaction is found on disk although nobody was told; then
   * the next one, until the first that is not. 0: exactly what was flushed survives.
   */
  readonly keptUnflushedProbability: number;
}

/** How fast a node is. */
export interface Pace {
  /** How long a turn waits before it begins, at most, in ms; drawn evenly. What arrives meanwhile is taken with it. */
  readonly turnMsMax: number;
  /** The longest flush, in ms; the shortest is as for all. */
  readonly flushMsMax: number;
}

/** A disk that is quick and loses what was not flushed. */
export const CALM_DISK: DiskSettings = { flushMsMin: 0.3, flushMsMax: 1, keptUnflushedProbability: 0 };

/** @throws BadSimulationError when a time is negative or a range is the wrong way round, or a probability is none. */
export function checkSettings<Settings extends NetworkSettings | DiskSettings>(settings: Settings): Settings {
  for (const [name, value] of Object.entries(settings)) {
    const max = name.endsWith('Probability') ? 1 : Number.MAX_SAFE_INTEGER;
    if (!(value >= 0 && value <= max)) {
      throw new BadSimulationError(`${name} is ${value}`, `give a number from 0 to ${max}`);
    }
  }
  const [min, max, name] =
    'latencyMsMin' in settings
      ? [settings.latencyMsMin, settings.latencyMsMax, 'latencyMs']
      : [settings.flushMsMin, settings.flushMsMax, 'flushMs'];
  if (min > max) {
    throw new BadSimulationError(
      `${name}Min is ${min}, ${name}Max is ${max}`,
      'give a Min that is not above the Max',
    );
  }
  return settings;
}
