import { type LoadProgram, loadProgram, type ProgramReference } from '../../../actors/program.ts';
import { type Instrument, instrumentedProgram } from '../../../src/simulation/watch/instrumented-program.ts';
import { PLANTED_BUGS } from '../../simulation/support/planted-bugs.ts';

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
  const { reference } = instrumentedProgram(program, [instrumentOf(bug)]);
  return loadProgram(reference, context);
};

function instrumentOf(bug: string): Instrument {
  const found = Object.values(PLANTED_BUGS).find((bugs) => Object.hasOwn(bugs, bug))?.[bug];
  if (found === undefined) throw new TypeError(`there is no bug "${bug}"`);
  return found;
}
