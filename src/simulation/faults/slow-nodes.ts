import type { Fault } from './fault.ts';

export const slowNode: Fault = {
  means: 'the turns of a node take long',
  unit: 'ms for each',
  strengthMax: 20,
  probability: 0.4,
  strikes: (ms) => [
    [
      1,
      async (storm) => {
        const turnMsMax = storm.random.next() < 0.5 ? 0 : storm.random.next() * ms;
        storm.host.changePace(storm.someNode(), { turnMsMax });
      },
    ],
  ],
};

export const pause: Fault = {
  means: 'a node does nothing for a while, and then goes on',
  unit: 'ms',
  strengthMax: 400,
  probability: 0.4,
  strikes: (ms) => [[1, async (storm) => storm.host.pause(storm.someNode(), storm.random.next() * ms)]],
};
