import type { Gateway, GatewayUser } from './gateway.ts';

/** A client that has handed in operations. */
export interface Sender {
  /** Sends what was handed in up to this position, and may be sent now. */
  advance(position: number): void;
}

const NAME = 'write-order';

/**
 * Lets the clients that stand at one server write there in the order of their calls, and what each of them says in a
 * row travel together. Clients at different servers hold nobody up.
 */
export class WriteOrder {
  readonly #gateway: Gateway;
  readonly #lanes = new Map<string | undefined, { readonly sender: Sender; position: number }[]>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    const user: GatewayUser = {
      position: 0,
      receive: () => {},
      flush: () => this.#flush(),
      tick: () => false,
      nodeEnded: () => {},
    };
    gateway.join(NAME, user);
  }

  /** Something was handed in for a server, by a client that has handed in so much now. */
  note(server: string | undefined, sender: Sender, position: number): void {
    const lane = this.#lanes.get(server);
    const last = lane?.at(-1);
    if (lane === undefined) this.#lanes.set(server, [{ sender, position }]);
    else if (last?.sender === sender) last.position = position;
    else lane.push({ sender, position });
    this.#gateway.noteWaiting();
  }

  #flush(): void {
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    for (const lane of lanes) for (const { sender, position } of lane) sender.advance(position);
  }
}
