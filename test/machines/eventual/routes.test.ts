import { expect } from 'chai';
import { LinkStateTable } from '../../../machines/eventual/link-states.ts';
import { shortestRoutes } from '../../../machines/eventual/routes.ts';

/** Every link, said by both of its ends. */
function linksOf(...pairs: readonly (readonly [number, number])[]): Map<number, number[]> {
  const links = new Map<number, number[]>();
  for (const [a, b] of pairs) {
    links.set(a, [...(links.get(a) ?? []), b]);
    links.set(b, [...(links.get(b) ?? []), a]);
  }
  return links;
}

const routes = (from: number, links: ReadonlyMap<number, readonly number[]>) =>
  Object.fromEntries(shortestRoutes(from, links));

describe('routes', () => {
  it('go along a chain', () => {
    const chain = linksOf([0, 1], [1, 2], [2, 3]);
    expect(routes(0, chain)).to.deep.equal({ 1: 1, 2: 1, 3: 1 });
    expect(routes(2, chain)).to.deep.equal({ 0: 1, 1: 1, 3: 3 });
  });

  it('are the shortest; of those that are as long, the one over the lowest ids', () => {
    expect(routes(0, linksOf([0, 9], [0, 1], [1, 2], [9, 3], [2, 3]))).to.deep.equal({
      1: 1,
      2: 1,
      3: 9,
      9: 9,
    });
    expect(routes(0, linksOf([0, 2], [0, 1], [2, 3], [1, 3]))).to.deep.equal({ 1: 1, 2: 2, 3: 1 });
  });

  it('do not lead where nobody is, nor back', () => {
    expect(routes(0, linksOf([0, 1], [2, 3]))).to.deep.equal({ 1: 1 });
    expect(routes(0, new Map())).to.deep.equal({});
    expect(routes(0, linksOf([0, 1], [1, 2], [2, 0]))).to.deep.equal({ 1: 1, 2: 2 });
  });

  it('use no link that one of its ends does not know of', () => {
    const links = linksOf([0, 1], [1, 2]);
    links.set(2, []);
    expect(routes(0, links)).to.deep.equal({ 1: 1 });
  });
});

describe('what is known of links', () => {
  const state = (server: number, sequence: number, ...neighbours: number[]) => ({
    server,
    sequence,
    neighbours,
  });

  it('is the latest that each server has said', () => {
    const table = new LinkStateTable(0);
    expect(table.hear(state(1, 5, 0))).to.equal('news');
    expect(table.hear(state(1, 5, 0))).to.equal('known');
    expect(table.hear(state(1, 4, 0, 2))).to.equal('older');
    expect(table.of(1)).to.deep.equal(state(1, 5, 0));
    expect(table.hear(state(1, 6, 2))).to.equal('news');
    expect(table.links.get(1)).to.deep.equal([2]);
  });

  it('of itself is what it says in this life, whatever it said in one before', () => {
    const table = new LinkStateTable(0);
    expect(table.announce([1])).to.deep.equal(state(0, 1, 1));
    expect(table.hear(state(0, 1, 1)), 'its own').to.equal('known');
    expect(table.hear(state(0, 57, 1, 2))).to.equal('mine');
    expect(table.own).to.deep.equal(state(0, 58, 1));
    expect(table.hear(state(0, 57, 1, 2)), 'once').to.equal('known');
    expect(table.announce([2]).sequence).to.equal(59);
  });

  it('dies out when it is not said again', () => {
    const table = new LinkStateTable(0);
    table.announce([1]);
    table.hear(state(1, 1, 0));
    table.hear(state(2, 1, 1));
    expect(table.age(60, 100)).to.equal(false);
    table.hear(state(2, 2, 1));
    expect(table.age(60, 100)).to.equal(true);
    expect([...table.links.keys()]).to.deep.equal([0, 2]);
  });
});
