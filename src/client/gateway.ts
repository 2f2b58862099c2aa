import { type Address, addressOf } from '../../actors/address.ts';
import type { Cancel, Clock } from '../../actors/clock.ts';
import type { Envelope, Message } from '../../actors/envelope.ts';
import { CLIENTS, type Host } from '../../actors/host.ts';
import type { Random } from '../../actors/random.ts';

/** One who sends through a gateway. */
export interface GatewayUser {
  /** A message for this user. */
  receive(message: Message, node: string): void;
  /** The number of operations that were ever handed to this user. */
  readonly position: number;
  /** Puts what waits into the frame that is about to leave: operations up to the given position, or all. */
  flush(position?: number): void;
  /** Time has passed: what has waited too long is sent again, or fails. True while anything waits. */
  tick(nowMs: number): boolean;
  /** A node has ended: what was sent to it will not be answered. */
  nodeEnded(node: string): void;
  /** A node runs again. */
  nodeStarted?(node: string): void;
}

/** Calls that wait for the end of the moment that they are made in, at most. */
const FLUSH_CALLS = 256;
/** How often users look at what they wait for. */
const TICK_MS = 25;

/**
 * Where all clients of a cluster meet its nodes: gathers what they send in one frame for each node, hands out
 * what arrives, and knows the node that answered last, which is the leader's.
 */
export class Gateway {
  readonly clock: Clock;
  readonly random: Random;
  readonly #host: Host;
  readonly #entrance: string;
  readonly #users = new Map<string, GatewayUser>();
  readonly #outbox = new Map<string, Envelope[]>();
  readonly #up = new Set<string>();
  /** Who handed in operations, in that order, so that they leave in that order; each with the position reached. */
  #order: { readonly user: GatewayUser; position: number }[] = [];
  #waiting = 0;
  #flushRequested = false;
  #cancelTick: Cancel | undefined;
  #target: string;
  #targetServedMs = 0;

  /** `entrance` is the role that clients talk to on each node. */
  constructor(host: Host, entrance: string) {
    this.#host = host;
    this.#entrance = entrance;
    this.#target = host.nodes[0]!;
    this.clock = host.clock;
    this.random = host.random;
  }

  /** The node to send to: the leader's, as far as is known. */
  get target(): string {
    return this.#target;
  }

  /** Adds a user under a name that is no other's. */
  join(name: string, user: GatewayUser): void {
    this.#users.set(name, user);
  }

  leave(name: string): void {
    this.#users.delete(name);
  }

  isUp(node: string): boolean {
    return this.#up.has(node);
  }

  nodeStarted(node: string): void {
    this.#up.add(node);
    for (const user of this.#users.values()) user.nodeStarted?.(node);
    const former = this.#target;
    if (former !== node && this.#up.has(former)) return;
    this.#target = node;
    this.#targetServedMs = this.clock.now();
    // No node was up: what waits has had nowhere to go.
    for (const user of this.#users.values()) user.nodeEnded(former);
  }

  nodeEnded(node: string): void {
    this.#up.delete(node);
    if (this.#target === node) this.turnFrom(node);
    for (const user of this.#users.values()) user.nodeEnded(node);
  }

  /** The target does not answer: tries another node that is up. */
  turnFrom(node: string): void {
    if (node !== this.#target) return;
    const { nodes } = this.#host;
    const from = nodes.indexOf(node);
    for (let step = 1; step <= nodes.length; step++) {
      const next = nodes[(from + step) % nodes.length]!;
      if (this.#up.has(next)) {
        this.#target = next;
        this.#targetServedMs = this.clock.now();
        return;
      }
    }
  }

  /** A node has done what it was asked to, which takes a majority; one that is cut off may still say this and that. */
  noteServed(node: string): void {
    if (node === this.#target) this.#targetServedMs = this.clock.now();
  }

  /** When the target last did what it was asked to, or became the target. */
  get targetServedMs(): number {
    return this.#targetServedMs;
  }

  /** An operation was handed to a user. */
  enqueue(user: GatewayUser): void {
    const last = this.#order.at(-1);
    if (last?.user === user) last.position = user.position;
    else this.#order.push({ user, position: user.position });
    this.noteWaiting();
  }

  /** One more call waits to leave. The nodes need not wait for all that this moment brings: they begin with some. */
  noteWaiting(): void {
    this.#waiting += 1;
    if (this.#waiting >= FLUSH_CALLS) this.#flush();
    else this.requestFlush();
  }

  /** Asks for {@link GatewayUser.flush} of all users once what is happening right now has happened. */
  requestFlush(): void {
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.clock.soon(() => {
      this.#flushRequested = false;
      this.#flush();
    });
    this.#requestTick();
  }

  #flush(): void {
    const order = this.#order;
    this.#order = [];
    this.#waiting = 0;
    for (const { user, position } of order) user.flush(position);
    for (const user of this.#users.values()) user.flush();
    this.#post();
  }

  /** Puts a message for a role of a node (its entrance, unless another is named) into the next frame. */
  send(user: string, node: string, message: Message, role = this.#entrance): void {
    const envelope: Envelope = { to: addressOf(node, role), from: addressOf(CLIENTS, user), message };
    const frame = this.#outbox.get(node);
    if (frame === undefined) this.#outbox.set(node, [envelope]);
    else frame.push(envelope);
    this.requestFlush();
  }

  /** Envelopes have arrived from a node. */
  receive(envelopes: readonly Envelope[], node: string): void {
    for (const { to, message } of envelopes) {
      // What a node sent before it died may arrive after.
      if (message.type === 'reply' && this.#up.has(node)) {
        this.#target = node; // It stands beside the leader.
        this.noteServed(node);
      }
      this.#users.get(nameOf(to))?.receive(message, node);
    }
  }

  close(): void {
    this.#cancelTick?.();
    this.#users.clear();
  }

  #post(): void {
    for (const [node, envelopes] of this.#outbox) if (this.#up.has(node)) this.#host.send(node, envelopes);
    this.#outbox.clear();
  }

  #requestTick(): void {
    if (this.#cancelTick !== undefined) return;
    this.#cancelTick = this.clock.after(TICK_MS, () => {
      this.#cancelTick = undefined;
      const nowMs = this.clock.now();
      let waits = false;
      for (const user of this.#users.values()) waits = user.tick(nowMs) || waits;
      if (waits) this.#requestTick();
    });
  }
}

function nameOf(address: Address): string {
  return address.slice(address.indexOf('/') + 1);
}
