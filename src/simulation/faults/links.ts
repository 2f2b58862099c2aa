import { CLIENTS } from '../../../actors/host.ts';
import type { Storm } from '../storm.ts';
import type { Fault } from './fault.ts';

const OFTEN = 'how often, against other faults';

export const cut: Fault = {
  means: 'links between two nodes are cut, both ways or one way',
  unit: OFTEN,
  strengthMax: 2,
  probability: 0.6,
  strikes: (often) => [
    [often, cutPair],
    [often, cutOneWay],
    [often, mendLinks],
  ],
};

export const clientCut: Fault = {
  means: 'clients reach a node no more, or it reaches them no more',
  unit: OFTEN,
  strengthMax: 2,
  probability: 0.4,
  strikes: (often) => [
    [often, cutFromClients],
    [often, mendLinks],
  ],
};

async function cutPair(storm: Storm): Promise<void> {
  storm.cut(storm.someNode(), storm.someNode());
}

async function cutOneWay(storm: Storm): Promise<void> {
  storm.cutOneWay(storm.someNode(), storm.someNode());
}

async function cutFromClients(storm: Storm): Promise<void> {
  const name = storm.someNode();
  if (storm.random.next() < 0.5) storm.cutOneWay(CLIENTS, name);
  else storm.cutOneWay(name, CLIENTS);
}

async function mendLinks({ host }: Storm): Promise<void> {
  host.mendLinks();
}
