import { once } from 'node:events';
import { Command, Option } from 'commander';
import {
  lineOf,
  type StoreWorkloadOptions,
  storeWorkload,
  WORKLOAD_DEFAULTS,
  WORKLOAD_TOPOLOGIES,
} from '../scenario/store-workload.ts';
import { EXIT_OK } from './exit-status.ts';
import { interruptible } from './interruption.ts';

/** Lines that are written together. */
const LINES_TOGETHER = 64;

/** `synod generate`: scripts for `synod run`, as the bench of the eventually consistent store runs them. */
export function generateCommand(ending: (status: number) => void): Command {
  const { topology, commands, servers, clients, valueBytes, seed } = WORKLOAD_DEFAULTS;
  return new Command('generate')
    .description(
      'Write a script of the eventually consistent store: clients in turn put values, then it stabilizes.',
    )
    .addOption(
      new Option('--topology <name>', 'how the servers are connected')
        .choices(WORKLOAD_TOPOLOGIES)
        .default(topology),
    )
    .option('--commands <number>', 'how many commands, all together', Number, commands)
    .option('--servers <number>', 'how many servers', Number, servers)
    .option('--clients <number>', 'how many clients', Number, clients)
    .option('--value-bytes <number>', 'how long each value is', Number, valueBytes)
    .option('--seed <number>', 'the same seed, the same script', Number, seed)
    .action(async (options: StoreWorkloadOptions) => {
      ending(await interruptible((signal) => generate(options, signal)));
    });
}

async function generate(options: StoreWorkloadOptions, signal: AbortSignal): Promise<number> {
  let waiting = ['# protocol: eventual', `# ${Object.entries(options).map(pairOf).join(' ')}`];
  for (const command of storeWorkload(options)) {
    waiting.push(lineOf(command));
    if (waiting.length < LINES_TOGETHER) continue;
    await write(waiting, signal);
    waiting = [];
  }
  await write(waiting, signal);
  return EXIT_OK;
}

/** No more than standard output takes. */
async function write(lines: readonly string[], signal: AbortSignal): Promise<void> {
  if (!process.stdout.write(lines.map((line) => `${line}\n`).join('')))
    await once(process.stdout, 'drain', { signal });
}

function pairOf([option, value]: [string, unknown]): string {
  return `${option}=${String(value)}`;
}
