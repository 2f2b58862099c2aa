import { setTimeout as sleep } from 'node:timers/promises';
import { SynodError } from '../../actors/errors.ts';
import type { JournalKind } from '../../actors/memory.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import type { Transaction, TransactionOutcome } from '../client/transaction.ts';
import type { TransactionClient } from '../client/transaction-client.ts';
import type { TransactionCluster } from '../cluster/transaction-cluster.ts';
import type { TransactionMessageType } from '../cluster/transaction-messages.ts';
import type { Environment, ScenarioRun } from './grammar.ts';
import { journalLine } from './journal-line.ts';
import type { LinkRun } from './link-commands.ts';

/** A read that has waited for so long may be one that nobody can answer. */
const PATIENCE_MS = 50;

/** Errors that leave open whether a transaction happened, or say that it was not handed in. */
const UNKNOWN = ['SYNOD_UNKNOWN_OUTCOME', 'SYNOD_TIMEOUT', 'SYNOD_NO_LEADER'];
const UNREACHABLE = ['SYNOD_TIMEOUT', 'SYNOD_NO_FOLLOWER'];

/** What is to be started for a script. */
export interface TransactionClusterPlan {
  readonly nodes: number;
  readonly journal: JournalKind;
  /** The folder for its data; it exists and is empty. */
  readonly dataDir: string;
  /** The file for a trace of what its nodes do. */
  readonly trace?: string | undefined;
  /** A server has ended by itself. */
  warn(error: Error): void;
}

/** Starts a cluster for a script; resolves when it takes transactions. */
export type OpenTransactionCluster = (plan: TransactionClusterPlan) => Promise<TransactionCluster>;

interface Participant {
  readonly client: TransactionClient;
  open: Transaction | undefined;
}

/**
 * A script of transactions while it runs.
 *
 * A script's outcome must not depend on how fast it is read. So a commit is waited for; and a command that breaks or
 * mends something, or that prints what a server has, first lets all come to rest.
 */
export class TransactionRun implements ScenarioRun, LinkRun {
  readonly #environment: Environment;
  readonly #openCluster: OpenTransactionCluster;
  #system: TransactionCluster | undefined;
  #clients: Participant[] = [];

  constructor(environment: Environment, openCluster: OpenTransactionCluster) {
    this.#environment = environment;
    this.#openCluster = openCluster;
  }

  get signal(): AbortSignal {
    return this.#environment.signal;
  }

  async start(followers: number, clients: number): Promise<void> {
    const { dataDir, journal, trace, warn } = this.#environment;
    const cluster = await this.#openCluster({ nodes: followers + 1, dataDir, journal, trace, warn });
    this.#system = cluster;
    this.#clients = await Promise.all(
      Array.from({ length: clients }, async () => ({ client: await cluster.client(), open: undefined })),
    );
  }

  begin(id: number): void {
    const participant = this.#participant(id);
    participant.open = participant.client.begin();
  }

  async commit(id: number): Promise<void> {
    const transaction = this.#takeOpen(id);
    await this.#printOutcome(() => transaction.commit());
    if (transaction.isOpen) transaction.abort();
  }

  abort(id: number): void {
    this.#takeOpen(id).abort();
  }

  async put(id: number, key: string, value: string): Promise<void> {
    const { client, open } = this.#participant(id);
    if (open !== undefined) open.put(key, value);
    else await this.#printOutcome(() => client.put(key, value));
  }

  async delete(id: number, key: string): Promise<void> {
    const { client, open } = this.#participant(id);
    if (open !== undefined) open.delete(key);
    else await this.#printOutcome(() => client.delete(key));
  }

  async get(id: number, key: string): Promise<void> {
    const { client, open } = this.#participant(id);
    const found = await this.#read(key, (open ?? client).get(key));
    this.#print(found === unreachable ? `${key}:ERR_CONN` : `${key}:${found ?? 'ERR_KEY'}`);
  }

  /** A dead follower hears no order. */
  async voteNo(id: number): Promise<void> {
    if (this.#cluster.isUp(id)) await this.#cluster.voteNo(id);
  }

  async delayVote(id: number, ms: number): Promise<void> {
    if (this.#cluster.isUp(id)) await this.#cluster.delayVote(id, ms);
  }

  async crashServer(id: number): Promise<void> {
    await this.allClear();
    await this.#cluster.crash(id);
  }

  async restartServer(id: number): Promise<void> {
    await this.allClear();
    await this.#cluster.restart(id);
  }

  async disconnect(serverA: number, serverB: number): Promise<void> {
    await this.allClear();
    await this.#cluster.disconnect(serverA, serverB);
  }

  async connect(serverA: number, serverB: number): Promise<void> {
    await this.allClear();
    await this.#cluster.connect(serverA, serverB);
  }

  async crashBefore(id: number, message: TransactionMessageType): Promise<void> {
    await this.allClear();
    this.#cluster.crashBefore(id, message);
  }

  async crashAfter(id: number, message: TransactionMessageType): Promise<void> {
    await this.allClear();
    this.#cluster.crashAfter(id, message);
  }

  allClear(): Promise<void> {
    return this.#cluster.settled();
  }

  async printStore(id: number): Promise<void> {
    await this.allClear();
    for (const [key, value] of (await this.#cluster.store(id)) ?? []) this.#print(`${key}:${textOf(value)}`);
  }

  async printJournal(id: number): Promise<void> {
    await this.allClear();
    for (const line of (await this.#cluster.journal(id)) ?? []) this.#print(journalLine(line));
  }

  async describe(): Promise<string> {
    if (this.#system === undefined) return 'nothing started';
    const { nodes, cut } = await this.#system.status();
    const up = nodes.filter((node) => node.up).map(({ node, pending }) => `${node}:${pending ?? '?'}`);
    const links = cut.map(([a, b]) => `${a}-${b}`);
    return [`up, pending ${up.join(' ')}`, ...(links.length > 0 ? [`cut ${links.join(' ')}`] : [])].join(
      ', ',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system?.[Symbol.asyncDispose]();
  }

  get #cluster(): TransactionCluster {
    if (this.#system === undefined) throw new Error('the script has started no servers');
    return this.#system;
  }

  #print(line: string): void {
    this.#environment.print(line);
  }

  #participant(id: number): Participant {
    const participant = this.#clients[id];
    if (participant === undefined) throw new Error(`the script has no client ${id}`);
    return participant;
  }

  #takeOpen(id: number): Transaction {
    const participant = this.#participant(id);
    const { open } = participant;
    if (open === undefined) throw new Error(`client ${id} has no transaction open`);
    participant.open = undefined;
    return open;
  }

  async #printOutcome(decide: () => Promise<TransactionOutcome>): Promise<void> {
    // Not left waiting for nodes that may come back much later in the script.
    if (!this.#cluster.canDecide()) {
      this.#print('UNKNOWN');
      return;
    }
    try {
      this.#print((await decide()) === 'committed' ? 'COMMIT' : 'ABORT');
    } catch (error) {
      if (!hasCode(error, UNKNOWN)) throw error;
      this.#print('UNKNOWN');
    }
  }

  /** Gives up when nothing more can happen and no follower that lives has an answer. */
  async #read(key: string, reading: Promise<Value | undefined>): Promise<string | undefined | Unreachable> {
    let isWaiting = true;
    const read = reading
      .then((value) => (value === undefined ? undefined : textOf(value)))
      .catch((error: unknown): Unreachable => {
        if (hasCode(error, UNREACHABLE)) return unreachable;
        throw error;
      })
      .finally(() => {
        isWaiting = false;
      });
    // One that is given up may still fail when the cluster is gone.
    read.catch(() => undefined);
    for (;;) {
      await Promise.race([read, sleep(PATIENCE_MS, undefined, { signal: this.signal })]);
      if (!isWaiting) return read;
      await Promise.race([read, this.#cluster.settled()]);
      if (isWaiting && !(await this.#cluster.canRead(key)) && isWaiting) return unreachable;
    }
  }
}

const unreachable: unique symbol = Symbol('unreachable');
type Unreachable = typeof unreachable;

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof SynodError && codes.includes(error.code);
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString();
}
