import type { JournalKind } from '../../actors/memory.ts';
import type { Commands } from './command.ts';

/** What a running script is given. */
export interface Environment {
  /** The folder for the nodes' data; it exists, is empty, and is removed by whoever made it. */
  readonly dataDir: string;
  /** Where the nodes keep what they must remember. */
  readonly journal: JournalKind;
  /** The file for a trace of what the nodes do. */
  readonly trace?: string | undefined;
  /** Prints a line of the script's output. */
  print(line: string): void;
  /** A server has ended that the script did not end. */
  warn(error: Error): void;
  /** Says when the run is to end early. */
  readonly signal: AbortSignal;
}

/** A script while it runs: what its commands act on. */
export interface ScenarioRun extends AsyncDisposable {
  /** The state of the system in a few words, for `--verbose`. */
  describe(): Promise<string>;
}

/** A language of scripts: its commands, and what they act on. */
export interface Grammar<Scope, Run extends ScenarioRun> {
  readonly commands: Commands<Scope, Run>;
  /** What a script has declared before its first line. */
  scope(): Scope;
  /** Whether this command may stand here. @throws LineError when it may not. */
  allow(scope: Scope, command: string): void;
  /** Makes ready to run; starts nothing yet. */
  open(environment: Environment): Run;
}
