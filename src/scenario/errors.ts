import { SynodError } from '../../actors/errors.ts';

/** One thing that is wrong with a script. */
export interface Mistake {
  /** Counted from 1; undefined where the script as a whole is meant. */
  readonly line: number | undefined;
  readonly what: string;
}

/** A script that cannot be run as it stands. The message has one line for each mistake: `file:line: what is wrong`. */
export class BadScenarioError extends SynodError {
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    super('SYNOD_BAD_SCENARIO', mistakes.map((mistake) => describe(file, mistake)).join('\n'));
    this.file = file;
    this.mistakes = mistakes;
  }
}

/** A command of a script failed while it ran, for a reason that the script cannot be blamed for. */
export class ScenarioFailedError extends SynodError {
  constructor(file: string, line: number, cause: unknown) {
    const reason = cause instanceof SynodError ? `${cause.message} (${cause.code})` : String(cause);
    super('SYNOD_SCENARIO_FAILED', `${file}:${line}: ${reason}`, { cause });
  }
}

/** What is wrong with the line that is being read; the parser adds file and line. */
export class LineError extends Error {}

/** An argument too few or too many: the parser adds how the command is written. */
export class UsageError extends LineError {}

function describe(file: string, { line, what }: Mistake): string {
  return line === undefined ? `${file}: ${what}` : `${file}:${line}: ${what}`;
}
