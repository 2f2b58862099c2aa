import { messageTypesOf } from '../codec.ts';
import { CLIENTS, type LinkQuality } from '../host.ts';
import type { Random } from '../random.ts';
import type { FrameEvent, TracedFrame } from '../trace.ts';
import { checksumOf, drawMicroseconds } from './seed.ts';
import { CALM_NETWORK, checkSettings, type NetworkSettings } from './settings.ts';
import type { TraceEvent } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface NetworkOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly settings: Partial<NetworkSettings>;
  /** Whether a receiver runs. */
  readonly isUp: (name: string) => boolean;
  readonly deliver: (from: string, to: string, frame: Uint8Array<ArrayBuffer>) => void;
  readonly trace: ((event: TraceEvent) => void) | undefined;
}

interface Flight {
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array<ArrayBuffer>;
  /** Undefined while nobody listens. */
  readonly traced: TracedFrame | undefined;
  /** How many of the receiver's name had been removed when it left. */
  readonly removals: number;
}

const SOUND: LinkQuality = { lossProbability: 0, delayMs: 0 };

/** Frames on their way from node to node and between nodes and clients, as chance and its settings will. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;
  readonly #cut = new Set<string>();
  /** Links that are worse than the network, one way each. */
  readonly #degraded = new Map<string, LinkQuality>();
  readonly #lastArrival = new Map<string, number>();
  readonly #removals = new Map<string, number>();
  #settings: NetworkSettings;
  #frames = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#settings = checkSettings({ ...CALM_NETWORK, ...options.settings });
  }

  /** Other settings, for frames that are sent from now on. */
  change(changes: Partial<NetworkSettings>): void {
    this.#settings = checkSettings({ ...this.#settings, ...changes });
  }

  /** Cuts (false) or mends (true) one direction. What would arrive over a cut link is lost, also when it left before. */
  link(from: string, to: string, connected: boolean): void {
    if (connected) this.#cut.delete(`${from} ${to}`);
    else this.#cut.add(`${from} ${to}`);
    this.#options.trace?.({ event: 'link', from, to, connected });
  }

  /** What one direction adds to what the settings say, for frames that are sent from now on. */
  degrade(from: string, to: string, changes: Partial<LinkQuality>): void {
    const { lossProbability, delayMs } = { ...SOUND, ...this.#degraded.get(`${from} ${to}`), ...changes };
    if (lossProbability === 0 && delayMs === 0) this.#degraded.delete(`${from} ${to}`);
    else this.#degraded.set(`${from} ${to}`, { lossProbability, delayMs });
    this.#options.trace?.({ event: 'degrade', from, to, lossProbability, delayMs });
  }

  /** Mends every link, in both directions. */
  mendLinks(): void {
    for (const link of [...this.#cut]) {
      const [from, to] = link.split(' ') as [string, string];
      this.link(from, to, true);
    }
    for (const link of [...this.#degraded.keys()]) {
      const [from, to] = link.split(' ') as [string, string];
      this.degrade(from, to, SOUND);
    }
  }

  /** Forgets a node's links, and loses what is on its way to it: one of its name that comes later is another. */
  forget(node: string): void {
    this.#removals.set(node, this.#removalsOf(node) + 1);
    for (const links of [this.#cut, this.#degraded, this.#lastArrival]) {
      for (const link of [...links.keys()]) if (link.split(' ').includes(node)) links.delete(link);
    }
  }

  send(from: string, to: string, frame: Uint8Array<ArrayBuffer>): void {
    const traced = this.#options.trace && this.#describe(from, to, frame);
    const flight: Flight = { from, to, frame, traced, removals: this.#removalsOf(to) };
    this.#trace(flight, { event: 'send' });
    const { lossProbability, clientLossProbability, reorderProbability, duplicateProbability } =
      this.#settings;
    if (this.#isCut(flight)) {
      this.#trace(flight, { event: 'drop', reason: 'cut' });
      return;
    }
    const ofClients = from === CLIENTS || to === CLIENTS;
    const degraded = this.#degraded.get(`${from} ${to}`);
    const isLost = this.#happens(ofClients ? clientLossProbability : lossProbability);
    if (isLost || this.#happens(degraded?.lossProbability ?? 0)) {
      this.#trace(flight, { event: 'drop', reason: 'lost' });
      return;
    }
    if (this.#happens(reorderProbability)) {
      this.#trace(flight, { event: 'reorder' });
      this.#arriveAt(this.#drawArrival(flight, this.#settings.reorderMsMax), flight);
    } else {
      const link = `${from} ${to}`;
      const arrival = Math.max(this.#drawArrival(flight, 0), this.#lastArrival.get(link) ?? 0);
      this.#lastArrival.set(link, arrival);
      this.#arriveAt(arrival, flight);
    }
    if (this.#happens(duplicateProbability)) {
      this.#trace(flight, { event: 'duplicate' });
      // What is decoded of a frame are views into it: each copy needs bytes of its own.
      const arrival = this.#drawArrival(flight, this.#settings.reorderMsMax);
      this.#arriveAt(arrival, { ...flight, frame: frame.slice() });
    }
  }

  #arriveAt(microseconds: number, flight: Flight): void {
    const { clock, isUp, deliver } = this.#options;
    clock.at(microseconds, () => {
      if (this.#isCut(flight)) {
        this.#trace(flight, { event: 'drop', reason: 'cut' });
      } else if (!isUp(flight.to) || flight.removals < this.#removalsOf(flight.to)) {
        this.#trace(flight, { event: 'drop', reason: 'down' });
      } else {
        this.#trace(flight, { event: 'deliver' });
        deliver(flight.from, flight.to, flight.frame);
      }
    });
  }

  #drawArrival({ from, to }: Flight, heldUpMsMax: number): number {
    const { clock, random } = this.#options;
    const { latencyMsMin, latencyMsMax } = this.#settings;
    const delayMs = this.#degraded.get(`${from} ${to}`)?.delayMs ?? 0;
    return (
      clock.nowMicroseconds +
      Math.round(1000 * delayMs) +
      drawMicroseconds(random, latencyMsMin, latencyMsMax + heldUpMsMax)
    );
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#options.random.next() < probability;
  }

  #removalsOf(node: string): number {
    return this.#removals.get(node) ?? 0;
  }

  #isCut({ from, to }: Flight): boolean {
    return this.#cut.has(`${from} ${to}`);
  }

  #describe(from: string, to: string, frame: Uint8Array): TracedFrame {
    this.#frames += 1;
    const id = String(this.#frames);
    const checksum = checksumOf(frame);
    return { id, from, to, bytes: frame.byteLength, checksum, messages: messageTypesOf(frame) };
  }

  #trace({ traced }: Flight, event: FrameEvent): void {
    if (traced !== undefined) this.#options.trace?.({ ...event, ...traced });
  }
}
