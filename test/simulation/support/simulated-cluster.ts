import { addressOf } from '../../../actors/address.ts';
import { CLIENTS } from '../../../actors/host.ts';
import type { JournalKind } from '../../../actors/memory.ts';
import {
  type DiskSettings,
  type NetworkSettings,
  SimulatedHost,
  SimulationLimitError,
  SimulationStuckError,
  type TraceRecord,
} from '../../../actors/simulated/index.ts';
import type { PaxosSettings } from '../../../machines/paxos/settings.ts';
import type { RaftSettings } from '../../../machines/raft/settings.ts';
import { chatroom } from '../../../src/applications/chatroom.ts';
import { kv } from '../../../src/applications/kv.ts';
import { Client, type ClientOptions } from '../../../src/client/client.ts';
import { Gateway } from '../../../src/client/gateway.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { PROTOCOLS, type ProtocolName } from '../../../src/cluster/protocols.ts';
import { TimeoutError } from '../../../src/errors.ts';
import { EqualStates } from '../invariants/equal-states.ts';
import { AGREEMENTS, type Agreement } from './agreement.ts';
import { type DiskWatcher, watchDisk } from './disk-watch.ts';
import { Ghosts } from './ghosts.ts';
import {
  forRaft,
  type Instrument,
  instrumentedProgram,
  type OpenRaft,
  watchActions,
} from './instrumented-program.ts';
import { ledger } from './ledger.ts';
import { Violation } from './violation.ts';

export interface SimulatedClusterOptions {
  readonly protocol: ProtocolName;
  readonly seed: number;
  readonly nodes: number;
  readonly network?: Partial<NetworkSettings>;
  readonly disk?: Partial<DiskSettings>;
  readonly journal?: JournalKind;
  readonly clockRates?: Readonly<Record<string, number>>;
  readonly settings?: Partial<PaxosSettings & RaftSettings>;
  readonly instruments?: readonly Instrument[];
  readonly trace?: (record: TraceRecord) => void;
  /** Whether a node that is removed runs on; none does. */
  readonly keepsRemoved?: (node: string) => boolean;
}

/** A cluster in the simulated world, with every invariant watched that can be watched while it runs. */
export class SimulatedCluster implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly cluster: Cluster;
  readonly agreement: Agreement;
  readonly ghosts: Ghosts;
  readonly #program: Disposable;
  readonly #watchers: readonly DiskWatcher[];
  readonly #distant = new Map<string, Gateway>();
  #broken: unknown;

  constructor(options: SimulatedClusterOptions) {
    const {
      protocol,
      seed,
      nodes,
      network = {},
      disk = {},
      journal = 'lmdb',
      clockRates = {},
      settings = {},
      instruments = [],
      trace,
      keepsRemoved = () => false,
    } = options;
    const names = Array.from({ length: nodes }, (_, node) => String(node));
    this.agreement = AGREEMENTS[protocol](names, (look) => this.#watch(look));
    const applications = [kv, chatroom, ledger].map(({ name, module }) => ({ name, module }));
    const reference = PROTOCOLS[protocol].program({ nodes: names, applications, settings });
    const program = instrumentedProgram(reference, [
      ...instruments,
      ...this.agreement.instruments,
      ({ node, inputs }) => {
        const { state } = inputs.replica;
        const apply = state.apply.bind(state);
        state.apply = (slot, batch, anchor) => {
          this.#watch(() => this.agreement.apply(node, slot, batch, anchor));
          return apply(slot, batch, anchor);
        };
      },
      ...(protocol === 'raft' ? [forRaft((open) => this.#watchGhost(open))] : []),
    ]);
    this.#program = program;
    this.host = new SimulatedHost({
      nodes: names,
      seed,
      program: program.reference,
      network,
      disk,
      journal,
      clockRates,
      trace: (record) => {
        if (record.event === 'member' && record.present) this.#added(record.node);
        if (record.event === 'crash') this.#watch(() => this.#crashed(record.node, record.reason));
        trace?.(record);
      },
    });
    this.ghosts = new Ghosts(this.host, keepsRemoved);
    this.#watchers = [...this.agreement.watchers, new EqualStates()];
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
    this.cluster = new Cluster(protocol, this.host, {
      onNodeEnded: (_, error) => {
        this.#broken ??= error;
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
  async run(ms: number): Promise<void> {
    try {
      await this.host.runUntil(() => this.#broken !== undefined, ms);
    } catch (error) {
      // With all nodes down and no client waiting, nothing is left to happen.
      if (!(error instanceof SimulationLimitError || error instanceof SimulationStuckError)) throw error;
    }
    this.check();
  }

  /** Lets events happen until a promise settles. @throws as {@link run}; SimulationLimitError. */
  async runWhile<Result>(promise: Promise<Result>, limitMs: number): Promise<Result> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.host.runUntil(() => settled || this.#broken !== undefined, limitMs);
    this.check();
    return promise;
  }

  /** @throws what has been broken. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.#distant.values()) gateway.close();
    await this.cluster[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #watchDisks(name: string): void {
    for (const disk of [this.host.diskOf(name), this.host.storeDiskOf(name)]) {
      watchDisk(name, disk, (news) => {
        for (const watcher of this.#watchers) this.#watch(() => news(watcher));
      });
    }
  }

  #added(node: string): void {
    this.#watchDisks(node);
    for (const gateway of this.#distant.values()) gateway.nodeStarted(node);
  }

  /** Others have gone on without it: whatever it does, it must not raise their terms (thesis, section 4.2.3). */
  #watchGhost(open: OpenRaft): void {
    watchActions(open, 'server', ['startVote'], ({ context }) =>
      this.#watch(() => {
        if (!this.ghosts.has(open.node)) return;
        throw new Violation(
          'removed servers do not disturb',
          `${open.node} stands in term ${context.term + 1}`,
        );
      }),
    );
  }

  #crashed(node: string, reason: string): void {
    this.agreement.crashed(node);
    if (reason === 'failed') this.#broken ??= new Violation('nodes do not fail', node);
  }

  /** A violation must not be taken for a failure of the node in whose midst it shows. */
  #watch(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#broken ??= error;
    }
  }
}
