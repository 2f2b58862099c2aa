import { type Address, addressOf } from '../../../../actors/address.ts';
import type { Message } from '../../../../actors/envelope.ts';
import { FilesMissingError, SetAsideError } from '../../../../actors/errors.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import type { JournalKind } from '../../../../actors/memory.ts';
import type { DiskSettings, NetworkSettings, TraceRecord } from '../../../../actors/simulated/index.ts';
import { SimulatedHost } from '../../../../actors/simulated/simulated-host.ts';
import type {
  CoordinatorStatus,
  Outcome,
  ParticipantStatus,
} from '../../../../machines/two-phase-commit/client-messages.ts';
import type { Ground } from '../../../../machines/two-phase-commit/follower-context.ts';
import { twoPhaseCommitProgram } from '../../../../machines/two-phase-commit/program.ts';
import type { TwoPhaseCommitSettings } from '../../../../machines/two-phase-commit/settings.ts';
import type { Transaction } from '../../../../machines/two-phase-commit/transaction.ts';
import { checkClientsHearTheTruth } from '../../../../src/simulation/invariants/clients-hear-the-truth.ts';
import { CommitsHaveAllVotes } from '../../../../src/simulation/invariants/commits-have-all-votes.ts';
import { OneContent } from '../../../../src/simulation/invariants/one-content.ts';
import { OneDecision } from '../../../../src/simulation/invariants/one-decision.ts';
import { GroupDisks } from '../../../../src/simulation/protocols/transactions/group-disks.ts';
import { storedOn } from '../../../../src/simulation/protocols/transactions/stored-on.ts';
import { forTwoPhaseCommit } from '../../../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import { Violation } from '../../../../src/simulation/violation.ts';
import { watchDisk } from '../../../../src/simulation/watch/disk-watch.ts';
import {
  type Instrument,
  instrumentedProgram,
  watchActions,
} from '../../../../src/simulation/watch/instrumented-program.ts';
import { TestClient } from './test-client.ts';

export interface TwoPhaseWorldOptions {
  readonly seed?: number;
  readonly followers?: number;
  readonly settings?: Partial<TwoPhaseCommitSettings>;
  readonly network?: Partial<NetworkSettings>;
  readonly disk?: Partial<DiskSettings>;
  readonly journal?: JournalKind;
  readonly trace?: (record: TraceRecord) => void;
  readonly instruments?: readonly Instrument[];
}

/** A transaction that a test has handed in, and what its client was told. */
export interface Attempt {
  readonly transaction: Partial<Transaction>;
  outcome: Outcome | undefined;
}

const ASK_MS = 15;
const OBSERVER: Address = addressOf(CLIENTS, 'observer');

/** A leader and followers in the simulated world, with every decision watched. */
export class TwoPhaseWorld implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly decisions = new OneDecision();
  readonly contents = new OneContent();
  readonly #disks = [new GroupDisks([this.decisions, new CommitsHaveAllVotes()])];
  readonly attempts: Attempt[] = [];
  readonly #program: ReturnType<typeof instrumentedProgram>;
  readonly #clients = new Map<Address, TestClient>();
  readonly #reports = new Map<string, CoordinatorStatus | ParticipantStatus>();
  /** What the last life of each follower goes by. */
  readonly #grounds = new Map<string, Ground>();
  #broken: unknown;

  constructor({
    seed = 1,
    followers = 2,
    settings = {},
    network,
    disk,
    journal = 'lmdb',
    trace,
    instruments = [],
  }: TwoPhaseWorldOptions = {}) {
    const nodes = Array.from({ length: followers + 1 }, (_, node) => String(node));
    this.#program = instrumentedProgram(twoPhaseCommitProgram({ nodes, settings }), [
      ...instruments,
      forTwoPhaseCommit((program) => this.#instrument(program)),
    ]);
    this.host = new SimulatedHost({
      nodes,
      seed,
      program: this.#program.reference,
      journal,
      ...(network === undefined ? {} : { network }),
      ...(disk === undefined ? {} : { disk }),
      ...(trace === undefined ? {} : { trace }),
    });
    for (const node of this.nodes) this.#watchDisk(node);
    this.host.attach({
      receive: (envelopes, from) => {
        for (const { to, message } of envelopes) {
          if (to === OBSERVER) this.#noteReport(from, message);
          else this.#clients.get(to)?.receive(message);
        }
      },
      ended: (node, error) => {
        if (error !== undefined) this.#broken ??= error;
        else this.ended.push(node);
      },
      warn: (error) => {
        // Of those a test has the disks lost, or has let rot.
        if (!(error instanceof FilesMissingError || error instanceof SetAsideError)) this.#broken ??= error;
      },
    });
  }

  /** Nodes that have ended by a countdown. */
  readonly ended: string[] = [];

  /** The leader first. */
  get nodes(): readonly string[] {
    return this.host.nodes;
  }

  get followers(): readonly string[] {
    return this.nodes.slice(1);
  }

  async start(): Promise<void> {
    await this.host.start(this.nodes);
  }

  client(name: string): TestClient {
    const address = addressOf(CLIENTS, name);
    const client = this.#clients.get(address) ?? new TestClient(name, this.host);
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

  /** Kills a node that runs. */
  async kill(node: string): Promise<void> {
    await this.host.kill(node);
  }

  async restart(node: string): Promise<void> {
    if (!this.host.running.includes(node)) await this.host.start([node]);
  }

  /** Adds a node, which asks to become a follower. */
  async add(node: string): Promise<void> {
    await this.host.add(node);
    this.#watchDisk(node);
  }

  /** A node that does not run loses its disks. */
  forget(node: string): void {
    this.host.forget(node);
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

  /** What each node that answers says of itself. */
  async reports(): Promise<ReadonlyMap<string, CoordinatorStatus | ParticipantStatus>> {
    this.#reports.clear();
    for (const node of this.host.running) {
      this.send(node, node === '0' ? 'coordinator' : 'participant', { type: 'status', id: 0 });
    }
    await this.run(ASK_MS);
    return this.#reports;
  }

  /** Whether it is a follower that has the whole store, as far as it knows. */
  isMember(node: string): boolean {
    return this.#grounds.get(node)?.membership.state === 'member';
  }

  /** Lets time pass until nothing is pending at any of the live nodes. */
  async settle(limitMs = 5000): Promise<void> {
    const untilMs = this.host.clock.now() + limitMs;
    for (;;) {
      const reports = await this.reports();
      if (reports.size === this.host.running.length && [...reports.values()].every(isIdle)) break;
      if (this.host.clock.now() > untilMs) {
        throw new Violation('it comes to rest', JSON.stringify([...reports]));
      }
    }
    // What was removed from the journals has reached the disks.
    await this.run(ASK_MS);
  }

  /** After {@link settle}, all nodes being up: whatever happened, it happened everywhere, and clients were told the truth. */
  checkState(): void {
    const expected = JSON.stringify([...this.contents.state()].sort());
    for (const node of this.followers) {
      const stored = JSON.stringify(storedOn(this.host, node).sort());
      if (stored !== expected) {
        throw new Violation('equal stores', `${node} has ${stored}, committed is ${expected}`);
      }
    }
    for (const node of this.nodes) {
      const left = [...this.host.diskOf(node).records.from('')].filter(({ key }) => key[0] === 'group');
      if (left.length > 0) throw new Violation('empty journals', `${node} keeps ${left.length} records`);
    }
    checkAttempts(this.attempts, this.contents);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #noteReport(from: string, message: Message): void {
    if (message.type === 'coordinatorStatus' || message.type === 'participantStatus')
      this.#reports.set(from, message as CoordinatorStatus | ParticipantStatus);
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
      if (['COMMIT', 'ABORT', 'END'].includes(event.type))
        this.#watch(() => this.decisions.decided(node, context.group.id, context.decision));
    });
    const { ground } = program.inputs.participant;
    this.#grounds.set(node, ground);
    const { store } = ground;
    const applyGroup = store.applyGroup.bind(store);
    store.applyGroup = (id, contents, decision) => {
      this.#watch(() => this.contents.wrote(id, contents, decision));
      applyGroup(id, contents, decision);
    };
  }
}

function isIdle(report: CoordinatorStatus | ParticipantStatus): boolean {
  if (report.type === 'coordinatorStatus') {
    const { open, pending, records, learner } = report;
    return open.length === 0 && pending === 0 && records === 0 && learner === undefined;
  }
  const { isMember, undecided, records, isDurable, reads } = report;
  return isMember && undecided.length === 0 && records === 0 && isDurable && reads === 0;
}

/** Every client was answered, and told the truth. */
export function checkAttempts(attempts: readonly Attempt[], { applied }: OneContent): void {
  const told = attempts.map(({ transaction, outcome }) => {
    const { writes = [] } = transaction;
    if (outcome === undefined) throw new Violation('every client is answered', JSON.stringify(transaction));
    const [, what, id] = outcome;
    if (what === 'committed' && writes.length > 0 && !applied.has(id))
      throw new Violation(
        'what was committed happened',
        `${JSON.stringify(writes)} ${JSON.stringify(outcome)}`,
      );
    return { writes, told: what === 'unknown' ? undefined : what };
  });
  checkClientsHearTheTruth(told, applied);
}
