import type { Envelope, Message } from '../../../actors/envelope.ts';
import type { Host } from '../../../actors/host.ts';
import { seededRandom } from '../../../actors/random.ts';
import { VirtualClock } from '../../../actors/simulated/virtual-clock.ts';
import type {
  Commit,
  Open,
  Opened,
  Outcome,
  Outcomes,
  Read,
  Values,
} from '../../../machines/two-phase-commit/client-messages.ts';
import { decodeTransaction } from '../../../machines/two-phase-commit/transaction-bytes.ts';
import type { ClientOptions } from '../../../src/client/client.ts';
import { Gateway } from '../../../src/client/gateway.ts';
import { TransactionClient } from '../../../src/client/transaction-client.ts';

/** A message on its way to a node. */
export interface Sent {
  readonly node: string;
  readonly to: string;
  readonly message: Message;
}

const NODES = ['0', '1', '2', '3'];

/** A client whose cluster is played by the test: leader 0, unless others may lead, too; followers 1 to 3. Time passes when the test says so. */
export class TransactionStage {
  readonly client: TransactionClient;
  readonly #clock = new VirtualClock();
  readonly #gateway: Gateway;
  #sent: Sent[] = [];

  constructor(
    options: ClientOptions & { readonly seed?: number; readonly leaders?: readonly string[] } = {},
  ) {
    const { seed = 1, leaders = ['0'], ...ofClient } = options;
    const host = {
      nodes: NODES,
      clock: this.#clock,
      random: seededRandom(seed),
      send: (node: string, envelopes: readonly Envelope[]) => {
        for (const { to, message } of envelopes) this.#sent.push({ node, to, message });
      },
    };
    // The gateway asks no more of its host.
    this.#gateway = new Gateway(host as unknown as Host, 'participant');
    for (const node of NODES) this.#gateway.nodeStarted(node);
    this.client = new TransactionClient('client', this.#gateway, {
      ...ofClient,
      leaders,
      followers: () => NODES.slice(1).filter((node) => this.#gateway.isUp(node)),
      closed: () => {},
    });
  }

  get nowMs(): number {
    return this.#clock.now();
  }

  /** Lets time pass, and client code go on. */
  async pass(ms = 0): Promise<void> {
    const untilMs = this.#clock.now() + ms;
    await goOn();
    for (let { nextMs } = this.#clock; nextMs !== undefined && nextMs <= untilMs; { nextMs } = this.#clock) {
      this.#clock.step();
      await goOn();
    }
    this.#clock.skipTo(untilMs);
  }

  /** What has left since the last call. */
  sent<Type extends Message['type']>(type?: Type): Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return type === undefined ? sent : sent.filter(({ message }) => message.type === type);
  }

  /** The commits that have left since the last call. */
  commits(): Commit[] {
    return this.sent('commit').map(({ message }) => message as Commit);
  }

  /** The reads that have left since the last call: whom they ask, and for what. */
  reads(): { readonly node: string; readonly read: Read }[] {
    return this.sent('read').map(({ node, message }) => ({ node, read: message as Read }));
  }

  receive(node: string, message: Message): void {
    this.#gateway.receive([{ to: 'clients/client', from: `${node}/role`, message }], node);
  }

  /** Answers the opening of a session that has left. */
  async open(session: number): Promise<void> {
    await this.pass();
    const [opening] = this.sent('open');
    if (opening === undefined) throw new Error('no session is opened');
    const { nonce } = opening.message as Open;
    this.receive('0', { type: 'opened', nonce, session, life: 1 } as Opened);
    await this.pass();
  }

  async tell(session: number, ...outcomes: readonly Outcome[]): Promise<void> {
    this.receive('0', { type: 'outcomes', session, outcomes } as Outcomes);
    await this.pass();
  }

  async values(node: string, id: number, ...values: Values['values']): Promise<void> {
    this.receive(node, { type: 'values', id, values } as Values);
    await this.pass();
  }

  async kill(node: string): Promise<void> {
    this.#gateway.nodeEnded(node);
    await this.pass();
  }

  async start(node: string): Promise<void> {
    this.#gateway.nodeStarted(node);
    await this.pass();
  }
}

/** How something ended, once it has: what it gave, or the code of the error. */
export function ending(work: Promise<unknown>): { ended: unknown } {
  const seen: { ended: unknown } = { ended: undefined };
  work.then(
    (value) => {
      seen.ended = value;
    },
    (error: { code?: string }) => {
      seen.ended = error.code ?? error;
    },
  );
  return seen;
}

/** What the transactions of a message hold. */
export function contents({ transactions }: Commit) {
  return transactions.map((bytes) => decodeTransaction(bytes));
}

function goOn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
