import { type Address, addressOf, nodeOf } from '../../../../actors/address.ts';
import type { Message } from '../../../../actors/envelope.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import type { DiskSettings, NetworkSettings, TraceRecord } from '../../../../actors/simulated/index.ts';
import { SimulatedHost } from '../../../../actors/simulated/simulated-host.ts';
import type { ReplicatedCoordinatorStatus } from '../../../../machines/paxos-commit/coordinator-clients.ts';
import { type PaxosCommitOptions, paxosCommitProgram } from '../../../../machines/paxos-commit/program.ts';
import type { Outcome, ParticipantStatus } from '../../../../machines/two-phase-commit/client-messages.ts';
import type { Transaction } from '../../../../machines/two-phase-commit/transaction.ts';
import type { TransactionId } from '../../../../machines/two-phase-commit/transaction-id.ts';
import { CommitsHaveAllVotes } from '../../../../src/simulation/invariants/commits-have-all-votes.ts';
import { OneContent } from '../../../../src/simulation/invariants/one-content.ts';
import { OneDecision } from '../../../../src/simulation/invariants/one-decision.ts';
import { VotesAreChosen } from '../../../../src/simulation/invariants/votes-are-chosen.ts';
import { AcceptorDisks } from '../../../../src/simulation/protocols/paxos/acceptor-disks.ts';
import { GroupDisks } from '../../../../src/simulation/protocols/transactions/group-disks.ts';
import { storedOn } from '../../../../src/simulation/protocols/transactions/stored-on.ts';
import { TentativeDecisions } from '../../../../src/simulation/protocols/transactions/tentative-decisions.ts';
import { forTwoPhaseCommit } from '../../../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import { Violation } from '../../../../src/simulation/violation.ts';
import { type DiskListener, watchDisk } from '../../../../src/simulation/watch/disk-watch.ts';
import {
  type Instrument,
  instrumentedProgram,
  watchActions,
} from '../../../../src/simulation/watch/instrumented-program.ts';
import { type Attempt, checkAttempts } from '../two-phase/two-phase-world.ts';
import { ReplicatedClient } from './replicated-client.ts';

export interface PaxosCommitWorldOptions {
  readonly seed?: number;
  readonly followers?: number;
  readonly settings?: PaxosCommitOptions['settings'];
  readonly network?: Partial<NetworkSettings>;
  readonly disk?: Partial<DiskSettings>;
  readonly trace?: (record: TraceRecord) => void;
  readonly instruments?: readonly Instrument[];
}

type Report = ReplicatedCoordinatorStatus | ParticipantStatus;

const ASK_MS = 15;
const OBSERVER: Address = addressOf(CLIENTS, 'observer');

/** Nodes of Paxos Commit in the simulated world, with every acceptance and every decision watched. */
export class PaxosCommitWorld implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly nodes: readonly string[];
  readonly decisions = new OneDecision();
  readonly contents = new OneContent();
  readonly votes: VotesAreChosen;
  readonly #tentative = new TentativeDecisions();
  readonly #disks: readonly DiskListener[];
  readonly attempts: Attempt[] = [];
  readonly #program: ReturnType<typeof instrumentedProgram>;
  readonly #clients = new Map<Address, ReplicatedClient>();
  readonly #reports = new Map<string, Report>();
  #broken: unknown;

  constructor({
    seed = 1,
    followers = 2,
    settings = {},
    network,
    disk,
    trace,
    instruments = [],
  }: PaxosCommitWorldOptions = {}) {
    this.nodes = Array.from({ length: followers + 1 }, (_, node) => String(node));
    this.votes = new VotesAreChosen(this.nodes.length);
    this.#disks = [
      new AcceptorDisks([this.votes]),
      new GroupDisks([this.decisions, new CommitsHaveAllVotes(), this.votes, this.#tentative]),
    ];
    this.#program = instrumentedProgram(paxosCommitProgram({ nodes: this.nodes, settings }), [
      forTwoPhaseCommit((program) => this.#instrument(program)),
      ...instruments,
    ]);
    this.host = new SimulatedHost({
      nodes: this.nodes,
      seed,
      program: this.#program.reference,
      onLife: ({ event, node }) => {
        if (event === 'crash') this.#tentative.crashed(node);
      },
      ...(network === undefined ? {} : { network }),
      ...(disk === undefined ? {} : { disk }),
      ...(trace === undefined ? {} : { trace }),
    });
    for (const node of this.nodes) this.#watchDisk(node);
    this.host.attach({
      receive: (envelopes, from) => {
        for (const { to, from: role, message } of envelopes) {
          if (to === OBSERVER) {
            if (role.startsWith(from)) this.#reports.set(role, message as Report);
          } else this.#clients.get(to)?.receive(message, from);
        }
      },
      ended: (_node, error) => {
        if (error !== undefined) this.#broken ??= error;
      },
      warn: (error) => {
        this.#broken ??= error;
      },
    });
  }

  get followers(): readonly string[] {
    return this.nodes.slice(1);
  }

  async start(): Promise<void> {
    await this.host.start(this.nodes);
  }

  client(name: string): ReplicatedClient {
    const address = addressOf(CLIENTS, name);
    const client = this.#clients.get(address) ?? new ReplicatedClient(name, this.host, this.nodes);
    this.#clients.set(address, client);
    return client;
  }

  /** Hands in a transaction, and remembers what is said of it. */
  async attempt(client: string, transaction: Partial<Transaction>): Promise<Outcome> {
    const attempt: Attempt = { transaction, outcome: undefined };
    this.attempts.push(attempt);
    attempt.outcome = await this.client(client).commit(transaction);
    return attempt.outcome;
  }

  send<M extends Message>(node: string, role: string, message: M): void {
    this.host.send(node, [{ to: addressOf(node, role), from: OBSERVER, message }]);
  }

  async kill(node: string): Promise<void> {
    await this.host.kill(node);
  }

  async restart(node: string): Promise<void> {
    if (!this.host.running.includes(node)) await this.host.start([node]);
  }

  async run(ms: number): Promise<void> {
    await this.host.run(this.host.clock.now() + ms);
    this.check();
  }

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

  /** One event. */
  async step(): Promise<boolean> {
    const happened = await this.host.step();
    this.check();
    return happened;
  }

  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** What each role of the nodes that run says of itself, by address. */
  async reports(): Promise<ReadonlyMap<string, Report>> {
    this.#reports.clear();
    for (const node of this.host.running) {
      this.send(node, 'coordinator', { type: 'status', id: 0 });
      if (node !== this.nodes[0]) this.send(node, 'participant', { type: 'status', id: 0 });
    }
    await this.run(ASK_MS);
    return this.#reports;
  }

  /** Who leads, where all who know anybody agree on one who says so, too. */
  async leader(): Promise<string | undefined> {
    const coordinators = [...(await this.reports()).values()].filter((report) => 'leads' in report);
    const leaders = new Set(coordinators.map(({ leader }) => leader));
    const leader = coordinators.find(({ leads }) => leads)?.leader;
    return leaders.size === 1 ? leader : undefined;
  }

  /** Lets time pass until nothing is pending at any of the nodes that run, one of which leads. */
  async settle(limitMs = 5000): Promise<void> {
    const untilMs = this.host.clock.now() + limitMs;
    for (;;) {
      const leader = await this.leader();
      const reports = [...this.#reports.values()];
      if (leader !== undefined && reports.every(isIdle)) break;
      if (this.host.clock.now() > untilMs) {
        throw new Violation('it comes to rest', JSON.stringify([...this.#reports]));
      }
    }
    // What was removed from the journals has reached the disks.
    await this.run(2 * ASK_MS);
  }

  /** After {@link settle}: whatever happened, it happened at every follower that runs, and clients were told the truth. */
  checkState(): void {
    const expected = JSON.stringify([...this.contents.state()].sort());
    for (const node of this.followers) {
      if (!this.host.running.includes(node)) continue;
      const stored = JSON.stringify(storedOn(this.host, node).sort());
      if (stored !== expected) {
        throw new Violation('equal stores', `${node} has ${stored}, committed is ${expected}`);
      }
      const left = [...this.host.diskOf(node).records.from('')].filter(
        ({ key }) => key[0] === 'group',
      ).length;
      if (left > 0) throw new Violation('empty journals', `${node} keeps ${left} records of groups`);
    }
    checkAttempts(this.attempts, this.contents);
  }

  /** The group of the highest id that anybody has voted on. */
  lastGroup(): TransactionId {
    return this.votes.lastGroup;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #watchDisk(node: string): void {
    watchDisk(node, this.host.diskOf(node), this.#disks, this.#watch);
  }

  readonly #watch = (look: () => void): void => {
    try {
      look();
    } catch (error) {
      this.#broken ??= error;
    }
  };

  #instrument(program: Parameters<Parameters<typeof forTwoPhaseCommit>[0]>[0]): void {
    const { node } = program;
    if (program.inputs.participant === undefined) return;
    watchActions(program, 'follower', ['recordCommit', 'recordAbort'], ({ context, event }) => {
      // What it was told; not its own vote, which may be forgotten with the node before anybody hears of it.
      if (!['COMMIT', 'ABORT', 'END'].includes(event.type)) return;
      const { group, decision } = context;
      if (nodeOf(event.from) === node) this.#tentative.toldBeside(node, group.id);
      this.#tentative.look(node, group.id, () =>
        this.#watch(() => this.decisions.decided(node, group.id, decision)),
      );
    });
    const { store } = program.inputs.participant.ground;
    const applyGroup = store.applyGroup.bind(store);
    store.applyGroup = (id, contents, decision) => {
      this.#tentative.look(node, id, () => this.#watch(() => this.contents.wrote(id, contents, decision)));
      applyGroup(id, contents, decision);
    };
  }
}

function isIdle(report: Report): boolean {
  if (report.type === 'coordinatorStatus') return report.open.length === 0 && report.pending === 0;
  return report.undecided.length === 0 && report.records === 0 && report.isDurable && report.reads === 0;
}
