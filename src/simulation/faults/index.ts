/**
 * The ways in which a simulated world fails. Each has a strength, from 0 (it never happens) to a maximum that has a
 * default; a seed draws which of them are on, and how strong.
 */
import { drift } from './clocks.ts';
import { bomb, crash, midTurn } from './crashes.ts';
import { halfFlush, slowDisk } from './disks.ts';
import type { Fault } from './fault.ts';
import { clientLoss, delay, duplication, loss, reordering } from './frames.ts';
import { clientCut, cut } from './links.ts';
import { amnesia, rot, torn, volatile } from './lost-memory.ts';
import { members } from './members.ts';
import { partition } from './partitions.ts';
import { pause, slowNode } from './slow-nodes.ts';

/** All faults, by the names that options and the command line have for them. */
export const FAULTS = {
  loss,
  'client-loss': clientLoss,
  delay,
  duplication,
  reordering,
  cut,
  'client-cut': clientCut,
  partition,
  crash,
  bomb,
  'mid-turn': midTurn,
  'half-flush': halfFlush,
  'slow-node': slowNode,
  'slow-disk': slowDisk,
  pause,
  drift,
  amnesia,
  torn,
  rot,
  volatile,
  members,
} as const satisfies Readonly<Record<string, Fault>>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/** How strong each fault is; what is missing never happens. */
export type Strengths = Readonly<Partial<Record<FaultName, number>>>;
