import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalKind } from '../../actors/memory.ts';
import { type ComparedLine, compareLines, expectedLines } from './compare.ts';
import { BadScenarioError } from './errors.ts';
import type { Progress } from './run-script.ts';
import { parseScenario } from './scenario.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A script and the file that says what it must print. */
export interface ScenarioPair {
  readonly name: string;
  readonly test: string;
  /** NAME.sol, whether it exists or not. */
  readonly expected: string;
}

/** The scripts of a folder, NAME.test each, in order of their names. */
export function scenariosOf(folder: string): ScenarioPair[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.test'))
    .map((name) => name.slice(0, -'.test'.length));
  return names.sort().map((name) => ({
    name,
    test: join(folder, `${name}.test`),
    expected: join(folder, `${name}.sol`),
  }));
}

/** How to run a script against what it must print. */
export interface PairOptions {
  readonly protocol?: string | undefined;
  /** Where the nodes keep what they must remember; `lmdb` by default. */
  readonly journal?: JournalKind | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly watch?: ((progress: Progress) => void) | undefined;
  /** A server has ended that the script did not end. */
  readonly warn?: ((error: Error) => void) | undefined;
}

/**
 * Runs a script in a fresh temporary folder and compares what it prints. Undefined when it prints what it must.
 * @throws BadScenarioError when the script is wrong or NAME.sol is missing.
 */
export async function runPair(
  pair: ScenarioPair,
  options: PairOptions = {},
): Promise<readonly ComparedLine[] | undefined> {
  const scenario = parseScenario(pair.test, await readFile(pair.test, 'utf8'), options.protocol);
  const expected = await readExpected(pair.expected);
  const printed: string[] = [];
  await using folder = await temporaryFolder();
  await scenario.run({
    dataDir: folder.path,
    journal: options.journal,
    print: (line) => void printed.push(line),
    signal: options.signal,
    watch: options.watch,
    warn: options.warn,
  });
  return compareLines(expected, printed);
}

/** The lines of a file with expected output. @throws BadScenarioError when it cannot be read. */
export async function readExpected(file: string): Promise<string[]> {
  try {
    return expectedLines(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
        ? 'it does not exist'
        : String(cause);
    throw new BadScenarioError(file, [
      { line: undefined, what: `the expected output cannot be read: ${reason}` },
    ]);
  }
}
