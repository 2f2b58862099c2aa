import { derivedRandom } from '../../actors/simulated/seed.ts';
import type { Fault, WorldChanges } from './faults/fault.ts';
import { FAULT_NAMES, FAULTS, type FaultName, type Strengths } from './faults/index.ts';

/** Faults that cannot be in one world. */
const NOT_WITH: Readonly<Partial<Record<FaultName, readonly FaultName[]>>> = {
  volatile: ['amnesia', 'torn', 'rot', 'half-flush', 'slow-disk'],
};

/**
 * Which faults a seed has, and how strong. Of `possible` ones some are drawn (swarm testing: Groce and others, ISSTA
 * 2012), but for those that are `asked` for: these are on, up to the strength that is given, or off where that is 0.
 * Each is drawn by itself, so that leaving one out leaves the others as they are.
 */
export function drawFaults(seed: number, possible: readonly FaultName[], asked: Strengths): Strengths {
  const strengths: Partial<Record<FaultName, number>> = {};
  for (const name of FAULT_NAMES) {
    const { probability, strengthMax }: Fault = FAULTS[name];
    const random = derivedRandom(seed, 'fault', name);
    const isDrawn = random.next() < probability;
    const share = 0.1 + 0.9 * random.next();
    const max = asked[name] ?? (isDrawn ? strengthMax : 0);
    if (max > 0 && possible.includes(name)) strengths[name] = share * max;
  }
  for (const [name, others] of Object.entries(NOT_WITH) as [FaultName, readonly FaultName[]][])
    if (strengths[name] !== undefined) for (const other of others) delete strengths[other];
  return strengths;
}

/** What the world of these faults is made with. */
export function drawWorld(seed: number, strengths: Strengths): WorldChanges {
  let world: WorldChanges = {};
  for (const name of FAULT_NAMES) {
    const strength = strengths[name];
    const { world: make }: Fault = FAULTS[name];
    if (strength === undefined || make === undefined) continue;
    const changes = make(strength, derivedRandom(seed, 'world', name));
    world = {
      ...world,
      ...changes,
      network: { ...world.network, ...changes.network },
      disk: { ...world.disk, ...changes.disk },
    };
  }
  return world;
}
