import {
  type SimulatedHost,
  SimulationLimitError,
  SimulationStuckError,
} from '../../actors/simulated/index.ts';
import type { Witness } from './watch/witness.ts';

/** Lets a world go on, until something is seen broken in it. */
export class Drive {
  readonly host: SimulatedHost;
  readonly witness: Witness;

  constructor(host: SimulatedHost, witness: Witness) {
    this.host = host;
    this.witness = witness;
  }

  /** Lets virtual time pass. @throws what is broken, as soon as it is. */
  async run(ms: number): Promise<void> {
    try {
      await this.host.runUntil(() => this.witness.isBroken, ms);
    } catch (error) {
      // With all nodes down and no client waiting, nothing is left to happen.
      if (!(error instanceof SimulationLimitError || error instanceof SimulationStuckError)) throw error;
    }
    this.witness.check();
  }

  /** Lets events happen until a promise settles, and answers as it does. @throws as {@link run}; SimulationLimitError. */
  async runWhile<Result>(promise: Promise<Result>, limitMs: number): Promise<Result> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.host.runUntil(() => settled || this.witness.isBroken, limitMs);
    this.witness.check();
    return promise;
  }

  /** Lets one event happen. @throws what is broken. */
  async step(): Promise<void> {
    await this.host.step();
    this.witness.check();
  }
}
