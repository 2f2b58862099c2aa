import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { type Departure, type Replayed, replay } from '../simulation/replay.ts';
import { readTrace } from '../traces/read-trace.ts';
import { showRecord, showValue } from '../traces/show-record.ts';
import type { RunOutcome, Trace, TraceFileRecord } from '../traces/trace.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-status.ts';
import { nameOfInput, readInput } from './input.ts';
import { interruptible } from './interruption.ts';
import { eventNumber, protocolReference } from './simulate-options.ts';

/** Of each value that an actor keeps, so many characters are shown, unless all is asked for. */
const VALUE_CHARACTERS_MAX = 40;
/** What an actor is told when it begins, and every other one of its cluster, too. */
const THE_SAME_ALWAYS: readonly string[] = ['node', 'nodes', 'settings'];

interface ReplayArguments {
  readonly protocol?: string;
  readonly step: boolean;
  readonly until?: number;
  readonly verbose: boolean;
}

/** `synod replay`: a recorded run, again. */
export function replayCommand(ending: (status: number) => void): Command {
  return new Command('replay')
    .description(
      'Run a recorded simulation again, strike by strike, and compare it event by event. Status 0: all is the same; 1: it ' +
        'departs, or what was violated is violated again.',
    )
    .argument('<file>', 'a trace, as `synod simulate --trace FILE` writes it')
    .option('--protocol <name>', 'run this one, instead of the recorded one', protocolReference)
    .option('--step', 'show one event at a time: Enter goes on, q ends', false)
    .option('--until <n>', 'stop with event n, and show the actors of every node', eventNumber('--until'))
    .option('--verbose', 'show each event', false)
    .action(async (path: string, options: ReplayArguments) => {
      ending(await interruptible((signal) => replayFile(path, options, signal)));
    });
}

async function replayFile(path: string, options: ReplayArguments, signal: AbortSignal): Promise<number> {
  const { protocol, step, until, verbose } = options;
  const trace = readTrace(nameOfInput(path), await readInput(path));
  const replayed = await replay(trace, {
    ...(protocol === undefined ? {} : { protocol }),
    ...(until === undefined ? {} : { until }),
    signal,
  });
  const events = trace.records.slice(0, replayed.events);
  if (step && !(await stepThrough(events))) return EXIT_OK;
  if (verbose && !step) for (const [index, record] of events.entries()) print(lineOf(index + 1, record));
  tell(trace, replayed, verbose);
  return isWell(replayed) ? EXIT_OK : EXIT_FAILED;
}

function isWell(replayed: Replayed): boolean {
  return replayed.kind === 'stopped' || (replayed.kind === 'same' && !replayed.outcome.violated);
}

/** False when it was to end before the last event. */
async function stepThrough(events: readonly TraceFileRecord[]): Promise<boolean> {
  const lines = createInterface({ input: process.stdin });
  const answers = lines[Symbol.asyncIterator]();
  try {
    for (const [index, record] of events.entries()) {
      print(lineOf(index + 1, record));
      const { done, value } = await answers.next();
      if (done === true || value.trim() === 'q') return false;
    }
    return true;
  } finally {
    lines.close();
  }
}

function tell({ file, header, records }: Trace, replayed: Replayed, verbose: boolean): void {
  const { protocol } = header.run;
  const count = replayed.events.toLocaleString('en-US');
  const what = `${protocol}: ${count} events the same, ${replayed.endMs.toFixed(3)} ms of virtual time`;
  switch (replayed.kind) {
    case 'same':
      print(what);
      if (replayed.outcome.violated) print(`violated again:\n${showOutcome(replayed.outcome)}`);
      return;
    case 'differs':
      print(what);
      print(`${file}:${records.length + 2}: comes to another end`);
      print(
        `  recorded: ${showOutcome(replayed.recorded).trim()}\n  now:      ${showOutcome(replayed.outcome).trim()}`,
      );
      return;
    case 'departs':
      print(what);
      print(showDeparture(file, replayed.departure));
      return;
    case 'stopped':
      print(what);
      showActors(replayed, verbose);
  }
}

function showDeparture(file: string, { n, recorded, now }: Departure): string {
  const [one, other] = [recorded, now].map((record) =>
    record === undefined ? 'the end' : showRecord(record).trim(),
  );
  const isShown = one !== other;
  const [before, after] = isShown ? [one, other] : [recorded, now].map((record) => JSON.stringify(record));
  return `${file}:${n + 1}: departs at event ${n}\n  recorded: ${before}\n  now:      ${after}`;
}

function showOutcome(outcome: RunOutcome): string {
  if (!outcome.violated) return '  nothing was violated';
  return outcome.message.replace(/^/gm, '  ');
}

function showActors({ actors }: Replayed, verbose: boolean): void {
  for (const [node, views] of actors) {
    print(views.length === 0 ? `node ${node} does not run` : `node ${node}`);
    for (const { address, value, context } of views)
      print(`  ${address.slice(node.length + 1)}: ${showValue(value)}  ${showContext(context, verbose)}`);
  }
}

function showContext(context: unknown, verbose: boolean): string {
  if (verbose || typeof context !== 'object' || context === null) return JSON.stringify(context);
  const entries = Object.entries(context).filter(
    ([name, value]) => value !== undefined && !THE_SAME_ALWAYS.includes(name),
  );
  return entries.map(([name, value]) => `${name}=${shortened(JSON.stringify(value))}`).join(' ');
}

function shortened(text: string): string {
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`;
}

function lineOf(n: number, record: TraceFileRecord): string {
  return `${String(n).padStart(7)}  ${showRecord(record)}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
