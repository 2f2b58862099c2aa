import type { AnyStateMachine } from 'xstate';
import type { Effects } from '../../../actors/effects.ts';
import type { LoadProgram, Program, ProgramContext, ProgramReference } from '../../../actors/program.ts';
import type { AcceptorInput } from '../../../machines/paxos/acceptor-context.ts';
import type { LeaderInput } from '../../../machines/paxos/leader.ts';
import { type PaxosOptions, program as paxos } from '../../../machines/paxos/program.ts';
import type { ReplicaInput } from '../../../machines/paxos/replica-context.ts';

/** A Paxos node's program, open to those who watch it or plant a bug in it. */
export interface OpenProgram {
  readonly node: string;
  roles: Record<string, AnyStateMachine>;
  acceptor: AcceptorInput;
  replica: ReplicaInput;
  leader: LeaderInput;
}

/** Changes a program before it runs; called at every start of a node. */
export type Instrument = (program: OpenProgram, context: ProgramContext) => void;

interface Options {
  readonly paxos: PaxosOptions;
  readonly instruments: number;
}

/**
 * By number, for what a program is told goes through a structured clone. Global, for mocha requires this module and a
 * host imports it, which may give two of it.
 */
const REGISTRY = Symbol.for('synod/test/instruments');
const globals = globalThis as { [REGISTRY]?: Map<number, readonly Instrument[]> };
globals[REGISTRY] ??= new Map();
const registry = globals[REGISTRY];
let registered = 0;

/** Names a Paxos program that these instruments change; dispose it when no node will start any more. */
export function instrumentedProgram(
  options: PaxosOptions,
  instruments: readonly Instrument[],
): { readonly reference: ProgramReference } & Disposable {
  registered += 1;
  const number = registered;
  registry.set(number, instruments);
  return {
    reference: {
      module: import.meta.url,
      options: { paxos: options, instruments: number } satisfies Options,
    },
    [Symbol.dispose]: () => void registry.delete(number),
  };
}

export const program: LoadProgram = async (context, options): Promise<Program> => {
  const { paxos: paxosOptions, instruments } = options as Options;
  const { roles, start } = await paxos(context, paxosOptions);
  const [acceptor, replica, leader] = start.map(({ input }) => input);
  const open: OpenProgram = {
    node: context.node,
    roles: { ...roles },
    acceptor: acceptor as AcceptorInput,
    replica: replica as ReplicaInput,
    leader: leader as LeaderInput,
  };
  const known = registry.get(instruments);
  if (known === undefined) throw new Error('a node starts whose cluster is disposed');
  for (const instrument of known) instrument(open, context);
  return {
    roles: open.roles,
    start: [
      { role: 'acceptor', input: open.acceptor },
      { role: 'replica', input: open.replica },
      { role: 'leader', input: open.leader },
    ],
  };
};

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
  program: OpenProgram,
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

function machineOf({ roles }: OpenProgram, role: string): AnyStateMachine {
  const machine = roles[role];
  if (machine === undefined) throw new TypeError(`there is no role ${role}`);
  return machine;
}
