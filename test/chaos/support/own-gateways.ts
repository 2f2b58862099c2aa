import { type Address, addressOf } from '../../../actors/address.ts';
import { CLIENTS, type Host } from '../../../actors/host.ts';
import { Client, type ClientOptions } from '../../../src/client/client.ts';
import { Gateway } from '../../../src/client/gateway.ts';
import { TimeoutError } from '../../../src/errors.ts';

/**
 * Clients that find their way alone, as from another process: each may talk to another node than the cluster's own
 * clients, and hears of no crash. Make it before the cluster that is to have the host.
 */
export class OwnGateways {
  readonly #host: Host;
  readonly #gateways = new Map<Address, Gateway>();

  constructor(host: Host) {
    this.#host = host;
    const attach = host.attach.bind(host);
    host.attach = (handlers) =>
      attach({
        ...handlers,
        receive: (envelopes, from) => {
          const others = envelopes.filter(({ to }) => !this.#gateways.has(to));
          if (others.length > 0) handlers.receive(others, from);
          for (const envelope of envelopes) this.#gateways.get(envelope.to)?.receive([envelope], from);
        },
      });
  }

  /** Resolves when its session is open. */
  async client(entrance: string, options: ClientOptions): Promise<Client> {
    const name = `distant-${this.#gateways.size}`;
    const gateway = new Gateway(this.#host, entrance);
    for (const node of this.#host.nodes) gateway.nodeStarted(node);
    this.#gateways.set(addressOf(CLIENTS, name), gateway);
    const unanswered = (what: string, timeoutMs: number) => new TimeoutError(what, timeoutMs);
    const client = new Client(name, gateway, { ...options, unanswered, closed: () => {} });
    await client.open();
    return client;
  }

  close(): void {
    for (const gateway of this.#gateways.values()) gateway.close();
  }
}
