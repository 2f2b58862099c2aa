import type { Clock } from './clock.ts';
import type { Envelope } from './envelope.ts';
import type { InspectionEvent } from './inspection.ts';
import type { ProgramReference } from './program.ts';
import type { Random } from './random.ts';
import type { NodeTally } from './tally.ts';

/** The name under which clients stand beside the nodes: their addresses are `clients/...`. */
export const CLIENTS = 'clients';

/** What a host is to run. */
export interface HostOptions {
  /** The names of the nodes that the cluster is founded with. No slash, not `clients`. */
  readonly nodes: readonly string[];
  /** What each node runs. */
  readonly program: ProgramReference;
  /** What becomes of a node whose journal or store is damaged on disk, or gone; `setAside` by default. */
  readonly damaged?: DamagePolicy;
}

/**
 * `setAside`: what is damaged is set aside, and the node starts without, as long as a majority has its own; for protocols
 * that take back a node which has lost its memory. `refuse`: it does not start, and nothing is touched.
 */
export type DamagePolicy = 'setAside' | 'refuse';

/** What a host reports. Handlers are set once, before the first node starts. */
export interface HostHandlers {
  /** Envelopes for clients have arrived from a node. */
  receive(envelopes: readonly Envelope[], from: string): void;
  /** A node has ended that was not told to end by {@link Host.kill}; `error` says why, undefined after a {@link Host.killAfter}. */
  ended(node: string, error: Error | undefined): void;
  /** Something was refused and put right, for the log. */
  warn(error: Error): void;
}

/** How frames fare on their way from one end of a link to the other. */
export interface LinkQuality {
  /** How likely a frame is lost, from 0 (never) to 1 (always). */
  readonly lossProbability: number;
  /** How much longer a frame takes, in ms. Frames keep their order. */
  readonly delayMs: number;
}

/** One direction of a link. */
export interface LinkDirection extends LinkQuality {
  /** Whether anything arrives at all. */
  readonly connected: boolean;
}

/** Runs nodes and connects them; crashes and cuts them when told. Two of them: threads, and simulated. */
export interface Host extends AsyncDisposable {
  readonly clock: Clock;
  readonly random: Random;
  /** Sets who is told. */
  attach(handlers: HostHandlers): void;
  /** The nodes that there are now: once it is open, those of its disk; until then, those of its options. */
  readonly nodes: readonly string[];
  /** The names of nodes that there were, and are no more; known once it is open. */
  readonly former: readonly string[];
  /** Opens what the nodes keep, so that {@link nodes} is known. {@link start} does so by itself. */
  open(): Promise<void>;
  /**
   * Takes in a node of a new name, connects it with all others and starts it, with nothing on its disk. It is
   * remembered. Resolves when its actors run. When it cannot start it rejects with the reason, and the node is
   * none. @throws TypeError for a name that is taken, or cannot be one.
   */
  add(node: string): Promise<void>;
  /**
   * Ends a node, forgets it and its links, and removes its files. A node that there is not: nothing happens. One
   * that is added under its name later is a new one. @throws TypeError for the last node.
   */
  remove(node: string): Promise<void>;
  /**
   * Starts nodes from their journals, all together: none runs its actors before all have loaded.
   * Resolves when all run. A node that cannot start rejects with the reason; none of these runs then. What is
   * damaged on disk is set aside, and its node starts without (`ProgramContext.memory`), unless no majority of
   * {@link nodes} would have its journal, or its store: then it rejects, and nothing was touched. It always does so
   * with {@link HostOptions.damaged} `refuse`.
   */
  start(nodes: readonly string[]): Promise<void>;
  /**
   * Ends a node at whatever instruction it is. Resolves when it has ended and its files are closed; at once when it
   * does not run.
   */
  kill(node: string): Promise<void>;
  /**
   * Lets a node end itself, at once, when it has released `count` more envelopes of these message types to other
   * nodes; nothing leaves after the last. 0: when it is about to release the next, before that leaves. A second call
   * replaces the first.
   */
  killAfter(node: string, count: number, types: readonly string[]): void;
  /** Cuts (false) or mends (true) the link between two nodes, both ways. Resolves when both know. */
  link(a: string, b: string, connected: boolean): Promise<void>;
  /**
   * Changes one direction of a link: how what `from` sends to `to` fares from now on. Either may be {@link CLIENTS}.
   * Resolves when both know.
   */
  changeLink(from: string, to: string, changes: Partial<LinkDirection>): Promise<void>;
  /** Sends envelopes from clients to one node; lost when it does not run, or there is no such node. */
  send(node: string, envelopes: readonly Envelope[]): void;
  /** What a node has done since it started; undefined when it does not run. */
  tally(node: string): Promise<NodeTally | undefined>;
  /** Listens to the inspection events of every actor on every node; undefined ends it. */
  inspect(listener: ((event: InspectionEvent) => void) | undefined): void;
  /** Ends all nodes and lets go of every file. */
  [Symbol.asyncDispose](): Promise<void>;
}
