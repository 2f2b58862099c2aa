import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { toChrome } from '../traces/exports/chrome.ts';
import { MERMAID_EVENTS_MAX, toMermaid } from '../traces/exports/mermaid.ts';
import type { Selection } from '../traces/exports/selection.ts';
import { toShiviz } from '../traces/exports/shiviz.ts';
import { readTrace } from '../traces/read-trace.ts';
import type { Trace } from '../traces/trace.ts';
import { EXIT_OK, UsageError } from './exit-status.ts';
import { nameOfInput, readInput } from './input.ts';
import { eventNumber } from './simulate-options.ts';

const FORMATS = ['shiviz', 'chrome', 'mermaid'] as const;
type Format = (typeof FORMATS)[number];

interface ExportArguments extends Selection {
  readonly format: Format;
  readonly output?: string;
}

/** `synod export`: a trace in the form of a tool that draws it. */
export function exportCommand(ending: (status: number) => void): Command {
  return new Command('export')
    .description(
      'Write a trace for a tool that draws it: ShiViz (a log with vector clocks), Perfetto (Chrome trace events), or ' +
        'Mermaid (a sequence diagram).',
    )
    .argument('<file>', 'a trace, as --trace of simulate, run and start writes it; - for standard input')
    .addOption(new Option('--format <name>', 'for whom').choices(FORMATS).makeOptionMandatory())
    .option('-o, --output <file>', 'write there, instead of standard output')
    .option('--from <n>', 'the first event', eventNumber('--from'))
    .option('--until <n>', 'the last event', eventNumber('--until'))
    .option('--messages <list>', 'of frames, those with these messages alone: p1a,p1b', (text) =>
      text.split(',').map((type) => type.trim()),
    )
    .action(async (path: string, options: ExportArguments) => {
      await exportFile(path, options);
      ending(EXIT_OK);
    });
}

async function exportFile(path: string, { format, output, ...selection }: ExportArguments): Promise<void> {
  const trace = readTrace(nameOfInput(path), await readInput(path));
  const drawing = draw(trace, format, selection);
  if (output === undefined) {
    process.stdout.write(drawing);
    return;
  }
  try {
    await writeFile(output, drawing);
  } catch (cause) {
    throw new UsageError(`cannot write ${output}: ${String(cause)}`);
  }
}

function draw(trace: Trace, format: Format, selection: Selection): string {
  if (format === 'shiviz') return toShiviz(trace, selection);
  if (format === 'chrome') return toChrome(trace, selection);
  const { text, left } = toMermaid(trace, selection);
  if (left > 0)
    process.stderr.write(
      `synod: ${left} events found no room, for a diagram takes ${MERMAID_EVENTS_MAX}; choose by --from, --until, --messages\n`,
    );
  return text;
}
