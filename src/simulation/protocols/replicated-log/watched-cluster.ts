import { addressOf } from '../../../../actors/address.ts';
import { CorruptRecordError, RoleFailedError } from '../../../../actors/errors.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import type { LifeEvent, SimulatedHostOptions } from '../../../../actors/simulated/index.ts';
import type { PaxosSettings } from '../../../../machines/paxos/settings.ts';
import type { RaftSettings } from '../../../../machines/raft/settings.ts';
import { chatroom } from '../../../applications/chatroom.ts';
import { kv } from '../../../applications/kv.ts';
import { Client, type ClientOptions } from '../../../client/client.ts';
import { Gateway } from '../../../client/gateway.ts';
import { Cluster } from '../../../cluster/cluster.ts';
import { PROTOCOLS } from '../../../cluster/protocols.ts';
import { TimeoutError } from '../../../errors.ts';
import { Drive } from '../../drive.ts';
import { EqualStates } from '../../invariants/equal-states.ts';
import { Violation } from '../../violation.ts';
import { type DiskListener, watchDisk } from '../../watch/disk-watch.ts';
import { type Instrument, instrumentedProgram } from '../../watch/instrumented-program.ts';
import { Witness } from '../../watch/witness.ts';
import type { Agreement } from './agreement.ts';
import { HostWithGhosts } from './host-with-ghosts.ts';
import { ledger } from './ledger.ts';
import type { LogProtocol } from './log-protocol.ts';
import { forReplicas } from './open-replica.ts';
import { StateDisks } from './state-disks.ts';
import { StoreRefills } from './store-refills.ts';

export interface WatchedClusterOptions
  extends Pick<SimulatedHostOptions, 'seed' | 'network' | 'disk' | 'journal' | 'clockRates' | 'trace'> {
  readonly protocol: LogProtocol;
  readonly nodes: number;
  readonly settings?: Partial<PaxosSettings & RaftSettings>;
  readonly instruments?: readonly Instrument[];
  /** Whether a node that is removed runs on; none does. */
  readonly keepsRemoved?: (node: string) => boolean;
}

/** A cluster in the simulated world, with every invariant watched that can be watched while it runs. */
export class WatchedCluster implements AsyncDisposable {
  readonly host: HostWithGhosts;
  readonly cluster: Cluster;
  readonly agreement: Agreement;
  readonly witness = new Witness();
  readonly refills = new StoreRefills();
  readonly #drive: Drive;
  readonly #program: Disposable;
  readonly #disks: readonly DiskListener[];
  readonly #distant = new Map<string, Gateway>();

  constructor(options: WatchedClusterOptions) {
    const {
      protocol,
      nodes,
      settings = {},
      instruments = [],
      keepsRemoved = () => false,
      ...world
    } = options;
    const names = Array.from({ length: nodes }, (_, node) => String(node));
    const { look } = this.witness;
    this.agreement = protocol.agreement(names, look, (node) => this.host.isGhost(node));
    const applications = [kv, chatroom, ledger].map(({ name, module }) => ({ name, module }));
    const reference = PROTOCOLS[protocol.name].program({ nodes: names, applications, settings });
    const program = instrumentedProgram(reference, [
      ...instruments,
      ...this.agreement.instruments,
      forReplicas(({ node, inputs }) => {
        const { state } = inputs.replica;
        const apply = state.apply.bind(state);
        state.apply = (slot, batch, anchor) => {
          look(() => this.agreement.apply(node, slot, batch, anchor));
          return apply(slot, batch, anchor);
        };
      }),
    ]);
    this.#program = program;
    this.host = new HostWithGhosts(
      {
        ...world,
        nodes: names,
        program: program.reference,
        onLife: (event, error) => this.#noteLife(event, error),
      },
      keepsRemoved,
    );
    this.#drive = new Drive(this.host, this.witness);
    this.#disks = [...this.agreement.disks, new StateDisks([new EqualStates()])];
    for (const name of names) this.#watchDisks(name);
    const attach = this.host.attach.bind(this.host);
    this.host.attach = (handlers) =>
      attach({
        ...handlers,
        receive: (envelopes, from) => {
          handlers.receive(
            envelopes.filter(({ to }) => !this.#distant.has(to)),
            from,
          );
          for (const envelope of envelopes) this.#distant.get(envelope.to)?.receive([envelope], from);
        },
      });
    this.cluster = new Cluster(protocol.name, this.host, {
      onNodeEnded: (node, error) => {
        if (error !== undefined && !this.#hasReadRot(String(node), error)) this.witness.note(error);
      },
    });
  }

  /** The nodes that there are now. */
  get names(): readonly string[] {
    return this.host.nodes;
  }

  /**
   * A client that finds its way alone, as from another process: it may talk to another node than the others, and
   * hears of no crash. Resolves when its session is open.
   */
  async distantClient(options: ClientOptions = {}): Promise<Client> {
    const name = `distant-${this.#distant.size}`;
    const gateway = new Gateway(this.host, PROTOCOLS[this.cluster.protocol].entrance);
    for (const node of this.names) gateway.nodeStarted(node);
    this.#distant.set(addressOf(CLIENTS, name), gateway);
    const client = new Client(name, gateway, {
      ...options,
      unanswered: (what, timeoutMs) => new TimeoutError(what, timeoutMs),
      closed: () => {},
    });
    await client.open();
    return client;
  }

  /** Lets virtual time pass. @throws Violation as soon as an invariant is broken; what a role threw. */
  run(ms: number): Promise<void> {
    return this.#drive.run(ms);
  }

  /** Lets events happen until a promise settles. @throws as {@link run}; SimulationLimitError. */
  runWhile<Result>(promise: Promise<Result>, limitMs: number): Promise<Result> {
    return this.#drive.runWhile(promise, limitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.#distant.values()) gateway.close();
    await this.cluster[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #watchDisks(name: string): void {
    const { look } = this.witness;
    watchDisk(name, this.host.diskOf(name), this.#disks, look);
    watchDisk(`${name}~store`, this.host.storeDiskOf(name), [...this.#disks, this.refills], look);
  }

  #noteLife(event: LifeEvent, error: unknown): void {
    if (event.event === 'member' && event.present) this.#added(event.node);
    if (event.event !== 'crash') return;
    this.witness.look(() => this.agreement.crashed(event.node));
    if (event.reason === 'failed' && !this.#hasReadRot(event.node, error))
      this.witness.note(
        new Violation(
          'nodes do not fail',
          `${event.node}: ${error instanceof Error ? error.message : error}`,
        ),
      );
  }

  /** A node ends rather than go by a record that has rotted. */
  #hasReadRot(node: string, error: unknown): boolean {
    const cause = error instanceof RoleFailedError ? error.cause : error;
    const isDamaged = this.host.diskOf(node).isDamaged || this.host.storeDiskOf(node).isDamaged;
    return isDamaged && cause instanceof CorruptRecordError;
  }

  #added(node: string): void {
    this.#watchDisks(node);
    for (const gateway of this.#distant.values()) gateway.nodeStarted(node);
  }
}
