import { SynodError } from '../../actors/errors.ts';
import type { JournalKind } from '../../actors/memory.ts';
import { ScenarioFailedError } from './errors.ts';
import type { Environment, ScenarioRun } from './grammar.ts';
import type { Script, Step } from './parse.ts';

/** What was done for one line of a script, for whoever watches. */
export interface Progress {
  readonly line: number;
  readonly source: string;
  readonly tookMs: number;
  /** The state of the system afterwards, in a few words. */
  readonly state: string;
}

/** What a script needs to run, and who watches. */
export interface RunOptions {
  /** The folder for the nodes' data; it exists and is empty. */
  readonly dataDir: string;
  /** Where the nodes keep what they must remember; `lmdb` by default. With `memory` the folder stays empty. */
  readonly journal?: JournalKind | undefined;
  /** The file for a trace of what the nodes do. */
  readonly trace?: string | undefined;
  print(line: string): void;
  /** A server has ended that the script did not end. */
  readonly warn?: ((error: Error) => void) | undefined;
  readonly watch?: ((progress: Progress) => void) | undefined;
  /** Ends the run early: nothing more is printed, everything is let go of. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a script in a system of its own, which is gone when this resolves. @throws ScenarioFailedError when a command fails. */
export async function runScript(script: Script, file: string, options: RunOptions): Promise<void> {
  const { dataDir, journal = 'lmdb', trace, watch, signal = new AbortController().signal } = options;
  const environment: Environment = {
    dataDir,
    journal,
    trace,
    signal,
    warn: (error) => options.warn?.(error),
    print: (line) => {
      if (!signal.aborted) options.print(line);
    },
  };
  using aborted = abortion(signal);
  const { run, steps } = script.open(environment);
  await using _ = run;
  for (const step of steps) {
    const startedMs = performance.now();
    try {
      const acting = step.act();
      // Lines that wait for nothing are carried out in one tick, so that they reach the system together and in order.
      if (acting !== undefined) await Promise.race([acting, aborted.promise]);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof SynodError) throw new ScenarioFailedError(file, step.line, cause);
      throw cause;
    }
    if (watch !== undefined) watch(await progress(step, run, performance.now() - startedMs));
  }
}

async function progress(step: Step, run: ScenarioRun, tookMs: number): Promise<Progress> {
  return { line: step.line, source: step.source, tookMs, state: await run.describe() };
}

/** A promise that rejects when the signal is given, until it is disposed. */
function abortion(signal: AbortSignal): Disposable & { readonly promise: Promise<never> } {
  let abort = () => {};
  const promise = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  promise.catch(() => undefined);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', abort) };
}
