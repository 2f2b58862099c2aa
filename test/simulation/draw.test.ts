import { expect } from 'chai';
import { drawFaults, drawWorld } from '../../src/simulation/draw.ts';
import type { Fault } from '../../src/simulation/faults/fault.ts';
import { FAULT_NAMES, FAULTS, type FaultName, type Strengths } from '../../src/simulation/faults/index.ts';

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed);
const draw = (seed: number, asked: Strengths = {}, possible: readonly FaultName[] = FAULT_NAMES) =>
  drawFaults(seed, possible, asked);

describe('the faults that a seed has', () => {
  it('are the same each time, and other ones for another seed', () => {
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).to.not.deep.equal(draw(8));
  });

  for (const name of FAULT_NAMES) {
    it(`have ${name} about as often, and at most as strong, as it says`, () => {
      const { probability, strengthMax }: Fault = FAULTS[name];
      // Without those that exclude it.
      const drawn = SEEDS.flatMap((seed) => draw(seed, {}, [name])[name] ?? []);
      expect(drawn.length / SEEDS.length).to.be.closeTo(probability, 0.1);
      expect(Math.max(...drawn)).to.be.within(strengthMax * 0.8, strengthMax);
      expect(Math.min(...drawn)).to.be.above(0);
    });
  }

  it('are no others than are possible', () => {
    for (const seed of SEEDS) {
      const strengths = draw(seed, { amnesia: 1 }, ['crash', 'loss']);
      expect(['crash', 'loss']).to.include.members(Object.keys(strengths));
    }
  });

  it('are those that were asked for, up to that strength, and not those that were asked away', () => {
    for (const seed of SEEDS) {
      const strengths = draw(seed, { loss: 0.9, crash: 0 });
      expect(strengths.loss).to.be.within(0.09, 0.9);
      expect(strengths).to.not.have.property('crash');
    }
    expect(Math.max(...SEEDS.map((seed) => draw(seed, { loss: 0.9 }).loss!))).to.be.above(0.8);
  });

  it('do not change when another one is asked away', () => {
    for (const seed of SEEDS) {
      const { delay: _, ...others } = draw(seed);
      expect(draw(seed, { delay: 0 })).to.deep.equal(others);
    }
  });

  it('are none of disks where nodes keep all in memory', () => {
    const strengths = draw(1, { volatile: 1, amnesia: 1, torn: 1, rot: 1, 'half-flush': 1, 'slow-disk': 1 });
    expect(strengths).to.include.keys('volatile');
    expect(strengths).to.not.have.any.keys('amnesia', 'torn', 'rot', 'half-flush', 'slow-disk');
  });

  it('make the world that they need', () => {
    const world = drawWorld(3, { 'half-flush': 0.4, drift: 0.1 });
    expect(world.disk).to.deep.equal({ keptUnflushedProbability: 0.4 });
    const rates = Object.values(world.clockRates!);
    expect(Math.min(...rates)).to.be.within(0.9, 0.95);
    expect(Math.max(...rates)).to.be.within(1.05, 1.1);
    expect(drawWorld(3, { crash: 1, loss: 0.1 })).to.deep.equal({});
    expect(drawWorld(3, { volatile: 1 })).to.include({ journal: 'memory' });
  });
});
