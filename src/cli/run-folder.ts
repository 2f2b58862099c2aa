import type { JournalKind } from '../../actors/memory.ts';
import { type ComparedLine, drawComparison } from '../scenario/compare.ts';
import { BadScenarioError } from '../scenario/errors.ts';
import { runPair, type ScenarioPair, scenariosOf } from '../scenario/folder.ts';
import type { Progress } from '../scenario/run-script.ts';
import { colorsFor } from './colors.ts';
import { EXIT_BAD_INPUT, EXIT_FAILED, EXIT_OK, UsageError } from './exit-status.ts';

type Result = 'passed' | 'differs' | 'failed' | 'bad';

interface Outcome {
  readonly result: Result;
  readonly tookMs: number;
  /** The difference, or what went wrong. */
  readonly comparison?: readonly ComparedLine[];
  readonly error?: string;
}

interface FolderOptions {
  readonly protocol: string | undefined;
  readonly journal: JournalKind;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly watch: ((progress: Progress) => void) | undefined;
  warn(error: Error): void;
}

/** Runs every NAME.test of a folder against its NAME.sol: a line for each, and a tally. */
export async function runFolder(folder: string, options: FolderOptions): Promise<number> {
  const pairs = scenariosOf(folder);
  if (pairs.length === 0) throw new UsageError(`there is no NAME.test in ${folder}`);
  const tally: Record<Result, number> = { passed: 0, differs: 0, failed: 0, bad: 0 };
  const width = Math.max(...pairs.map(({ name }) => name.length));
  const startedMs = performance.now();
  for (const pair of pairs) {
    const outcome = await runOne(pair, options);
    tally[outcome.result]++;
    if (options.json) tellJson(pair, outcome);
    else tell(pair, outcome, width);
  }
  if (!options.json) tellTally(tally, performance.now() - startedMs);
  if (tally.bad > 0) return EXIT_BAD_INPUT;
  return tally.passed === pairs.length ? EXIT_OK : EXIT_FAILED;
}

async function runOne(
  pair: ScenarioPair,
  { protocol, journal, signal, watch, warn }: FolderOptions,
): Promise<Outcome> {
  const startedMs = performance.now();
  const took = () => performance.now() - startedMs;
  try {
    const comparison = await runPair(pair, { protocol, journal, signal, watch, warn });
    if (comparison === undefined) return { result: 'passed', tookMs: took() };
    return { result: 'differs', tookMs: took(), comparison };
  } catch (error) {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return { result: error instanceof BadScenarioError ? 'bad' : 'failed', tookMs: took(), error: message };
  }
}

function tell(pair: ScenarioPair, { result, tookMs, comparison, error }: Outcome, width: number): void {
  const colors = colorsFor(process.stdout);
  const word = result === 'passed' ? colors.green('pass') : colors.red(result === 'bad' ? 'bad ' : 'fail');
  process.stdout.write(
    `${word}  ${pair.name.padEnd(width)}  ${colors.dim(`${(tookMs / 1000).toFixed(2)} s`)}\n`,
  );
  if (comparison !== undefined) process.stdout.write(`${indent(drawComparison(comparison, colors))}\n`);
  if (error !== undefined) process.stdout.write(`${indent(error)}\n`);
}

function tellJson(pair: ScenarioPair, { result, tookMs, comparison, error }: Outcome): void {
  const differences = comparison?.filter(({ kind }) => kind !== 'same');
  const row = { scenario: pair.name, result, tookMs: Math.round(tookMs), differences, error };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

function tellTally({ passed, differs, failed, bad }: Record<Result, number>, tookMs: number): void {
  const parts = [`${passed} passed`];
  if (differs > 0) parts.push(`${differs} differ`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (bad > 0) parts.push(`${bad} bad`);
  process.stdout.write(`\n${parts.join(', ')} in ${(tookMs / 1000).toFixed(1)} s\n`);
}

function indent(lines: string): string {
  return lines.replace(/^/gm, '      ');
}
