import type { Storm } from '../storm.ts';
import type { Fault } from './fault.ts';

export const crash: Fault = {
  means: 'nodes end between any two events, one or all of them, and start again',
  unit: 'how often, against other faults',
  strengthMax: 3,
  probability: 0.8,
  strikes: (often) => [
    [2 * often, crashOne],
    [often / 2, crashAll],
    [often, bounce],
    [2 * often, restartOne],
    [2 * often, restartAll],
  ],
};

export const midTurn: Fault = {
  means:
    'a node ends inside of a turn: frames taken, actors run, handed to the disk, or durable and not yet sent',
  unit: 'turns until then',
  strengthMax: 8,
  probability: 0.5,
  strikes: (turns) => [
    [2, async (storm) => storm.interrupt(storm.someNode(), upTo(storm, turns))],
    [2, restartOne],
    [1, restartAll],
  ],
};

export const bomb: Fault = {
  means: 'a node ends after it has sent a few more messages of the protocol, nothing after the last',
  unit: 'messages',
  strengthMax: 8,
  probability: 0.6,
  strikes: (messages) => [
    [2, async (storm) => storm.dieAfter(storm.someNode(), upTo(storm, messages))],
    [2, restartOne],
    [1, restartAll],
  ],
};

function upTo({ random }: Storm, max: number): number {
  return random.integer(1, Math.max(1, Math.round(max)));
}

async function crashOne(storm: Storm): Promise<void> {
  await storm.crash(storm.someNode());
}

async function crashAll(storm: Storm): Promise<void> {
  for (const name of storm.nodes) await storm.crash(name);
}

async function bounce(storm: Storm): Promise<void> {
  const name = storm.someNode();
  await storm.crash(name);
  await storm.restart(name);
}

export async function restartOne(storm: Storm): Promise<void> {
  await storm.restart(storm.someNode());
}

export async function restartAll(storm: Storm): Promise<void> {
  for (const name of storm.nodes) await storm.restart(name);
}
