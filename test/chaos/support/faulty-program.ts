import { type LoadProgram, loadProgram, type ProgramReference } from '../../../actors/program.ts';
import { instrumentedProgram } from '../../../src/simulation/watch/instrumented-program.ts';
import { plantedBug } from '../../simulation/support/planted-bugs.ts';

interface Options {
  readonly program: ProgramReference;
  readonly bug: string;
}

/** The same program with a known bug, for nodes on threads: to prove that chaos finds it. */
export function faultyProgram(program: ProgramReference, bug: string | undefined): ProgramReference {
  if (bug === undefined) return program;
  return { module: import.meta.url, options: { program, bug } satisfies Options };
}

export const program: LoadProgram = async (context, options) => {
  const { program, bug } = options as Options;
  const { reference } = instrumentedProgram(program, [plantedBug(bug)]);
  return loadProgram(reference, context);
};
