import { SingleBar } from 'cli-progress';
import type { Tally } from './simulate-report.ts';

interface SimulateProgressOptions {
  readonly name: string;
  /** Undefined: as many as there is time for. */
  readonly seeds: number | undefined;
  readonly untilMs: number | undefined;
}

/** How finely the bar can move. */
const STEPS = 1000;

/** A bar on a terminal, with the rate, the time left and what was found; nothing elsewhere. */
export class SimulateProgress implements Disposable {
  readonly #options: SimulateProgressOptions;
  readonly #bar: SingleBar | undefined;
  #done = 0;
  #payload = { what: '' };

  constructor(options: SimulateProgressOptions) {
    this.#options = options;
    if (process.stderr.isTTY !== true) return;
    this.#payload = { what: `${options.name}: starting` };
    this.#bar = new SingleBar({
      format: '{bar} {percentage}%  {what}',
      clearOnComplete: true,
      hideCursor: true,
      stream: process.stderr,
    });
    this.#bar.start(STEPS, 0, this.#payload);
  }

  tell(tally: Tally): void {
    const { name, seeds = Number.POSITIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = this.#options;
    const { perSecond, seconds } = tally;
    const leftSeconds = Math.min((seeds - tally.seeds) / perSecond, untilMs / 1000 - seconds);
    this.#done = Math.floor((STEPS * seconds) / (seconds + Math.max(0, leftSeconds)));
    const found = tally.violated === 0 ? 'nothing violated' : `${tally.violated} VIOLATED`;
    const rate = `${tally.seeds.toLocaleString('en-US')} seeds, ${perSecond.toFixed(1)}/s`;
    this.#payload = { what: `${name}: ${rate}, ${timeOf(leftSeconds)} left, ${found}` };
    this.#bar?.update(this.#done, this.#payload);
  }

  /** Prints something without the bar in its way. */
  aside(print: () => void): void {
    this.#bar?.stop();
    print();
    this.#bar?.start(STEPS, this.#done, this.#payload);
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}

function timeOf(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`;
}
