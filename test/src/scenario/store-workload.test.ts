import { expect } from 'chai';
import { parseScenario } from '../../../src/scenario/scenario.ts';
import {
  lineOf,
  type StoreCommand,
  type StoreWorkloadOptions,
  storeWorkload,
  WORKLOAD_DEFAULTS,
  WORKLOAD_TOPOLOGIES,
} from '../../../src/scenario/store-workload.ts';

const workload = (options: Partial<StoreWorkloadOptions> = {}): StoreCommand[] => [
  ...storeWorkload({ ...WORKLOAD_DEFAULTS, ...options }),
];

/** What can be done at each command: who lives, whom it reaches. */
class Network {
  readonly up = new Set<number>();
  readonly #cut = new Set<string>();
  readonly #servers = new Map<number, number>();

  do(command: StoreCommand): void {
    switch (command.command) {
      case 'joinServer':
        for (const other of this.up) this.#cut.delete(linkOf(other, command.server));
        this.up.add(command.server);
        return;
      case 'killServer':
        this.up.delete(command.server);
        return;
      case 'joinClient':
        this.#servers.set(command.client, command.server);
        return;
      case 'breakConnection':
        this.#cut.add(linkOf(command.a, command.b));
        return;
      case 'createConnection':
        this.#cut.delete(linkOf(command.a, command.b));
        return;
      case 'put':
        expect(this.up.has(this.#servers.get(command.client) ?? -1), `client ${command.client}`).to.equal(
          true,
        );
        return;
      case 'stabilize':
    }
  }

  /** The connections between servers that live, as `a-b`. */
  get links(): string[] {
    const up = [...this.up].sort();
    return up.flatMap((a) => up.filter((b) => b > a && !this.#cut.has(linkOf(a, b))).map((b) => `${a}-${b}`));
  }
}

function linkOf(a: number, b: number): string {
  return `${Math.min(a, b)}-${Math.max(a, b)}`;
}

/** The connections whenever something is put, each once, in their order. */
function shapesOf(commands: readonly StoreCommand[]): string[] {
  const network = new Network();
  const shapes: string[] = [];
  for (const command of commands) {
    network.do(command);
    const shape = network.links.join(' ');
    if (command.command === 'put' && shape !== shapes.at(-1)) shapes.push(shape);
  }
  return shapes;
}

describe('a workload of the eventually consistent store', () => {
  for (const topology of WORKLOAD_TOPOLOGIES) {
    it(`${topology}: has as many commands as asked for, clients in turn, and ends stabilized`, () => {
      const commands = workload({ topology, commands: 1000 });
      expect(commands).to.have.length(1000);
      expect(commands.at(-1)).to.deep.equal({ command: 'stabilize' });
      const puts = commands.filter((command) => command.command === 'put');
      expect(puts.length).to.be.above(950);
      expect(puts.slice(0, 6).map(({ client }) => client)).to.deep.equal([5, 6, 7, 8, 9, 5]);
      expect(new Set(puts.map(({ value }) => Buffer.byteLength(value)))).to.deep.equal(new Set([100]));
      expect(new Set(puts.map(({ value }) => value)).size).to.be.above(700);
    });

    it(`${topology}: is a script that can be run`, () => {
      const lines = workload({ topology, commands: 200, servers: 7, clients: 3 }).map(lineOf);
      expect(parseScenario('f', lines.join('\n')).protocol).to.equal('eventual');
    });
  }

  it('is the same for the same seed, and another for another', () => {
    const lines = (seed: number) =>
      workload({ seed, topology: 'chain', commands: 300 }).map(lineOf).join('\n');
    expect(lines(7)).to.equal(lines(7));
    expect(lines(7)).not.to.equal(lines(8));
  });

  it('connects the servers as it says, and puts only where somebody lives', () => {
    expect(shapesOf(workload({ commands: 200 }))).to.deep.equal(['0-1 0-2 0-3 0-4 1-2 1-3 1-4 2-3 2-4 3-4']);
    expect(shapesOf(workload({ topology: 'tree', commands: 200 }))).to.deep.equal(['0-1 0-2 1-3 1-4']);
    expect(shapesOf(workload({ topology: 'partition', commands: 200 }))).to.deep.equal([
      '0-1 0-2 0-3 0-4 1-2 1-3 1-4 2-3 2-4 3-4',
      '0-1 0-2 1-2 3-4',
      '0-1 0-2 0-3 0-4 1-2 1-3 1-4 2-3 2-4 3-4',
    ]);
    for (let seed = 0; seed < 5; seed++) {
      const [short, chain, broken, mended] = shapesOf(workload({ topology: 'chain', commands: 200, seed }));
      expect([short, chain, mended]).to.deep.equal(['0-1 1-2 2-3', '0-1 1-2 2-3 3-4', '0-1 1-2 2-3 3-4']);
      expect(broken).to.have.length(7);
    }
  });

  it('refuses what makes no sense, and fewer commands than the topology takes', () => {
    for (const wrong of [
      { servers: 2 },
      { clients: 0 },
      { valueBytes: 0.5 },
      { seed: -1 },
      { topology: 'chain', commands: 20 },
      { commands: Number.NaN },
    ] as const) {
      expect(() => workload(wrong))
        .to.throw()
        .with.property('code', 'SYNOD_BAD_OPTION');
    }
  });
});
