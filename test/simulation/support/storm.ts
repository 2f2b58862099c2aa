import { CLIENTS } from '../../../actors/host.ts';
import type { Random } from '../../../actors/random.ts';
import type { NetworkSettings } from '../../../actors/simulated/index.ts';
import type { ProtocolName } from '../../../src/cluster/protocols.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** How bad a storm is. */
export interface StormSettings {
  /** How long it lasts, in ms of virtual time. */
  readonly ms: number;
  /** Between two faults, in ms, at most. */
  readonly calmMsMax: number;
  readonly lossMax: number;
  /** Whether clients' frames may be lost too. */
  readonly clientLoss: boolean;
  /** Whether nodes that were removed, and run on, are struck too. */
  readonly ghosts?: boolean;
  /** Nodes lose their memory: with every crash, or now and then. A majority has it at any time. */
  readonly amnesia?: Amnesia;
}

export interface Amnesia {
  readonly when: 'crashed' | 'sometimes';
  /** Whether a node is counted on. */
  hasVote(node: string): boolean;
}

type Fault = (storm: Storm) => Promise<void>;

/** What a time bomb counts. */
const STEPS: Readonly<Record<ProtocolName, readonly string[]>> = {
  paxos: ['p1a', 'p2a', 'p1b', 'p2b', 'decision'],
  raft: [
    'preVoteReply',
    'requestVote',
    'voteReply',
    'appendEntries',
    'appended',
    'mismatched',
    'commit',
    'fetched',
    'snapshotPiece',
  ],
};

/** Breaks a cluster here and there, at random, and mends it at the end. */
export class Storm {
  readonly #simulated: SimulatedCluster;
  readonly #random: Random;
  readonly #settings: StormSettings;
  /** Nodes that may die at any moment. */
  readonly #armed = new Set<string>();
  /** Nodes that started without their memory, and run since. */
  readonly #restored = new Set<string>();

  constructor(simulated: SimulatedCluster, random: Random, settings: StormSettings) {
    this.#simulated = simulated;
    this.#random = random;
    this.#settings = settings;
  }

  async rage(): Promise<void> {
    const { host } = this.#simulated;
    const untilMs = host.clock.now() + this.#settings.ms;
    const faults = [
      ...FAULTS,
      ...(this.#settings.ghosts ? [bounceGhosts] : []),
      ...(this.#settings.amnesia?.when === 'sometimes' ? [loseMemory, loseMemory] : []),
    ];
    while (host.clock.now() < untilMs) {
      await this.#simulated.run(this.#random.next() * this.#settings.calmMsMax);
      // Faults strike between any two events, also those of one instant.
      for (let steps = this.#random.integer(0, 12); steps > 0; steps--) await host.step();
      await faults[this.#random.integer(0, faults.length - 1)]!(this);
      this.#simulated.check();
    }
    await this.mend();
  }

  /** Everything is well from now on: all nodes up, all links whole, a calm network. */
  async mend(): Promise<void> {
    const { host } = this.#simulated;
    host.changeNetwork({
      lossProbability: 0,
      clientLossProbability: 0,
      duplicateProbability: 0,
      reorderProbability: 0,
      latencyMsMax: 0.5,
    });
    this.mendLinks();
    // No time bomb ticks on.
    for (const name of host.running) host.killAfter(name, Number.MAX_SAFE_INTEGER, []);
    this.#armed.clear();
    // One that has just gone off, the cluster learns of in a moment.
    await this.#simulated.run(1);
    for (const name of this.names) await this.restart(name);
    await this.restartGhosts();
  }

  get names(): readonly string[] {
    return this.#simulated.names;
  }

  get random(): Random {
    return this.#random;
  }

  someNode(): string {
    return this.names[this.#random.integer(0, this.names.length - 1)]!;
  }

  async crash(name: string): Promise<void> {
    if (!this.names.includes(name)) return;
    if (this.#settings.amnesia?.when === 'crashed' && !this.mayForget(name)) return;
    await this.#simulated.cluster.crash(Number(name));
    this.#restored.delete(name);
  }

  /** Whether a majority is left that remembers, and is counted on, should this node forget. */
  mayForget(name: string): boolean {
    const { amnesia } = this.#settings;
    if (amnesia === undefined) return false;
    const { running } = this.#simulated.host;
    const isSound = (node: string) =>
      amnesia.hasVote(node) &&
      (amnesia.when === 'sometimes' || (running.includes(node) && !this.#armed.has(node)));
    return this.names.filter((node) => node !== name && isSound(node)).length > this.names.length / 2;
  }

  /** A node ends, and starts without what was on its disks, or without what was in its journal alone. */
  async forget(name: string): Promise<void> {
    if (!this.mayForget(name)) return;
    const { host } = this.#simulated;
    // The host trusts no more than a minority that ever started without their memory, and run since.
    for (const other of [...this.#restored]) {
      await this.crash(other);
      await this.restart(other);
    }
    await this.crash(name);
    const [record] = host.diskOf(name).records.from('');
    if (record === undefined || this.#random.next() < 0.5) host.forget(name);
    else host.diskOf(name).rot(record.key);
    await this.restart(name);
    this.#restored.add(name);
  }

  async restart(name: string): Promise<void> {
    // It may be removed meanwhile.
    if (!this.names.includes(name)) return;
    const restarted = this.#simulated.cluster.restart(Number(name)).catch((error: unknown) => {
      if (this.names.includes(name)) throw error;
    });
    await this.#simulated.runWhile(restarted, 1000);
  }

  async bounceGhosts(): Promise<void> {
    const { ghosts } = this.#simulated;
    for (const name of ghosts.names) await ghosts.crash(name);
    await this.restartGhosts();
  }

  async restartGhosts(): Promise<void> {
    const { ghosts } = this.#simulated;
    for (const name of ghosts.names) await ghosts.restart(name);
  }

  /** Lets a node die after it has sent a few more messages of the protocol. */
  dieAfter(name: string, messages: number): void {
    const { host, cluster } = this.#simulated;
    if (this.#settings.amnesia?.when === 'crashed' && !this.mayForget(name)) return;
    this.#armed.add(name);
    if (host.running.includes(name)) host.killAfter(name, messages, STEPS[cluster.protocol]);
  }

  cut(from: string, to: string): void {
    if (from !== to) this.#simulated.host.linkOneWay(from, to, false);
  }

  mendLinks(): void {
    const ends = [...this.names, ...this.#simulated.ghosts.names, CLIENTS];
    for (const a of ends) for (const b of ends) if (a !== b) this.#simulated.host.linkOneWay(a, b, true);
  }

  changeNetwork(changes: Partial<NetworkSettings>): void {
    this.#simulated.host.changeNetwork(changes);
  }

  get settings(): StormSettings {
    return this.#settings;
  }
}

async function crashOne(storm: Storm): Promise<void> {
  await storm.crash(storm.someNode());
}

async function loseMemory(storm: Storm): Promise<void> {
  await storm.forget(storm.someNode());
}

async function crashAll(storm: Storm): Promise<void> {
  if (storm.random.next() < 0.5) return;
  for (const name of storm.names) await storm.crash(name);
}

async function restartOne(storm: Storm): Promise<void> {
  await storm.restart(storm.someNode());
}

async function restartAll(storm: Storm): Promise<void> {
  for (const name of storm.names) await storm.restart(name);
}

async function bounce(storm: Storm): Promise<void> {
  const name = storm.someNode();
  await storm.crash(name);
  await storm.restart(name);
}

async function bounceGhosts(storm: Storm): Promise<void> {
  await storm.bounceGhosts();
}

async function setTimeBomb(storm: Storm): Promise<void> {
  storm.dieAfter(storm.someNode(), storm.random.integer(1, 8));
}

async function cutPair(storm: Storm): Promise<void> {
  const [a, b] = [storm.someNode(), storm.someNode()];
  storm.cut(a, b);
  storm.cut(b, a);
}

async function cutOneWay(storm: Storm): Promise<void> {
  storm.cut(storm.someNode(), storm.someNode());
}

async function isolate(storm: Storm): Promise<void> {
  const alone = storm.someNode();
  for (const name of storm.names) {
    storm.cut(alone, name);
    storm.cut(name, alone);
  }
}

/** Two halves, and one node that sees both. */
async function bridge(storm: Storm): Promise<void> {
  const middle = storm.random.integer(0, storm.names.length - 1);
  for (const a of storm.names) {
    for (const b of storm.names)
      if (Number(a) < middle && Number(b) > middle) {
        storm.cut(a, b);
        storm.cut(b, a);
      }
  }
}

async function cutFromClients(storm: Storm): Promise<void> {
  const name = storm.someNode();
  if (storm.random.next() < 0.5) storm.cut(CLIENTS, name);
  else storm.cut(name, CLIENTS);
}

async function mendLinks(storm: Storm): Promise<void> {
  storm.mendLinks();
}

async function changeWeather(storm: Storm): Promise<void> {
  const { random, settings } = storm;
  const some = (max: number) => (random.next() < 0.5 ? 0 : random.next() * max);
  storm.changeNetwork({
    lossProbability: some(settings.lossMax),
    clientLossProbability: settings.clientLoss ? some(settings.lossMax) : 0,
    duplicateProbability: some(0.2),
    reorderProbability: some(0.3),
    latencyMsMax: 0.5 + some(10),
  });
}

const FAULTS: readonly Fault[] = [
  crashOne,
  crashOne,
  crashAll,
  restartOne,
  restartOne,
  restartAll,
  restartAll,
  bounce,
  setTimeBomb,
  setTimeBomb,
  cutPair,
  cutOneWay,
  isolate,
  bridge,
  cutFromClients,
  mendLinks,
  mendLinks,
  mendLinks,
  changeWeather,
  changeWeather,
];
