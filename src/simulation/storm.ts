import type { Random } from '../../actors/random.ts';
import type { SimulatedHost } from '../../actors/simulated/index.ts';
import type { Drive } from './drive.ts';
import type { Fault, Strike } from './faults/fault.ts';
import { FAULT_NAMES, FAULTS, type Strengths } from './faults/index.ts';
import type { System } from './system.ts';

export interface StormOptions {
  readonly system: System;
  readonly drive: Drive;
  readonly random: Random;
  readonly faults: Strengths;
  /** After any of these messages a node may die. */
  readonly steps: readonly string[];
}

/** How long a start may take. */
const RESTART_MS_MAX = 2000;
const CALM: Parameters<SimulatedHost['changeNetwork']>[0] = {
  lossProbability: 0,
  clientLossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
  latencyMsMax: 0.5,
};

/** Breaks a system here and there, at random, and mends it at the end. */
export class Storm {
  readonly host: SimulatedHost;
  readonly random: Random;
  readonly #system: System;
  readonly #drive: Drive;
  readonly #faults: Strengths;
  readonly #steps: readonly string[];
  readonly #lots: readonly (readonly [share: number, Strike])[];
  readonly #shares: number;
  /** Nodes that may die at any moment. */
  readonly #armed = new Set<string>();
  /** Nodes that started without their memory, and run since. */
  readonly #restored = new Set<string>();
  #struck = 0;

  constructor({ system, drive, random, faults, steps }: StormOptions) {
    this.host = system.host;
    this.random = random;
    this.#system = system;
    this.#drive = drive;
    this.#faults = faults;
    this.#steps = steps;
    this.#lots = FAULT_NAMES.flatMap((name) => {
      const fault: Fault = FAULTS[name];
      const strength = faults[name];
      if (strength === undefined) return [];
      return [...(fault.strikes?.(strength) ?? []), ...(system.strikes?.[name] ?? [])];
    });
    this.#shares = this.#lots.reduce((sum, [share]) => sum + share, 0);
  }

  /** How often something has struck. */
  get struck(): number {
    return this.#struck;
  }

  /** Lets faults strike for so long, with up to `calmMsMax` between two of them. */
  async rage(ms: number, calmMsMax: number): Promise<void> {
    const untilMs = this.host.clock.now() + ms;
    while (this.host.clock.now() < untilMs) {
      await this.#drive.run(this.random.next() * calmMsMax);
      // Faults strike between any two events, also those of one instant.
      for (let steps = this.random.integer(0, 12); steps > 0; steps--) await this.#drive.step();
      await this.#drawn()?.(this);
      this.#struck += 1;
      this.#drive.witness.check();
    }
  }

  /** Everything is well from now on: all nodes up, all links whole, a calm network. */
  async mend(): Promise<void> {
    this.host.changeNetwork(CALM);
    this.host.mendLinks();
    // No time bomb ticks on.
    for (const name of this.host.running) this.host.killAfter(name, Number.MAX_SAFE_INTEGER, []);
    this.#armed.clear();
    // One that has just gone off, the system learns of in a moment.
    await this.#drive.run(1);
    for (const name of this.nodes) await this.restart(name);
    if (this.#system.mend !== undefined) await this.#drive.runWhile(this.#system.mend(), RESTART_MS_MAX);
  }

  get nodes(): readonly string[] {
    return this.#system.nodes;
  }

  someNode(): string {
    return this.nodes[this.random.integer(0, this.nodes.length - 1)]!;
  }

  /** The same in an order of chance. */
  shuffled(names: readonly string[]): string[] {
    const left = [...names];
    return names.map(() => left.splice(this.random.integer(0, left.length - 1), 1)[0]!);
  }

  async crash(name: string): Promise<void> {
    if (!this.nodes.includes(name)) return;
    if (this.#forgetsAtEnd && !this.mayForget(name)) return;
    await this.#drive.runWhile(this.#system.crash(name), RESTART_MS_MAX);
    this.#restored.delete(name);
  }

  async restart(name: string): Promise<void> {
    if (!this.nodes.includes(name)) return;
    // It may be removed meanwhile.
    const restarted = this.#system.restart(name).catch((error: unknown) => {
      if (this.nodes.includes(name)) throw error;
    });
    await this.#drive.runWhile(restarted, RESTART_MS_MAX);
  }

  /** Lets a node die after it has sent a few more messages of the protocol. */
  dieAfter(name: string, messages: number): void {
    if (this.#forgetsAtEnd && !this.mayForget(name)) return;
    this.#armed.add(name);
    if (this.host.running.includes(name)) this.host.killAfter(name, messages, this.#steps);
  }

  /** Whether a majority is left that remembers, and is counted on, should this node forget. */
  mayForget(name: string): boolean {
    const { running } = this.host;
    const isSound = (node: string) =>
      (this.#system.remembers?.(node) ?? true) &&
      (!this.#forgetsAtEnd || (running.includes(node) && !this.#armed.has(node)));
    return this.nodes.filter((node) => node !== name && isSound(node)).length > this.nodes.length / 2;
  }

  /** A node ends, and starts without what was on its disks, or without what was in its journal alone. */
  async forget(name: string): Promise<void> {
    if (!this.mayForget(name)) return;
    // The host trusts no more than a minority that ever started without their memory, and run since.
    for (const other of [...this.#restored]) {
      await this.crash(other);
      await this.restart(other);
    }
    await this.crash(name);
    const disk = this.host.diskOf(name);
    const [record] = disk.records.from('');
    if (record === undefined || this.random.next() < 0.5) this.host.forget(name);
    else disk.rot(record.key);
    await this.restart(name);
    this.#restored.add(name);
  }

  /** Cuts a link, both ways. */
  cut(a: string, b: string): void {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  cutOneWay(from: string, to: string): void {
    if (from !== to) this.host.linkOneWay(from, to, false);
  }

  get #forgetsAtEnd(): boolean {
    return this.#faults.volatile !== undefined;
  }

  #drawn(): Strike | undefined {
    let left = this.random.next() * this.#shares;
    for (const [share, strike] of this.#lots) {
      left -= share;
      if (left < 0) return strike;
    }
    return undefined;
  }
}
