import type { AnyStateMachine } from 'xstate';
import type { Clock } from './clock.ts';
import { importModule } from './import-module.ts';
import type { Journal } from './journal.ts';
import type { Memory } from './memory.ts';
import type { Random } from './random.ts';

/** What a node's program is given to build its actors from. */
export interface ProgramContext {
  /** The node's own name. */
  readonly node: string;
  /** What the node knows of its former lives; a program that cannot do without refuses `lost`. */
  readonly memory: Memory;
  /** The node's journal, as the last life of the node left it. */
  readonly journal: Journal;
  /** The node's store, where what is persisted behind goes, as the last life left it. */
  readonly store: Journal;
  /** The node's randomness, for roles that draw (election time-outs, back-off). */
  readonly random: Random;
  /** The node's clock, for roles that compare moments (leases); virtual in a simulation. */
  readonly clock: Clock;
}

/** What runs on a node: its machines by role, and the actors to start with, in this order. */
export interface Program {
  readonly roles: Readonly<Record<string, AnyStateMachine>>;
  readonly start: readonly { readonly role: string; readonly input: unknown }[];
}

/** A program module exports this as `program`. `options` went through a structured clone. */
export type LoadProgram = (context: ProgramContext, options: unknown) => Program | Promise<Program>;

/** Names a program so that a thread can load it: the URL of its module, and plain-data options. */
export interface ProgramReference {
  readonly module: string;
  readonly options: unknown;
}

/** Loads a program by its module. @throws TypeError when the module exports no `program`. */
export async function loadProgram(reference: ProgramReference, context: ProgramContext): Promise<Program> {
  const { program } = await importModule(reference.module);
  if (typeof program !== 'function') throw new TypeError(`${reference.module} exports no function "program"`);
  return (program as LoadProgram)(context, reference.options);
}
