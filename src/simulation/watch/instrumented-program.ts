import type { AnyStateMachine } from 'xstate';
import type { Effects } from '../../../actors/effects.ts';
import type { LoadProgram, Program, ProgramContext, ProgramReference } from '../../../actors/program.ts';
import { loadProgram } from '../../../actors/program.ts';

/** A node's program, open to those who watch it or plant a bug in it. */
export interface OpenProgram {
  readonly node: string;
  roles: Record<string, AnyStateMachine>;
  /** What its first actors start with, by role. */
  readonly inputs: object;
}

/** Changes a program before it runs; called at every start of a node. */
export type Instrument<Program extends OpenProgram = OpenProgram> = (
  program: Program,
  context: ProgramContext,
) => void;

interface Options {
  readonly program: ProgramReference;
  readonly instruments: number;
}

/**
 * By number, for what a program is told goes through a structured clone. Global, for who requires this module (mocha)
 * and a host, which imports it, may have two of it.
 */
const REGISTRY = Symbol.for('synod/instruments');
const globals = globalThis as { [REGISTRY]?: Map<number, readonly Instrument[]> };
globals[REGISTRY] ??= new Map();
const registry = globals[REGISTRY];
let registered = 0;

/** Names a program that these instruments change; dispose it when no node will start any more. */
export function instrumentedProgram(
  program: ProgramReference,
  instruments: readonly Instrument[],
): { readonly reference: ProgramReference } & Disposable {
  registered += 1;
  const number = registered;
  registry.set(number, instruments);
  return {
    reference: { module: import.meta.url, options: { program, instruments: number } satisfies Options },
    [Symbol.dispose]: () => void registry.delete(number),
  };
}

export const program: LoadProgram = async (context, options): Promise<Program> => {
  const { program: reference, instruments } = options as Options;
  const { roles, start } = await loadProgram(reference, context);
  const inputs = Object.fromEntries(start.map(({ role, input }) => [role, input]));
  const open: OpenProgram = { node: context.node, roles: { ...roles }, inputs };
  const known = registry.get(instruments);
  if (known === undefined) throw new Error('a node starts whose cluster is disposed');
  for (const instrument of known) instrument(open, context);
  return { roles: open.roles, start: Object.entries(open.inputs).map(([role, input]) => ({ role, input })) };
};

/** An instrument for programs that start with an actor of this role. */
export function forPrograms<Program extends OpenProgram>(
  role: string,
  instrument: Instrument<Program>,
): Instrument {
  return (open, context) => {
    if (!(role in open.inputs)) throw new TypeError(`an instrument of a program with the role ${role}`);
    instrument(open as Program, context);
  };
}

/** What a role's actions and guards are called with. */
// biome-ignore lint/suspicious/noExplicitAny: instruments look into roles of every kind.
export type Arguments = { readonly context: any; readonly event: any };

/** Replaces an action of a role; `original` does what it did. */
export function replaceAction(
  program: Pick<OpenProgram, 'roles'>,
  role: string,
  action: string,
  replacement: (args: Arguments, original: (args: Arguments) => Effects) => Effects,
): void {
  const machine = machineOf(program, role);
  const original = machine.implementations.actions[action];
  if (typeof original !== 'function') throw new TypeError(`${role} has no action ${action}`);
  const call = (args: Arguments) =>
    (original as (args: Arguments, params: undefined) => Effects)(args, undefined);
  const actions = { [action]: (args: Arguments) => replacement(args, call) };
  program.roles[role] = machine.provide({ actions } as unknown as Parameters<AnyStateMachine['provide']>[0]);
}

/** Replaces a guard of a role. */
export function replaceGuard(
  program: Pick<OpenProgram, 'roles'>,
  role: string,
  guard: string,
  replacement: (args: Arguments, original: (args: Arguments) => boolean) => boolean,
): void {
  const machine = machineOf(program, role);
  const original = machine.implementations.guards[guard];
  if (typeof original !== 'function') throw new TypeError(`${role} has no guard ${guard}`);
  const call = (args: Arguments) =>
    (original as (args: Arguments, params: undefined) => boolean)(args, undefined);
  const guards = { [guard]: (args: Arguments) => replacement(args, call) };
  program.roles[role] = machine.provide({ guards } as unknown as Parameters<AnyStateMachine['provide']>[0]);
}

/** Calls `look` with the context of a role whenever one of these actions is carried out, before it is. */
export function watchActions(
  program: Pick<OpenProgram, 'roles'>,
  role: string,
  actions: readonly string[],
  look: (args: Arguments) => void,
): void {
  for (const action of actions) {
    replaceAction(program, role, action, (args, original) => {
      look(args);
      return original(args);
    });
  }
}

function machineOf({ roles }: Pick<OpenProgram, 'roles'>, role: string): AnyStateMachine {
  const machine = roles[role];
  if (machine === undefined) throw new TypeError(`there is no role ${role}`);
  return machine;
}
