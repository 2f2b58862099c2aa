import { createInterface, type Interface } from 'node:readline';
import { SynodError } from '../../actors/errors.ts';
import type { Commands } from '../scenario/command.ts';
import { LineError, UsageError } from '../scenario/errors.ts';
import { LineReader } from '../scenario/line-reader.ts';
import { colorsFor, type Output } from './colors.ts';
import { EXIT_BAD_INPUT, EXIT_FAILED, EXIT_OK } from './exit-status.ts';
import { readHistory, writeHistory } from './shell-history.ts';
import type { ShellScope, ShellVoice } from './shell-language.ts';

const HISTORY_LINES_MAX = 1000;

/** Where a shell reads and writes. */
export interface ShellOptions {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: Output;
  readonly errors: Output;
  /** What runs and where its data is, in a line. */
  readonly greeting: string;
  /** Where the lines typed are kept from one shell to the next. */
  readonly historyFile: string | undefined;
  readonly signal: AbortSignal;
}

/** What a shell works on. */
export interface ShellSystem {
  readonly cluster: { readonly nodes: readonly number[] };
}

/** What a shell understands. */
type Language<System> = Commands<ShellScope, System & ShellVoice>;

/**
 * Reads commands until the end, from a keyboard (with a prompt) or from a pipe (without), and carries them out one
 * after another. A command that fails does not end it. From a pipe the status is that of the worst line: 2 where
 * one was no command, 1 where one failed.
 */
export function runShell<System extends ShellSystem>(
  language: Language<System>,
  system: System,
  options: ShellOptions,
): Promise<number> {
  const isKeyboard = options.input.isTTY === true && options.output.isTTY === true;
  return isKeyboard ? fromKeyboard(language, system, options) : fromPipe(language, system, options);
}

async function fromPipe<System extends ShellSystem>(
  language: Language<System>,
  system: System,
  { input, output, errors, greeting, signal }: ShellOptions,
): Promise<number> {
  errors.write(`synod: ${greeting}\n`);
  let status = EXIT_OK;
  let ended = false;
  const session: System & ShellVoice = {
    ...system,
    print: (line) => void output.write(`${line}\n`),
    note: () => {},
    exit: () => {
      ended = true;
    },
  };
  const lines = createInterface({ input, signal });
  let number = 0;
  for await (const line of lines) {
    number++;
    const outcome = await carryOut(language, line, session, signal);
    if (outcome.problem !== undefined) errors.write(`line ${number}: ${outcome.problem}\n`);
    status = Math.max(status, outcome.status);
    if (ended || signal.aborted) break;
  }
  signal.throwIfAborted();
  return status;
}

async function fromKeyboard<System extends ShellSystem>(
  language: Language<System>,
  system: System,
  options: ShellOptions,
): Promise<number> {
  const { input, output, greeting, historyFile, signal } = options;
  const colors = colorsFor(output);
  output.write(`${greeting}\n${colors.dim('help lists the commands, Tab completes them, Ctrl-D ends')}\n`);
  const lines = createInterface({
    input,
    output,
    prompt: colors.bold('synod> '),
    completer: (line: string) => complete(Object.keys(language), line),
    history: historyFile === undefined ? [] : await readHistory(historyFile),
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
  });
  const ending = new AbortController();
  /** Aborted by Ctrl-C while a command runs. */
  let running: AbortController | undefined;
  const session: System & ShellVoice = {
    ...system,
    print: (line) => void output.write(`${line}\n`),
    note: (line) => void output.write(`${colors.dim(line)}\n`),
    exit: () => ending.abort(),
  };
  lines.on('SIGINT', () => {
    if (running !== undefined) running.abort(new LineError('not waited for any longer; it may still happen'));
    else if (lines.line === '') ending.abort();
    else clearLine(lines);
  });
  if (historyFile !== undefined)
    lines.on('history', (history: string[]) => void writeHistory(historyFile, history));
  const stop = () => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  ending.signal.addEventListener('abort', stop, { once: true });
  lines.prompt();
  for await (const line of lines) {
    running = new AbortController();
    const { problem } = await carryOut(language, line, session, AbortSignal.any([running.signal, signal]));
    running = undefined;
    if (problem !== undefined) output.write(`${colors.red(problem)}\n`);
    if (ending.signal.aborted || signal.aborted) break;
    lines.prompt();
  }
  if (lines.line !== '' || !ending.signal.aborted) output.write('\n');
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  return EXIT_OK;
}

/** Carries one line out. */
async function carryOut<System extends ShellSystem>(
  language: Language<System>,
  line: string,
  session: System & ShellVoice,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly problem?: string }> {
  const reader = new LineReader(line);
  const name = reader.word();
  if (name === undefined || name.startsWith('#')) return { status: EXIT_OK };
  const command = Object.hasOwn(language, name) ? language[name] : undefined;
  if (command === undefined)
    return { status: EXIT_BAD_INPUT, problem: `there is no command "${name}"; help lists them` };
  try {
    const scope: ShellScope = { nodes: session.cluster.nodes };
    await unlessAborted(command.bind(reader, scope)(session), signal);
    return { status: EXIT_OK };
  } catch (error) {
    if (error instanceof UsageError) {
      return {
        status: EXIT_BAD_INPUT,
        problem: `${error.message}; write "${`${name} ${command.synopsis}`.trim()}"`,
      };
    }
    if (error instanceof LineError) return { status: EXIT_BAD_INPUT, problem: error.message };
    if (error instanceof SynodError)
      return { status: EXIT_FAILED, problem: `${error.message} (${error.code})` };
    throw error;
  }
}

async function unlessAborted(work: void | Promise<void>, signal: AbortSignal): Promise<void> {
  if (work === undefined) return;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function complete(names: readonly string[], line: string): [string[], string] {
  const found = names.filter((name) => name.startsWith(line.trimStart()));
  return [found.map((name) => `${name} `), line];
}

function clearLine(lines: Interface): void {
  lines.write(null, { ctrl: true, name: 'e' });
  lines.write(null, { ctrl: true, name: 'u' });
}
