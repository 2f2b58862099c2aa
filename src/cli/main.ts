#!/usr/bin/env node
/** The command line: reads arguments, hands over to one file for each command, and turns the outcome into an exit status. */
import { Command, CommanderError } from 'commander';
import { SynodError } from '../../actors/errors.ts';
import { BadHistoryError } from '../checks/index.ts';
import { BadOptionError } from '../errors.ts';
import { BadScenarioError } from '../scenario/errors.ts';
import { scenarioProtocols } from '../scenario/scenario.ts';
import { BadTraceError, NotReplayableError } from '../traces/errors.ts';
import { versionOfPackage } from '../version.ts';
import { benchCommand } from './bench-command.ts';
import { EXIT_BAD_INPUT, EXIT_FAILED, EXIT_OK, UsageError } from './exit-status.ts';
import { exportCommand } from './export-command.ts';
import { generateCommand } from './generate-command.ts';
import { replayCommand } from './replay-command.ts';
import { runCommand } from './run-command.ts';
import { simulateCommand } from './simulate-command.ts';
import { startCommand } from './start-command.ts';
import { verifyCommand } from './verify-command.ts';

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_BAD_INPUT;
  process.stderr.write(`${messageOf(error)}\n`);
  const isUsage =
    error instanceof UsageError || error instanceof BadOptionError || error instanceof NotReplayableError;
  return isBadInput(error) || isUsage ? EXIT_BAD_INPUT : EXIT_FAILED;
}

function messageOf(error: unknown): string {
  if (isBadInput(error)) return error.message;
  if (error instanceof UsageError) return `synod: ${error.message}`;
  if (error instanceof SynodError) return `synod: ${error.message} (${error.code})`;
  return `synod: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Its message says file and line. */
function isBadInput(error: unknown): error is BadScenarioError | BadHistoryError | BadTraceError {
  return (
    error instanceof BadScenarioError || error instanceof BadHistoryError || error instanceof BadTraceError
  );
}

/** Ends the process when what was written has left it. */
function exit(status: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
}

// Whoever reads us has had enough (`synod run … | head`): there is nobody left to tell.
process.stdout.on('error', () => process.exit(EXIT_FAILED));

let status = EXIT_OK;
const ending = (outcome: number) => {
  status = outcome;
};
const program = new Command('synod')
  .description('Replicated systems made of statecharts: run them, break them, measure them.')
  .version(versionOfPackage())
  .exitOverride()
  .showHelpAfterError('(synod --help and synod COMMAND --help say more)');
program.addCommand(runCommand(scenarioProtocols, ending).copyInheritedSettings(program));
program.addCommand(startCommand(ending).copyInheritedSettings(program));
program.addCommand(benchCommand(ending).copyInheritedSettings(program));
program.addCommand(generateCommand(ending).copyInheritedSettings(program));
program.addCommand(verifyCommand(ending).copyInheritedSettings(program));
program.addCommand(simulateCommand(ending).copyInheritedSettings(program));
program.addCommand(replayCommand(ending).copyInheritedSettings(program));
program.addCommand(exportCommand(ending).copyInheritedSettings(program));
program.parseAsync().then(
  () => exit(status),
  (error: unknown) => exit(statusOf(error)),
);
