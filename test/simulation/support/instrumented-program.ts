import type { AnyStateMachine } from 'xstate';
import type { Effects } from '../../../actors/effects.ts';
import type { LoadProgram, Program, ProgramContext, ProgramReference } from '../../../actors/program.ts';
import { loadProgram } from '../../../actors/program.ts';
import type { AcceptorInput } from '../../../machines/paxos/acceptor-context.ts';
import type { LeaderInput } from '../../../machines/paxos/leader-context.ts';
import type { ReplicaInput as PaxosReplicaInput } from '../../../machines/paxos/replica-context.ts';
import type { ReplicaInput as RaftReplicaInput } from '../../../machines/raft/replica.ts';
import type { ServerInput } from '../../../machines/raft/server-context.ts';
import type { CoordinatorInput } from '../../../machines/two-phase-commit/coordinator.ts';
import type { ParticipantInput } from '../../../machines/two-phase-commit/participant.ts';

interface Opened<Inputs> {
  readonly node: string;
  roles: Record<string, AnyStateMachine>;
  /** What its first actors start with, by role. */
  readonly inputs: Inputs;
}

export type OpenPaxos = Opened<{ acceptor: AcceptorInput; replica: PaxosReplicaInput; leader: LeaderInput }>;
export type OpenRaft = Opened<{ server: ServerInput; replica: RaftReplicaInput }>;

export type OpenTwoPhaseCommit = Opened<{ coordinator?: CoordinatorInput; participant?: ParticipantInput }>;

/** A node's program, open to those who watch it or plant a bug in it. */
export type OpenProgram = OpenPaxos | OpenRaft;

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
 * By number, for what a program is told goes through a structured clone. Global, for mocha requires this module and a
 * host imports it, which may give two of it.
 */
const REGISTRY = Symbol.for('synod/test/instruments');
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
  const open = { node: context.node, roles: { ...roles }, inputs } as unknown as OpenProgram;
  const known = registry.get(instruments);
  if (known === undefined) throw new Error('a node starts whose cluster is disposed');
  for (const instrument of known) instrument(open, context);
  return { roles: open.roles, start: Object.entries(open.inputs).map(([role, input]) => ({ role, input })) };
};

/** An instrument for Multi-Paxos alone. */
export function forPaxos(instrument: Instrument<OpenPaxos>): Instrument {
  return (open, context) => {
    if (!('acceptor' in open.inputs))
      throw new TypeError('an instrument of Multi-Paxos for another protocol');
    instrument(open as OpenPaxos, context);
  };
}

/** An instrument for Raft alone. */
export function forRaft(instrument: Instrument<OpenRaft>): Instrument {
  return (open, context) => {
    if (!('server' in open.inputs)) throw new TypeError('an instrument of Raft for another protocol');
    instrument(open as OpenRaft, context);
  };
}

/** An instrument for two-phase commit alone. */
export function forTwoPhaseCommit(
  instrument: (program: OpenTwoPhaseCommit, context: ProgramContext) => void,
): Instrument {
  return (open, context) => {
    if (!('coordinator' in open.roles || 'participant' in open.roles))
      throw new TypeError('an instrument of two-phase commit for another protocol');
    instrument(open as unknown as OpenTwoPhaseCommit, context);
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
