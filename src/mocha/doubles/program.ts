import { addressOf } from '../../../actors/address.ts';
import type { LoadProgram, ProgramReference } from '../../../actors/program.ts';
import { COORDINATOR, PARTICIPANT } from '../../../machines/two-phase-commit/client-messages.ts';
import { program as real, type TwoPhaseCommitOptions } from '../../../machines/two-phase-commit/program.ts';
import { type PuppetInput, puppet, relay, testOf } from './puppet.ts';

/** What nodes run of which some are played by a test. Plain data. */
export interface DoubleProgramOptions extends TwoPhaseCommitOptions {
  /** The nodes that are played. */
  readonly doubles: readonly string[];
}

export function doubleProgram(options: DoubleProgramOptions): ProgramReference {
  return { module: import.meta.url, options };
}

export const program: LoadProgram = (context, given) => {
  const options = given as DoubleProgramOptions;
  const { node } = context;
  if (!options.doubles.includes(node)) return real(context, options);
  const [leader = '', ...followers] = options.nodes;
  const role = node === leader ? COORDINATOR : PARTICIPANT;
  const input: PuppetInput = { self: addressOf(node, role), test: testOf(node), leader, followers };
  return { roles: { [role]: puppet, leader: relay }, start: [{ role, input }] };
};
