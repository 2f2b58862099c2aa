import type { Envelope, Message } from '../../../actors/envelope.ts';
import { CLIENTS, type Host, type HostHandlers } from '../../../actors/host.ts';
import { seededRandom } from '../../../actors/random.ts';
import { VirtualClock } from '../../../actors/simulated/virtual-clock.ts';

/** A message that has arrived at a node of the stage. */
export interface Arrived {
  readonly node: string;
  /** The name of the client that sent it. */
  readonly client: string;
  readonly message: Message;
}

/** A host without nodes: it notes what clients send, and a test says what the nodes answer. Time is virtual. */
export class StageHost implements Host {
  readonly clock = new VirtualClock();
  readonly random = seededRandom(1);
  readonly nodes: readonly string[];
  readonly former: readonly string[] = [];
  readonly arrived: Arrived[] = [];
  #handlers: HostHandlers | undefined;

  constructor(nodes: readonly string[]) {
    this.nodes = nodes;
  }

  attach(handlers: HostHandlers): void {
    this.#handlers = handlers;
  }

  send(node: string, envelopes: readonly Envelope[]): void {
    for (const { from, message } of envelopes) {
      this.arrived.push({ node, client: from.slice(CLIENTS.length + 1), message });
    }
  }

  /** Lets a node say something to a client. */
  answer<M extends Message>({ node, client }: Pick<Arrived, 'node' | 'client'>, message: M): void {
    this.#handlers?.receive([{ to: `${CLIENTS}/${client}`, from: `${node}/replica`, message }], node);
  }

  /** A node ends by itself. */
  end(node: string, error?: Error): void {
    this.#handlers?.ended(node, error);
  }

  /** Lets so much time pass, and client code go on. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.now() + ms;
    await promiseJobs();
    for (let next = this.clock.nextMs; next !== undefined && next <= untilMs; next = this.clock.nextMs) {
      this.clock.step();
      await promiseJobs();
    }
    this.clock.skipTo(untilMs);
  }

  async open(): Promise<void> {}
  async add(): Promise<void> {}
  async remove(): Promise<void> {}
  async start(): Promise<void> {}
  async kill(): Promise<void> {}
  killAfter(): void {}
  async link(): Promise<void> {}
  async changeLink(): Promise<void> {}
  async tally(): Promise<undefined> {}

  inspect(): void {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Until every promise that can go on has gone on. */
function promiseJobs(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
