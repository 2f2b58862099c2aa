import type { SimulatedHost, SimulatedHostOptions } from '../../actors/simulated/index.ts';
import type { Strike } from './faults/fault.ts';
import type { FaultName, Strengths } from './faults/index.ts';
import type { Instrument } from './watch/instrumented-program.ts';
import type { Witness } from './watch/witness.ts';

/** What an experiment needs to know of a protocol; each has one, listed in `protocols/index.ts`. */
export interface SimulatedProtocol {
  /** As on the command line. */
  readonly name: string;
  /** The faults that it promises to stand; no others strike it. */
  readonly faults: readonly FaultName[];
  /** Messages that carry it forward, after any of which a node may die. */
  readonly steps: readonly string[];
  /** Everything that was asked for is done within so many ms of virtual time after the last fault. */
  readonly recoveryMsMax: number;
  /** How many nodes there may be, each number as likely, under these faults. */
  sizes(faults: Strengths): readonly number[];
  /** Makes a system in a world of its own. Nothing happens in it yet. */
  create(options: SystemOptions): System;
}

/** What one seed has drawn for a system. */
export interface SystemOptions {
  /** Draw from `derivedRandom(seed, 'purpose')`, a stream for each purpose. */
  readonly seed: number;
  /** The names of its nodes, the numbers from 0 on. */
  readonly nodes: readonly string[];
  /** The faults that are on; whoever has clients behave differently under one looks here. */
  readonly faults: Strengths;
  /** For the host. */
  readonly world: Pick<
    SimulatedHostOptions,
    'seed' | 'network' | 'disk' | 'journal' | 'clockRates' | 'trace'
  >;
  /** Nodes that may end at any moment, as of now. */
  readonly doomed: ReadonlySet<string>;
  /** Bounds and times of the protocol that are not to be left to chance. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Changes to the programs of its nodes. */
  readonly instruments: readonly Instrument[];
}

/**
 * Nodes that run a protocol, clients that ask for things, and those who watch that all is right, in a world of their
 * own. An experiment lets that world go on while it waits for a promise of this; none of them lets it go on itself.
 * What they wait for takes virtual time alone (`host.clock`). Any of them may reject with a `Violation`.
 *
 * ```
 *  start ─▶ work ─▶ (faults) ─▶ finish ─▶ atRest ─▶ exercise ─▶ peace ─▶ (restarts) ─▶ recovered ─▶ atRest ─▶ judge
 * ```
 */
export interface System extends AsyncDisposable {
  readonly host: SimulatedHost;
  /** Where everything goes that is seen broken while the world goes on. */
  readonly witness: Witness;
  /** The nodes that there are now, for faults to strike. */
  readonly nodes: readonly string[];
  /** Starts all nodes. */
  start(): Promise<void>;
  crash(node: string): Promise<void>;
  /** Starts a node that does not run. */
  restart(node: string): Promise<void>;
  /** Whether a node may lose now what it must remember. A protocol that stands no loss of memory is never asked. */
  mayForget?(node: string): boolean;
  /** What else may happen to it under a fault, each with its share of the lots. */
  readonly strikes?: Readonly<Partial<Record<FaultName, readonly (readonly [share: number, Strike])[]>>>;
  /** All nodes run again: what else is to be started. */
  mend?(): Promise<void>;
  /** Clients begin to ask for things, and go on until {@link finish}. Resolves when they have begun. */
  work(): Promise<void>;
  /**
   * All is well from now on, and nothing new is asked for. Resolves when everything that was asked for is done, and
   * nothing is left to do.
   */
  finish(): Promise<void>;
  /** Checks all that must hold of a system in which nothing happens. What it holds, as text that no restart changes. */
  atRest(): Promise<string>;
  /** Does what must work in peace. */
  exercise?(): Promise<void>;
  /** Resolves after a while of peace. @throws Violation when something happens, or is kept, that need not be. */
  peace?(): Promise<void>;
  /** Resolves when all nodes that were restarted do their part again. */
  recovered(): Promise<void>;
  /** Judges what the clients were told, from beginning to end. @throws Violation. */
  judge(): Promise<void>;
  /** What happened, in numbers, for those who want to know whether an experiment was worth anything. */
  readonly counts: Readonly<Record<string, number>>;
}
