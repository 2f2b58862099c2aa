import type { AnyStateMachine } from 'xstate';
import type { Effects } from '../../../actors/effects.ts';
import type { LoadProgram, Program, ProgramContext, ProgramReference } from '../../../actors/program.ts';
import { loadProgram } from '../../../actors/program.ts';

/** A node's program, open to those who watch it or plant a bug in it. */
export interface OpenProgram {
  readonly node: string;
  readonly roles: Readonly<Record<string, AnyStateMachine>>;
  /** What its first actors start with, by role. */
  readonly inputs: object;
  /** What its roles do otherwise, by role. */
  readonly changes: Map<string, RoleChanges>;
}

/** Actions and guards in the place of a role's own. */
interface RoleChanges {
  readonly actions: Record<string, (args: Arguments) => Effects>;
  readonly guards: Record<string, (args: Arguments) => boolean>;
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
  const changes = new Map<string, RoleChanges>();
  const open: OpenProgram = { node: context.node, roles, inputs, changes };
  const known = registry.get(instruments);
  if (known === undefined) throw new Error('a node starts whose cluster is disposed');
  for (const instrument of known) instrument(open, context);
  return {
    roles: { ...roles, ...changedRoles(open) },
    start: Object.entries(open.inputs).map(([role, input]) => ({ role, input })),
  };
};

/** All changes of a role at once: each time that a machine is provided with other implementations it is built anew. */
function changedRoles({ roles, changes }: OpenProgram): Record<string, AnyStateMachine> {
  const changed = [...changes].map(([role, implementations]) => {
    const machine = roles[role]!;
    return [role, machine.provide(implementations as unknown as Parameters<typeof machine.provide>[0])];
  });
  return Object.fromEntries(changed);
}

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
  program: OpenProgram,
  role: string,
  action: string,
  replacement: (args: Arguments, original: (args: Arguments) => Effects) => Effects,
): void {
  const { actions } = changesOf(program, role);
  const own = machineOf(program, role).implementations.actions[action];
  const original = actions[action] ?? own;
  if (typeof original !== 'function') throw new TypeError(`${role} has no action ${action}`);
  const call = (args: Arguments) =>
    (original as (args: Arguments, params: undefined) => Effects)(args, undefined);
  actions[action] = (args) => replacement(args, call);
}

/** Replaces a guard of a role. */
export function replaceGuard(
  program: OpenProgram,
  role: string,
  guard: string,
  replacement: (args: Arguments, original: (args: Arguments) => boolean) => boolean,
): void {
  const { guards } = changesOf(program, role);
  const own = machineOf(program, role).implementations.guards[guard];
  const original = guards[guard] ?? own;
  if (typeof original !== 'function') throw new TypeError(`${role} has no guard ${guard}`);
  const call = (args: Arguments) =>
    (original as (args: Arguments, params: undefined) => boolean)(args, undefined);
  guards[guard] = (args) => replacement(args, call);
}

/** Calls `look` with the context of a role whenever one of these actions is carried out, before it is. */
export function watchActions(
  program: OpenProgram,
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

function changesOf({ changes }: OpenProgram, role: string): RoleChanges {
  const known = changes.get(role) ?? { actions: {}, guards: {} };
  changes.set(role, known);
  return known;
}

function machineOf({ roles }: OpenProgram, role: string): AnyStateMachine {
  const machine = roles[role];
  if (machine === undefined) throw new TypeError(`there is no role ${role}`);
  return machine;
}
