import { stat } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { JournalKind } from '../../actors/memory.ts';
import { compareLines, drawComparison } from '../scenario/compare.ts';
import { readExpected } from '../scenario/folder.ts';
import type { Progress } from '../scenario/run-script.ts';
import { parseScenario } from '../scenario/scenario.ts';
import { temporaryFolder } from '../scenario/temporary-folder.ts';
import { colorsFor } from './colors.ts';
import { EXIT_FAILED, EXIT_OK, UsageError } from './exit-status.ts';
import { nameOfInput, readInput, reading, STANDARD_INPUT } from './input.ts';
import { interruptible } from './interruption.ts';
import { journalOption } from './journal-option.ts';
import { runFolder } from './run-folder.ts';

interface RunArguments {
  readonly protocol?: string;
  readonly journal: JournalKind;
  readonly expect?: string;
  readonly trace?: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** `synod run`: runs a script, or every script of a folder against its expected output. */
export function runCommand(protocols: readonly string[], ending: (status: number) => void): Command {
  return new Command('run')
    .description('Run a scenario script in a cluster of its own, and print what the script prints.')
    .argument(
      '<path>',
      'a script, - for standard input, or a folder: runs each NAME.test against its NAME.sol',
    )
    .addOption(new Option('--protocol <name>', 'instead of the one that the script names').choices(protocols))
    .addOption(journalOption())
    .option('--expect <file>', 'compare the output with this file, line by line; status 1 where it differs')
    .option(
      '--trace <file>',
      'write there what happens on the nodes and between them (a script, not a folder)',
    )
    .option('--verbose', 'tell on stderr what each command did', false)
    .option('--json', 'for a folder: a JSON line for each script', false)
    .action(async (path: string, options: RunArguments) => {
      ending(await interruptible((signal) => runPath(path, options, signal)));
    });
}

async function runPath(path: string, options: RunArguments, signal: AbortSignal): Promise<number> {
  const watch = options.verbose ? tellProgress() : undefined;
  if (path !== STANDARD_INPUT && (await isFolder(path))) {
    if (options.expect !== undefined)
      throw new UsageError('--expect goes with one script; a folder has NAME.sol files');
    if (options.trace !== undefined) throw new UsageError('--trace goes with one script, not with a folder');
    const { protocol, journal } = options;
    return runFolder(path, { protocol, journal, json: options.json, signal, watch, warn });
  }
  if (options.json) throw new UsageError('--json goes with a folder; a single script prints its own lines');

  const scenario = parseScenario(nameOfInput(path), await readInput(path), options.protocol);
  const expected = options.expect === undefined ? undefined : await readExpected(options.expect);
  const printed: string[] = [];
  await using folder = await temporaryFolder();
  await scenario.run({
    dataDir: folder.path,
    journal: options.journal,
    trace: options.trace,
    signal,
    watch,
    warn,
    print: (line) => {
      process.stdout.write(`${line}\n`);
      if (expected !== undefined) printed.push(line);
    },
  });
  const comparison = expected && compareLines(expected, printed);
  if (comparison === undefined) return EXIT_OK;
  process.stderr.write(`${drawComparison(comparison, colorsFor(process.stderr))}\n`);
  return EXIT_FAILED;
}

async function isFolder(path: string): Promise<boolean> {
  return (await reading(path, stat(path))).isDirectory();
}

function warn(error: Error): void {
  process.stderr.write(`synod: ${error.message}\n`);
}

function tellProgress(): (progress: Progress) => void {
  const colors = colorsFor(process.stderr);
  const startedMs = performance.now();
  return ({ line, source, tookMs, state }) => {
    const at = ((performance.now() - startedMs) / 1000).toFixed(3).padStart(8);
    const took = `${tookMs.toFixed(1)} ms`.padStart(10);
    process.stderr.write(
      `${colors.dim(`${at} s ${took}`)}  ${String(line).padStart(3)}: ${source}  ${colors.dim(state)}\n`,
    );
  };
}
