import type { ExperimentResult } from '../simulation/experiment.ts';
import { FAULT_NAMES, FAULTS } from '../simulation/faults/index.ts';
import type { Verdict } from '../simulation/swarm/examine.ts';
import { showRecord } from '../traces/show-record.ts';

/** What became of the seeds so far. */
export class Tally {
  readonly protocol: string;
  readonly #startedMs = performance.now();
  #seeds = 0;
  #violated = 0;
  #virtualMs = 0;
  #struck = 0;

  constructor(protocol: string) {
    this.protocol = protocol;
  }

  add({ result }: Verdict): void {
    this.#seeds += 1;
    if (result === undefined) this.#violated += 1;
    this.#virtualMs += result?.endMs ?? 0;
    this.#struck += result?.struck ?? 0;
  }

  get seeds(): number {
    return this.#seeds;
  }

  get violated(): number {
    return this.#violated;
  }

  /** Of virtual time, in those that did not fail. */
  get virtualMs(): number {
    return this.#virtualMs;
  }

  /** How often a fault struck, in those that did not fail. */
  get struck(): number {
    return this.#struck;
  }

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  get perSecond(): number {
    return this.#seeds / this.seconds;
  }
}

/** A seed that failed; `again` gives the command that replays it. */
export function showFailure(verdict: Verdict, again: (seed: number) => string, json: boolean): string {
  const { seed, failure } = verdict;
  const { invariant, message, stack, lastSteps } = failure!;
  const replay = again(seed);
  if (json) return JSON.stringify({ seed, invariant, message, again: replay, lastSteps });
  // Of what was thrown that must not be, the place says most.
  const what = invariant === 'error' ? (stack ?? message) : message;
  const steps = lastSteps.length === 0 ? [] : ['  the last steps:', ...lastSteps.map(showRecord)];
  return [`seed ${seed} fails`, ...indented(what), ...steps, `  again: ${replay}`].join('\n');
}

/** One seed, and what happened in it. */
export function showResult(protocol: string, result: ExperimentResult, json: boolean): string {
  if (json) return JSON.stringify({ protocol, violated: 0, ...result });
  const { seed, nodes, faults, struck, recoveryMs, endMs, counts } = result;
  const on = FAULT_NAMES.filter((name) => faults[name] !== undefined).map(
    (name) => `  ${name.padEnd(12)} ${faults[name]!.toPrecision(3)} ${FAULTS[name].unit}`,
  );
  return [
    `${protocol}, seed ${seed}: ${nodes} nodes; nothing was violated`,
    ...(on.length === 0 ? ['no faults'] : ['faults, and how strong at most:', ...on]),
    `struck ${struck} times; ${recoveryMs.toFixed(0)} ms later all was done; ended at ${endMs.toFixed(0)} ms of virtual time`,
    Object.entries(counts)
      .map(([what, count]) => `${what}: ${count}`)
      .join(', '),
  ].join('\n');
}

/** What all seeds have come to. */
export function showTally(tally: Tally, json: boolean): string {
  const { protocol, seeds, violated, seconds, perSecond, virtualMs, struck } = tally;
  if (json) {
    return JSON.stringify({
      protocol,
      seeds,
      violated,
      seconds: Number(seconds.toFixed(1)),
      seedsPerSecond: Number(perSecond.toFixed(2)),
      virtualMs: Math.round(virtualMs),
      struck,
    });
  }
  const virtualMinutes = (virtualMs / 60_000).toFixed(1);
  return `${protocol}: ${seeds.toLocaleString('en-US')} seeds, ${violated} violated; ${struck.toLocaleString('en-US')} strikes in ${virtualMinutes} virtual minutes; ${seconds.toFixed(1)} s, ${perSecond.toFixed(1)} seeds/s`;
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
