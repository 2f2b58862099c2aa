import { type Address, addressOf } from '../../../../actors/address.ts';
import type { Message } from '../../../../actors/envelope.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import type { SimulatedHost } from '../../../../actors/simulated/simulated-host.ts';
import type { Redirect } from '../../../../machines/paxos-commit/messages.ts';
import type {
  Commit,
  Open,
  Opened,
  Outcome,
  Outcomes,
  Read,
  Values,
} from '../../../../machines/two-phase-commit/client-messages.ts';
import type { Transaction } from '../../../../machines/two-phase-commit/transaction.ts';
import { encodeTransaction } from '../../../../machines/two-phase-commit/transaction-bytes.ts';

/** How often a client asks again; each time another node, unless it was told whom. */
const RETRY_MS = 60;

interface WaitingCommit {
  readonly bytes: Uint8Array;
  readonly resolve: (outcome: Outcome) => void;
}

interface PendingCommit extends WaitingCommit {
  readonly session: number;
  readonly number: number;
}

/** A client that says all again until it is answered, and finds out who leads. */
export class ReplicatedClient {
  readonly address: Address;
  readonly #host: SimulatedHost;
  readonly #nodes: readonly string[];
  readonly #followers: readonly string[];
  #leader: string;
  #wasTold = false;
  #session: number | undefined;
  /** Who has opened the session: no other leader takes anything new in it. */
  #opener: string | undefined;
  #nonces = 0;
  #nextNumber = 1;
  readonly #waiting: WaitingCommit[] = [];
  /** Also those of sessions that are over: whoever leads may know what became of them. */
  readonly #pending = new Set<PendingCommit>();
  readonly #asked = new Map<
    number,
    { readonly question: Read; readonly resolve: (values: Values) => void }
  >();
  #nextId = 1;

  constructor(name: string, host: SimulatedHost, nodes: readonly string[]) {
    this.address = addressOf(CLIENTS, name);
    this.#host = host;
    this.#nodes = nodes;
    this.#followers = nodes.slice(1);
    this.#leader = nodes[0]!;
  }

  /** What became of it. */
  commit(transaction: Partial<Transaction>): Promise<Outcome> {
    const bytes = encodeTransaction({ reads: [], conditions: [], writes: [], ...transaction });
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      if (this.#session !== undefined) this.#begin(this.#session);
      else if (this.#waiting.length === 1) this.#open();
    });
  }

  /** What the keys have at one follower, or another where that is silent. */
  read(keys: readonly string[], follower?: string): Promise<Values['values']> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const question: Read = { type: 'read', id, keys };
      this.#asked.set(id, { question, resolve: ({ values }) => resolve(values) });
      const first =
        follower === undefined
          ? this.#host.random.integer(0, this.#followers.length - 1)
          : this.#followers.indexOf(follower);
      this.#ask(id, first);
    });
  }

  receive(message: Message, from: string): void {
    if (message.type === 'opened') this.#opened(message as Opened, from);
    else if (message.type === 'outcomes') this.#settle(message as Outcomes, from);
    else if (message.type === 'redirect') this.#redirect(message as Redirect);
    else if (message.type === 'values') {
      const values = message as Values;
      this.#asked.get(values.id)?.resolve(values);
      this.#asked.delete(values.id);
    }
  }

  #open(): void {
    this.#nonces += 1;
    const nonce = `${this.address} ${this.#nonces}`;
    this.#send(this.#leader, 'coordinator', { type: 'open', nonce } satisfies Open);
    this.#host.clock.after(RETRY_MS, () => {
      if (this.#session !== undefined || `${this.address} ${this.#nonces}` !== nonce) return;
      this.#tryAnother();
      this.#open();
    });
  }

  #opened({ nonce, session }: Opened, from: string): void {
    if (this.#session !== undefined || nonce !== `${this.address} ${this.#nonces}`) return;
    this.#session = session;
    this.#opener = from;
    this.#nextNumber = 1;
    this.#begin(session);
  }

  #begin(session: number): void {
    for (const waiting of this.#waiting.splice(0)) {
      const pending = { ...waiting, session, number: this.#nextNumber++ };
      this.#pending.add(pending);
      this.#sendCommit(pending);
    }
  }

  #sendCommit(pending: PendingCommit): void {
    const { session, number, bytes } = pending;
    const numbers = [...this.#pending].filter((other) => other.session === session);
    const below = Math.min(...numbers.map((other) => other.number));
    const message: Commit = { type: 'commit', session, first: number, below, transactions: [bytes] };
    this.#send(this.#leader, 'coordinator', message);
    this.#host.clock.after(RETRY_MS, () => {
      if (!this.#pending.has(pending)) return;
      this.#tryAnother();
      this.#sendCommit(pending);
    });
  }

  #settle({ session, outcomes }: Outcomes, from: string): void {
    if (session === this.#session && from !== this.#opener) this.#session = undefined;
    for (const outcome of outcomes) {
      const [number, what] = outcome;
      if (what === 'unknown' && session === this.#session) this.#session = undefined;
      for (const pending of this.#pending) {
        if (pending.session !== session || pending.number !== number) continue;
        this.#pending.delete(pending);
        pending.resolve(outcome);
      }
    }
  }

  #redirect({ leader }: Redirect): void {
    if (leader === undefined) return;
    this.#leader = leader;
    this.#wasTold = true;
  }

  #tryAnother(): void {
    // It has been told since it asked last.
    if (this.#wasTold) {
      this.#wasTold = false;
      return;
    }
    this.#leader = this.#nodes[(this.#nodes.indexOf(this.#leader) + 1) % this.#nodes.length]!;
  }

  #ask(id: number, place: number): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#send(this.#followers[place % this.#followers.length]!, 'participant', asked.question);
    this.#host.clock.after(RETRY_MS, () => this.#ask(id, place + 1));
  }

  #send<M extends Message>(node: string, role: string, message: M): void {
    this.#host.send(node, [{ to: addressOf(node, role), from: this.address, message }]);
  }
}
