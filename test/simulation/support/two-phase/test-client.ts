import { type Address, addressOf } from '../../../../actors/address.ts';
import type { Message } from '../../../../actors/envelope.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import type { SimulatedHost } from '../../../../actors/simulated/simulated-host.ts';
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

const LEADER = '0';
/** How often a client asks again. */
const RETRY_MS = 60;

interface PendingCommit {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly resolve: (outcome: Outcome) => void;
}

/** A client that says all again until it is answered. */
export class TestClient {
  readonly address: Address;
  readonly #host: SimulatedHost;
  #session: number | undefined;
  #nonces = 0;
  #nextNumber = 1;
  readonly #waiting: { readonly bytes: Uint8Array; readonly resolve: (outcome: Outcome) => void }[] = [];
  readonly #pending = new Map<number, PendingCommit>();
  readonly #asked = new Map<
    number,
    { readonly question: Read; readonly resolve: (values: Values) => void }
  >();
  #nextId = 1;

  constructor(name: string, host: SimulatedHost) {
    this.address = addressOf(CLIENTS, name);
    this.#host = host;
  }

  /** What became of it. */
  commit(transaction: Partial<Transaction>): Promise<Outcome> {
    const bytes = encodeTransaction({ reads: [], conditions: [], writes: [], ...transaction });
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      if (this.#session === undefined) this.#open();
      else this.#begin(this.#session);
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

  receive(message: Message): void {
    if (message.type === 'opened') this.#opened(message as Opened);
    else if (message.type === 'outcomes') this.#settle(message as Outcomes);
    else if (message.type === 'values') {
      const values = message as Values;
      this.#asked.get(values.id)?.resolve(values);
      this.#asked.delete(values.id);
    }
  }

  get #followers(): readonly string[] {
    return this.#host.nodes.filter((node) => node !== LEADER);
  }

  #open(): void {
    this.#nonces += 1;
    const nonce = `${this.address} ${this.#nonces}`;
    this.#send(LEADER, 'coordinator', { type: 'open', nonce } satisfies Open);
    this.#host.clock.after(RETRY_MS, () => {
      if (this.#session === undefined && `${this.address} ${this.#nonces}` === nonce) this.#open();
    });
  }

  #opened({ nonce, session }: Opened): void {
    if (this.#session !== undefined || nonce !== `${this.address} ${this.#nonces}`) return;
    this.#session = session;
    this.#nextNumber = 1;
    this.#begin(session);
  }

  #begin(session: number): void {
    for (const { bytes, resolve } of this.#waiting.splice(0)) {
      const number = this.#nextNumber++;
      this.#pending.set(number, { number, bytes, resolve });
      this.#sendCommit(session, number);
    }
  }

  #sendCommit(session: number, number: number): void {
    const pending = this.#pending.get(number);
    if (pending === undefined || session !== this.#session) return;
    const message: Commit = {
      type: 'commit',
      session,
      first: number,
      below: Math.min(...this.#pending.keys()),
      transactions: [pending.bytes],
    };
    this.#send(LEADER, 'coordinator', message);
    this.#host.clock.after(RETRY_MS, () => this.#sendCommit(session, number));
  }

  #settle({ session, outcomes }: Outcomes): void {
    if (session !== this.#session) return;
    for (const outcome of outcomes) {
      const [number, what] = outcome;
      const pending = this.#pending.get(number);
      if (pending === undefined) continue;
      this.#pending.delete(number);
      pending.resolve(outcome);
      if (what === 'unknown') this.#end();
    }
  }

  /** The session was of an earlier life: whatever else is under way in it has the same fate. */
  #end(): void {
    this.#session = undefined;
    for (const { number, resolve } of this.#pending.values()) resolve([number, 'unknown']);
    this.#pending.clear();
    if (this.#waiting.length > 0) this.#open();
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
