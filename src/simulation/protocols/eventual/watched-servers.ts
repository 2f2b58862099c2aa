import { addressOf } from '../../../../actors/address.ts';
import { CorruptRecordError, RoleFailedError } from '../../../../actors/errors.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import {
  type LifeEvent,
  SimulatedHost,
  type SimulatedHostOptions,
} from '../../../../actors/simulated/index.ts';
import type { ClientAnswer } from '../../../../machines/eventual/client-messages.ts';
import { eventualProgram } from '../../../../machines/eventual/program.ts';
import type { EventualSettings } from '../../../../machines/eventual/settings.ts';
import { EventualClient } from '../../../client/eventual-client.ts';
import { Gateway } from '../../../client/gateway.ts';
import { WriteOrder } from '../../../client/write-order.ts';
import { EventualServers } from '../../../cluster/eventual-servers.ts';
import { Violation } from '../../violation.ts';
import { watchDisk } from '../../watch/disk-watch.ts';
import { type Instrument, instrumentedProgram } from '../../watch/instrumented-program.ts';
import { Witness } from '../../watch/witness.ts';
import { ServerWatch } from './server-watch.ts';

export interface WatchedServersOptions
  extends Pick<SimulatedHostOptions, 'seed' | 'network' | 'disk' | 'journal' | 'clockRates' | 'trace'> {
  readonly founders: readonly string[];
  readonly settings?: Partial<EventualSettings>;
  readonly instruments?: readonly Instrument[];
}

/** The role of each server that clients talk to. */
const ENTRANCE = 'replica';

/**
 * Servers of the eventually consistent store in the simulated world, with every invariant watched that can be watched
 * while they run. What damages a disk makes its server start without it.
 */
export class WatchedServers implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly witness = new Witness();
  readonly watch: ServerWatch;
  readonly servers: EventualServers;
  readonly #gateway: Gateway;
  readonly #order: WriteOrder;
  readonly #program: Disposable;
  /** Of clients that hear of no crash, by their addresses. */
  readonly #distant = new Map<string, Gateway>();
  readonly #clients: EventualClient[] = [];

  constructor({ founders, settings = {}, instruments = [], ...world }: WatchedServersOptions) {
    const { look } = this.witness;
    this.watch = new ServerWatch(look, () => this.nodes);
    const program = instrumentedProgram(eventualProgram({ nodes: founders, settings }), [
      ...instruments,
      this.watch.instrument,
    ]);
    this.#program = program;
    this.host = new SimulatedHost({
      ...world,
      nodes: founders,
      program: program.reference,
      onLife: (event, error) => this.#noteLife(event, error),
    });
    for (const node of founders) this.#watchDisks(node);
    this.#gateway = new Gateway(this.host, ENTRANCE);
    this.#order = new WriteOrder(this.#gateway);
    this.servers = new EventualServers(this.#gateway);
    this.host.attach({
      receive: (envelopes, from) => {
        for (const envelope of envelopes) {
          // By its type: our own servers say it.
          look(() => this.watch.heard(from, envelope.message as ClientAnswer));
          (this.#distant.get(envelope.to) ?? this.#gateway).receive([envelope], from);
        }
      },
      ended: (node, error) => {
        this.#gateway.nodeEnded(node);
        if (error !== undefined && !this.#hasReadRot(node, error)) this.witness.note(error);
      },
      warn: (error) => {
        if ('code' in error && error.code === 'SYNOD_BAD_GOSSIP') this.witness.note(error);
      },
    });
  }

  /** The servers that there are now. */
  get nodes(): readonly string[] {
    return this.host.nodes;
  }

  /** Servers that run, as far as clients know. */
  get up(): readonly string[] {
    return this.nodes.filter((node) => this.#gateway.isUp(node));
  }

  async start(): Promise<void> {
    const { nodes } = this;
    await this.host.start(nodes);
    for (const node of nodes) this.#gateway.nodeStarted(node);
    await Promise.all(nodes.map((node) => this.servers.tellMembers(node, nodes)));
  }

  async crash(node: string): Promise<void> {
    await this.host.kill(node);
    if (this.#gateway.isUp(node)) this.#gateway.nodeEnded(node);
  }

  /** Starts a server again, and tells it who is a member, for it may have been dead when others joined. */
  async restart(node: string): Promise<void> {
    if (this.#gateway.isUp(node)) return;
    await this.host.start([node]);
    this.#gateway.nodeStarted(node);
    // Clients may not reach it for long.
    void this.servers.tellMembers(node, this.nodes);
  }

  /** Lets a new server join. False when not all that live have noted it: then it has not. */
  async join(node: string): Promise<boolean> {
    const told = new Set<string>();
    while (this.up.some((other) => !told.has(other))) {
      const untold = this.up.filter((other) => !told.has(other));
      const noted = await Promise.all(
        untold.map((other) => this.servers.tellMembers(other, [...this.nodes, node])),
      );
      if (noted.includes(false)) return false;
      for (const other of untold) told.add(other);
    }
    if (this.up.length === 0) return false;
    await this.host.add(node);
    this.#gateway.nodeStarted(node);
    for (const gateway of this.#distant.values()) gateway.nodeStarted(node);
    void this.servers.tellMembers(node, this.nodes);
    return true;
  }

  /** A client that stands at a server. A distant one hears of no crash, as one in another process. */
  client(
    name: string,
    node: string,
    options: { readonly timeoutMs: number; readonly isDistant: boolean },
  ): EventualClient {
    let [gateway, order] = [this.#gateway, this.#order];
    if (options.isDistant) {
      gateway = new Gateway(this.host, ENTRANCE);
      order = new WriteOrder(gateway);
      for (const other of this.nodes) gateway.nodeStarted(other);
      this.#distant.set(addressOf(CLIENTS, name), gateway);
    }
    const client = new EventualClient(name, gateway, {
      server: node,
      order,
      timeoutMs: options.timeoutMs,
      nameOf: String,
      closed: () => {},
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    for (const gateway of [this.#gateway, ...this.#distant.values()]) gateway.close();
    await this.host[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #watchDisks(node: string): void {
    const { look } = this.witness;
    const { journal, store } = this.watch.disks;
    watchDisk(node, this.host.diskOf(node), [journal], look);
    watchDisk(node, this.host.storeDiskOf(node), [store], look);
  }

  #noteLife(event: LifeEvent, error: unknown): void {
    if (event.event === 'member' && event.present) this.#watchDisks(event.node);
    if (event.event !== 'crash' || event.reason !== 'failed' || this.#hasReadRot(event.node, error)) return;
    // One that cannot start says why to who started it.
    if (error === undefined) return;
    const what = `${event.node}: ${error instanceof Error ? error.message : error}`;
    this.witness.note(new Violation('nodes do not fail', what));
  }

  /** A server ends rather than go by a record that has rotted. */
  #hasReadRot(node: string, error: unknown): boolean {
    const cause = error instanceof RoleFailedError ? error.cause : error;
    const isDamaged = this.host.diskOf(node).isDamaged || this.host.storeDiskOf(node).isDamaged;
    return isDamaged && cause instanceof CorruptRecordError;
  }
}
