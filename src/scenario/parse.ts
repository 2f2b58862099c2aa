import type { Act } from './command.ts';
import { BadScenarioError, LineError, type Mistake, UsageError } from './errors.ts';
import type { Environment, Grammar, ScenarioRun } from './grammar.ts';
import { LineReader } from './line-reader.ts';

/** A command of a script, ready to be carried out. */
export interface Step {
  /** Counted from 1. */
  readonly line: number;
  readonly source: string;
  /** Nothing where the next line need not wait for this one. */
  act(): void | Promise<void>;
}

/** A script and what it acts on. */
export interface OpenScript {
  readonly run: ScenarioRun;
  readonly steps: readonly Step[];
}

/** A script that was checked whole. */
export interface Script {
  /** Makes ready to run; starts nothing yet. */
  open(environment: Environment): OpenScript;
}

/** A line that holds a command. */
export interface CommandLine {
  readonly line: number;
  readonly source: string;
}

/** The lines of a text without their ends, whichever system wrote it. */
export function linesOf(content: string): string[] {
  const lines = content.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The lines that hold commands; blank lines and comments are left out. */
export function commandLines(content: string): CommandLine[] {
  return linesOf(content)
    .map((source, index) => ({ line: index + 1, source: source.trim() }))
    .filter(({ source }) => source !== '' && !source.startsWith('#'));
}

/** Checks a whole script. @throws BadScenarioError with every line that is wrong. */
export function parseScript<Scope, Run extends ScenarioRun>(
  grammar: Grammar<Scope, Run>,
  file: string,
  content: string,
): Script {
  const scope = grammar.scope();
  const mistakes: Mistake[] = [];
  const bound: (CommandLine & { readonly act: Act<Run> })[] = [];
  for (const { line, source } of commandLines(content)) {
    try {
      bound.push({ line, source, act: bind(grammar, scope, source) });
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      mistakes.push({ line, what: error.message });
    }
  }
  if (mistakes.length > 0) throw new BadScenarioError(file, mistakes);
  return {
    open(environment) {
      const run = grammar.open(environment);
      return { run, steps: bound.map(({ line, source, act }) => ({ line, source, act: () => act(run) })) };
    },
  };
}

function bind<Scope, Run extends ScenarioRun>(
  grammar: Grammar<Scope, Run>,
  scope: Scope,
  source: string,
): Act<Run> {
  const reader = new LineReader(source);
  const name = reader.word() ?? '';
  const command = Object.hasOwn(grammar.commands, name) ? grammar.commands[name] : undefined;
  if (command === undefined) {
    throw new LineError(
      `unknown command "${name}"; known are ${Object.keys(grammar.commands).sort().join(', ')}`,
    );
  }
  grammar.allow(scope, name);
  try {
    return command.bind(reader, scope);
  } catch (error) {
    if (error instanceof UsageError) {
      throw new LineError(`${error.message}; write "${[name, command.synopsis].join(' ').trim()}"`);
    }
    throw error;
  }
}
