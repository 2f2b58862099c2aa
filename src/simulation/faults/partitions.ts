import type { Storm } from '../storm.ts';
import type { Fault } from './fault.ts';

/** Who is left with links to whom, by their places in a drawn order of all `count` nodes. */
type Shape = (a: number, b: number, count: number) => boolean;

/** The shapes that a network may fall into. */
const SHAPES: Readonly<Record<string, Shape>> = {
  //  ∘─∘   ∘─∘─∘
  halves: (a, b, count) => a < count / 2 === b < count / 2,
  //  ∘   ∘─∘─∘─∘
  isolated: (a, b) => a > 0 && b > 0,
  //  ∘─∘─(∘)─∘─∘   the two sides see the one in the middle, not each other
  bridge: (a, b, count) => {
    const middle = Math.floor(count / 2);
    return a === middle || b === middle || a < middle === b < middle;
  },
  //  ∘─∘─∘─∘─∘
  chain: (a, b) => Math.abs(a - b) === 1,
  //  the same, and the ends see each other: each of five sees a majority, and no two the same one
  ring: (a, b, count) => Math.abs(a - b) === 1 || Math.abs(a - b) === count - 1,
  //  all see one, and one alone
  star: (a, b) => a === 0 || b === 0,
};
const SHAPE_NAMES = Object.keys(SHAPES);

export const partition: Fault = {
  means: `the network falls apart: ${SHAPE_NAMES.join(', ')}`,
  unit: 'how often, against other faults',
  strengthMax: 3,
  probability: 0.6,
  strikes: (often) => [
    [often, part],
    [often / 2, mendLinks],
  ],
};

/** Falls into another shape; half of the time what was cut before stays cut. */
async function part(storm: Storm): Promise<void> {
  const { random, nodes, host } = storm;
  if (random.next() < 0.5) host.mendLinks();
  const joins = SHAPES[SHAPE_NAMES[random.integer(0, SHAPE_NAMES.length - 1)]!]!;
  const order = storm.shuffled(nodes);
  order.forEach((name, a) => {
    order.forEach((other, b) => {
      if (a < b && !joins(a, b, order.length)) storm.cut(name, other);
    });
  });
}

async function mendLinks({ host }: Storm): Promise<void> {
  host.mendLinks();
}
