import type { Random } from '../../actors/random.ts';
import type { Pace, SimulatedHost } from '../../actors/simulated/index.ts';
import { TURN_STEPS } from '../../actors/world.ts';
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
  /** Where it notes nodes that may end at any moment. */
  readonly doomed: Set<string>;
}

/** How long a start may take. */
const RESTART_MS_MAX = 2000;
/** A node that works flushes something within so many events. */
const FLUSH_STEPS_MAX = 100;
const CALM_PACE: Pace = { turnMsMax: 0, flushMsMax: 1 };
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
  readonly #doomed: Set<string>;
  #struck = 0;

  constructor({ system, drive, random, faults, steps, doomed }: StormOptions) {
    this.host = system.host;
    this.random = random;
    this.#system = system;
    this.#drive = drive;
    this.#faults = faults;
    this.#steps = steps;
    this.#doomed = doomed;
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

  /** In half of the worlds in which nodes crash the power fails everywhere at last, while clients work. */
  async end(): Promise<void> {
    if (this.#faults.crash === undefined || this.random.next() < 0.5) return;
    for (const name of this.nodes) await this.crash(name);
  }

  /** Everything is well from now on: all nodes up, all links whole, a calm network. */
  async mend(): Promise<void> {
    this.host.changeNetwork(CALM);
    this.host.mendLinks();
    for (const name of this.host.running) {
      this.host.disarm(name);
      this.host.pause(name, 0);
    }
    this.#doomed.clear();
    for (const name of this.nodes) this.host.changePace(name, CALM_PACE);
    // One that has just gone off, the system learns of in a moment.
    await this.#drive.run(1);
    for (const name of this.nodes) await this.restart(name);
    for (const name of this.nodes) if (this.#isDamaged(name)) await this.#bounce(name);
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
    if (this.#forgetsAtEnd && !this.#mayForget(name)) return;
    await this.#drive.runWhile(this.#system.crash(name), RESTART_MS_MAX);
  }

  async restart(name: string): Promise<void> {
    if (!this.nodes.includes(name)) return;
    if (!this.host.running.includes(name) && this.host.memoryOf(name) === 'lost')
      await this.#bounceRestored();
    // It may be removed meanwhile.
    const restarted = this.#system.restart(name).catch((error: unknown) => {
      if (this.nodes.includes(name)) throw error;
    });
    await this.#drive.runWhile(restarted, RESTART_MS_MAX);
  }

  /** Lets a node die after it has sent a few more messages of the protocol. */
  dieAfter(name: string, messages: number): void {
    if (this.#forgetsAtEnd && !this.#mayForget(name)) return;
    this.#doomed.add(name);
    if (this.host.running.includes(name)) this.host.killAfter(name, messages, this.#steps);
  }

  /** Lets a node die inside of a turn that is so far on. */
  interrupt(name: string, turns: number): void {
    if (this.#forgetsAtEnd && !this.#mayForget(name)) return;
    this.#doomed.add(name);
    this.host.interruptAt(name, TURN_STEPS[this.random.integer(0, TURN_STEPS.length - 1)]!, turns);
  }

  /** A node ends, and starts without its files. */
  async forget(name: string): Promise<void> {
    if (!this.#mayForget(name)) return;
    await this.crash(name);
    // It may have been removed, or others may have gone.
    if (!this.#mayForget(name)) return;
    this.host.forget(name);
    await this.restart(name);
  }

  /** A node ends while it writes, and starts where that has damaged its disks. */
  async tear(name: string): Promise<void> {
    for (let steps = 0; steps < FLUSH_STEPS_MAX && !this.#isFlushing(name); steps++) await this.#drive.step();
    if (!this.#isFlushing(name) || !this.#mayForget(name)) return;
    this.host.killTorn(name);
    await this.crash(name);
    await this.restart(name);
  }

  /** A record rots: that shows when it is read, or when the node starts again. */
  rot(name: string): void {
    if (!this.#mayForget(name)) return;
    this.host.rot(name, this.random.next() < 0.5 ? 'journal' : 'store', this.random.next());
  }

  /** Cuts a link, both ways. */
  cut(a: string, b: string): void {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  cutOneWay(from: string, to: string): void {
    if (from !== to) this.host.linkOneWay(from, to, false);
  }

  #mayForget(name: string): boolean {
    return this.nodes.includes(name) && (this.#system.mayForget?.(name) ?? false);
  }

  #isFlushing(name: string): boolean {
    return this.nodes.includes(name) && this.host.isFlushing(name);
  }

  /** The host trusts no more than a minority that ever started without their memory, and run since. */
  async #bounceRestored(): Promise<void> {
    if (this.#forgetsAtEnd) return;
    for (const name of this.host.running) {
      if (this.nodes.includes(name) && this.host.memoryOf(name) === 'lost') await this.#bounce(name);
    }
  }

  async #bounce(name: string): Promise<void> {
    await this.crash(name);
    await this.restart(name);
  }

  #isDamaged(name: string): boolean {
    return this.host.diskOf(name).isDamaged || this.host.storeDiskOf(name).isDamaged;
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
