import {
  COORDINATOR,
  type CoordinatorStatus,
  type DelayVoteNext,
  type JournalPage,
  type JournalRequest,
  type Noted,
  PARTICIPANT,
  type Page,
  type ParticipantStatus,
  type RecordLine,
  type Values,
  type VoteNoNext,
} from '../../machines/two-phase-commit/client-messages.ts';
import type { Value } from '../../machines/two-phase-commit/transaction.ts';
import type { Gateway } from '../client/gateway.ts';
import { Inquiries } from '../client/inquiries.ts';

/** What the nodes say of themselves. One that is down or silent says nothing. */
export interface TransactionReports {
  readonly coordinator: CoordinatorStatus | undefined;
  /** Who leads, as far as it is known. */
  readonly leader: string | undefined;
  /** By node. */
  readonly participants: ReadonlyMap<string, ParticipantStatus>;
}

/** A node that has not said how it is by then is taken for one that cannot. */
const STATUS_MS_MAX = 1000;
/** For what takes the node a while to find. */
const PAGE_MS_MAX = 10_000;

/** Asks the nodes of two-phase commit how they are and what they keep, and tells them what a test or a script wants. */
export class TransactionObserver {
  /** The founding leader, which is no follower. */
  readonly #leader: string;
  /** Whether any node may lead. */
  readonly #isReplicated: boolean;
  readonly #coordinator: Inquiries<CoordinatorStatus | JournalPage>;
  readonly #participants: Inquiries<ParticipantStatus | JournalPage | Page | Noted | Values>;

  constructor(gateway: Gateway, leader: string, isReplicated = false) {
    this.#leader = leader;
    this.#isReplicated = isReplicated;
    this.#coordinator = new Inquiries(gateway, 'coordinator-observer', COORDINATOR);
    this.#participants = new Inquiries(gateway, 'participant-observer', PARTICIPANT);
  }

  async observe(nodes: readonly string[]): Promise<TransactionReports> {
    const followers = nodes.filter((node) => node !== this.#leader);
    const [leading, ...statuses] = await Promise.all([
      this.leading(nodes),
      ...followers.map((node) =>
        this.#participants.ask(node, statusRequest, 'participantStatus', STATUS_MS_MAX),
      ),
    ]);
    const participants = new Map<string, ParticipantStatus>();
    followers.forEach((node, place) => {
      const status = statuses[place];
      if (status !== undefined) participants.set(node, status);
    });
    return { ...leading, participants };
  }

  /** Who leads, and what it says. */
  async leading(nodes: readonly string[]): Promise<Pick<TransactionReports, 'leader' | 'coordinator'>> {
    if (!this.#isReplicated) return { leader: this.#leader, coordinator: await this.coordinator() };
    const statuses = await Promise.all(nodes.map((node) => this.#statusOf(node)));
    // A former leader may not have noticed yet: the later one counts.
    const place = statuses.reduce((best, status, node) => {
      if (!(status !== undefined && 'leads' in status && status.leads === true)) return best;
      return status.life > (statuses[best]?.life ?? 0) ? node : best;
    }, -1);
    return { leader: nodes[place], coordinator: statuses[place] };
  }

  coordinator(): Promise<CoordinatorStatus | undefined> {
    return this.#statusOf(this.#leader);
  }

  #statusOf(node: string): Promise<CoordinatorStatus | undefined> {
    return this.#coordinator.ask(node, statusRequest, 'coordinatorStatus', STATUS_MS_MAX);
  }

  /** All that is committed at a follower, in order of keys; undefined when it does not answer. */
  async store(node: string): Promise<(readonly [key: string, value: Value])[] | undefined> {
    const entries: (readonly [string, Value])[] = [];
    for (let start: string | null = ''; start !== null; ) {
      const question = scanFrom(start);
      const page: Page | undefined = await this.#participants.ask(node, question, 'page', PAGE_MS_MAX);
      if (page === undefined) return undefined;
      for (const entry of page.entries) entries.push(entry);
      start = page.next;
    }
    return entries;
  }

  /** Whether any of these followers answers a read of the key now, rather than wait for a decision. */
  async canRead(key: string, nodes: readonly string[]): Promise<boolean> {
    const answers = nodes.map(async (node) => {
      let hasAnswered = false;
      const question = (id: number) => ({ type: 'read', id, keys: [key] }) as const;
      void this.#participants.ask(node, question, 'values', STATUS_MS_MAX).then((values) => {
        hasAnswered = values !== undefined;
      });
      // It goes after the read on the same way, and waits for nothing: so does its answer.
      await this.#participants.ask(node, statusRequest, 'participantStatus', STATUS_MS_MAX);
      return hasAnswered;
    });
    return (await Promise.all(answers)).includes(true);
  }

  /** The records of a node's journal; undefined when it does not answer. */
  async journal(node: string): Promise<RecordLine[] | undefined> {
    const ask = (question: (id: number) => JournalRequest) =>
      node === this.#leader
        ? this.#coordinator.ask(node, question, 'journalPage', PAGE_MS_MAX)
        : this.#participants.ask(node, question, 'journalPage', PAGE_MS_MAX);
    const records: RecordLine[] = [];
    for (let start: number | null = 0; start !== null; ) {
      const page: JournalPage | undefined = await ask(journalFrom(start));
      if (page === undefined) return undefined;
      for (const record of page.records) records.push(record);
      start = page.next;
    }
    return records;
  }

  /** Tells a follower how to vote next. False when it does not say that it has heard. */
  async order(node: string, order: Omit<VoteNoNext, 'id'> | Omit<DelayVoteNext, 'id'>): Promise<boolean> {
    const noted = await this.#participants.ask(node, (id) => ({ ...order, id }), 'noted', STATUS_MS_MAX);
    return noted !== undefined;
  }
}

function statusRequest(id: number) {
  return { type: 'status', id } as const;
}

function scanFrom(start: string) {
  return (id: number) => ({ type: 'scan', id, start }) as const;
}

function journalFrom(start: number) {
  return (id: number) => ({ type: 'journal', id, start }) as const;
}
