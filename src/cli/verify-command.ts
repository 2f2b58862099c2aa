import { Command, Option } from 'commander';
import { realClock } from '../../actors/threads/real-time.ts';
import {
  type CheckLimits,
  checkLinearizability,
  checkSerializability,
  checkSessions,
  type Findings,
  type History,
  type HistoryVerdict,
  type Operation,
  readHistory,
} from '../checks/index.ts';
import { toJson } from '../checks/json-lines.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_UNKNOWN, UsageError } from './exit-status.ts';
import { nameOfInput, readInput } from './input.ts';

const MODELS = ['register', 'kv', 'transactions', 'sessions'] as const;
type Model = (typeof MODELS)[number];

const SECONDS_MAX = 86_400;

const STATUS: Readonly<Record<HistoryVerdict, number>> = {
  ok: EXIT_OK,
  violated: EXIT_FAILED,
  unknown: EXIT_UNKNOWN,
};

interface VerifyArguments {
  readonly model: Model;
  readonly strict: boolean;
  readonly siblings: boolean;
  readonly timeLimit: number;
  readonly json: boolean;
}

/** `synod verify`: judges a recorded history. */
export function verifyCommand(ending: (status: number) => void): Command {
  return new Command('verify')
    .description('Check a recorded history: prints ok, violated or unknown, and what it found.')
    .argument('<file>', 'a history in EDN or as JSON lines, - for standard input')
    .addOption(
      new Option('--model <name>', 'what the operations act on').choices(MODELS).makeOptionMandatory(),
    )
    .option('--strict', 'transactions: each must come after those that had ended when it began', false)
    .option('--siblings', 'sessions: the store keeps concurrent puts of a key side by side', false)
    .option('--time-limit <seconds>', 'unknown when it takes longer', seconds, 60)
    .option('--json', 'the findings as a JSON line', false)
    .action(async (path: string, options: VerifyArguments) => {
      ending(await verify(path, options));
    });
}

async function verify(path: string, options: VerifyArguments): Promise<number> {
  if (options.strict && options.model !== 'transactions')
    throw new UsageError(
      '--strict goes with --model transactions; the others are in real time, or by session',
    );
  if (options.siblings && options.model !== 'sessions')
    throw new UsageError('--siblings goes with --model sessions; the others have one value at a time');
  const history = readHistory(nameOfInput(path), await readInput(path));
  const findings = check(history, options);
  process.stdout.write(
    options.json ? `${JSON.stringify(toReport(history, options.model, findings))}\n` : draw(findings),
  );
  return STATUS[findings.verdict];
}

function check(history: History, { model, strict, siblings, timeLimit }: VerifyArguments): Findings {
  const limits: CheckLimits = { clock: realClock, timeLimitMs: timeLimit * 1000 };
  switch (model) {
    case 'register':
    case 'kv':
      return checkLinearizability(history, model, limits);
    case 'transactions':
      return checkSerializability(history, { limits, realTime: strict });
    case 'sessions':
      return checkSessions(history, limits, { siblings });
  }
}

function draw({ verdict, violations, reason }: Findings): string {
  const found = violations.map(({ drawing }) => `\n${drawing}\n`);
  if (verdict === 'unknown') found.push(`\n${reason} was reached; nothing wrong was found until then\n`);
  return `${verdict}\n${found.join('')}`;
}

function toReport(history: History, model: Model, { verdict, violations, reason }: Findings): object {
  return {
    verdict,
    ...(reason === undefined ? {} : { reason }),
    model,
    operations: history.operations.length,
    violations: violations.map(({ name, operations, drawing }) => ({
      name,
      operations: operations.map((operation) => toEntry(history, operation)),
      drawing,
    })),
  };
}

function toEntry(history: History, operation: Operation): object {
  const { process, f, key, argument, result, outcome, invoked, completed } = operation;
  const isOpen = completed === Number.POSITIVE_INFINITY;
  return {
    process,
    f,
    ...(key === null ? {} : { key: toJson(key) }),
    value: toJson(outcome === 'ok' ? result : argument),
    type: outcome,
    lines: [history.lineOf(invoked), ...(isOpen ? [] : [history.lineOf(completed)])],
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= SECONDS_MAX) return value;
  throw new UsageError(`--time-limit must be a number of seconds up to ${SECONDS_MAX}, not "${text}"`);
}
