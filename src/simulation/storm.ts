import type { Random } from '../../actors/random.ts';
import type { Pace, SimulatedHost } from '../../actors/simulated/index.ts';
import { TURN_STEPS } from '../../actors/world.ts';
import type { Drive } from './drive.ts';
import type { Fault, Strike } from './faults/fault.ts';
import { FAULT_NAMES, FAULTS, type Strengths } from './faults/index.ts';
import { StormRandom } from './storm-random.ts';
import type { RecordedStorm, RecordedStrike, StormEvent } from './storm-record.ts';
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
  /** What another one did, to be done again in the place of what chance would have. */
  readonly recorded: RecordedStorm | undefined;
  /** Hears what this one does. */
  readonly tell: (event: StormEvent) => void;
}

/** Something that may be drawn. */
interface Lot extends Pick<RecordedStrike, 'fault' | 'kind'> {
  readonly share: number;
  readonly strike: Strike;
}

/** How long a start may take. */
const RESTART_MS_MAX = 2000;
/** A storm whose record ends before it was over: what was seen broken shows within so much time. */
const REMAINDER_MS = 60_000;
/** A node that works flushes something within so many events. */
const FLUSH_STEPS_MAX = 100;
const NOTHING: Lot = { fault: 'nothing', kind: 0, share: 0, strike: async () => {} };
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
  /** What strikes draw from. */
  readonly random: StormRandom;
  readonly #chance: Random;
  readonly #recorded: RecordedStorm | undefined;
  readonly #tell: (event: StormEvent) => void;
  readonly #system: System;
  readonly #drive: Drive;
  readonly #faults: Strengths;
  readonly #steps: readonly string[];
  readonly #lots: readonly Lot[];
  readonly #shares: number;
  readonly #doomed: Set<string>;
  #struck = 0;
  #performed = 0;

  constructor({ system, drive, random, faults, steps, doomed, recorded, tell }: StormOptions) {
    this.host = system.host;
    this.random = new StormRandom(random);
    this.#chance = random;
    this.#recorded = recorded;
    this.#tell = tell;
    this.#system = system;
    this.#drive = drive;
    this.#faults = faults;
    this.#steps = steps;
    this.#doomed = doomed;
    this.#lots = FAULT_NAMES.flatMap((name) => {
      const fault: Fault = FAULTS[name];
      const strength = faults[name];
      if (strength === undefined) return [];
      const strikes = [...(fault.strikes?.(strength) ?? []), ...(system.strikes?.[name] ?? [])];
      return strikes.map(([share, strike], kind) => ({ fault: name, kind, share, strike }));
    });
    this.#shares = this.#lots.reduce((sum, { share }) => sum + share, 0);
  }

  /** How often something has struck. */
  get struck(): number {
    return this.#struck;
  }

  /** Lets faults strike for so long, with up to `calmMsMax` between two of them. */
  async rage(ms: number, calmMsMax: number): Promise<void> {
    if (this.#recorded !== undefined) return this.#repeat(this.#recorded);
    const untilMs = this.host.clock.now() + ms;
    while (this.host.clock.now() < untilMs) {
      const waitMs = this.#chance.next() * calmMsMax;
      await this.#drive.run(waitMs);
      // Faults strike between any two events, also those of one instant.
      const steps = this.#chance.integer(0, 12);
      await this.#step(steps);
      const { fault, kind, strike } = this.#drawn() ?? NOTHING;
      await this.#strike({ fault, kind, waitMs, steps, draws: [] }, strike);
    }
  }

  /** Lets something strike that is a step of the experiment; in a repetition, as it did before. */
  async perform(step: string, strike: Strike): Promise<void> {
    const { draws = [] } = this.#recorded?.afterwards[this.#performed] ?? {};
    this.#performed += 1;
    await this.#strike({ fault: step, kind: 0, waitMs: 0, steps: 0, draws }, strike);
  }

  /** In half of the worlds in which nodes crash the power fails everywhere at last, while clients work. */
  async end(): Promise<void> {
    const powerFails =
      this.#recorded?.calm?.powerFails ?? (this.#faults.crash !== undefined && this.#chance.next() >= 0.5);
    this.#tell({ event: 'calm', powerFails });
    if (!powerFails) return;
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

  async #repeat({ strikes, calm }: RecordedStorm): Promise<void> {
    for (const recorded of strikes) {
      const { fault, kind, waitMs, steps } = recorded;
      await this.#drive.run(waitMs);
      await this.#step(steps);
      const lot = this.#lots.find((known) => known.fault === fault && known.kind === kind) ?? NOTHING;
      await this.#strike(recorded, lot.strike);
    }
    if (calm === undefined) await this.#drive.run(REMAINDER_MS);
  }

  async #step(steps: number): Promise<void> {
    for (let left = steps; left > 0; left--) await this.#drive.step();
  }

  async #strike({ draws, ...what }: RecordedStrike, strike: Strike): Promise<void> {
    this.#tell({ event: 'strike', ...what });
    this.random.begin(draws);
    try {
      await strike(this);
    } finally {
      this.#tell({ event: 'struck', draws: this.random.draws });
    }
    this.#struck += 1;
    this.#drive.witness.check();
  }

  #drawn(): Lot | undefined {
    let left = this.#chance.next() * this.#shares;
    for (const lot of this.#lots) {
      left -= lot.share;
      if (left < 0) return lot;
    }
    return undefined;
  }
}
