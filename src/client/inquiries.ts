import type { Message } from '../../actors/envelope.ts';
import type { Gateway, GatewayUser } from './gateway.ts';

interface Inquiry {
  readonly node: string;
  readonly message: Message;
  readonly answer: string;
  readonly deadlineMs: number;
  sentMs: number;
  readonly resolve: (answer: Message | undefined) => void;
}

/** A question bears a number, and its answer the same. */
type Numbered = Message & { readonly id: number };

const RETRY_MS = 250;

/** Asks single nodes what may be asked twice, until they answer. */
export class Inquiries<Answer extends Message> {
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #role: string | undefined;
  readonly #waiting = new Map<number, Inquiry>();
  #nextId = 1;

  /** `name` is no other user's of the gateway; `role` is who is asked on each node: its entrance, unless another is named. */
  constructor(gateway: Gateway, name: string, role?: string) {
    this.#name = name;
    this.#gateway = gateway;
    this.#role = role;
    const user: GatewayUser = {
      position: 0,
      receive: (message, node) => this.#receive(message, node),
      flush: () => {},
      tick: (nowMs) => this.#tick(nowMs),
      nodeEnded: (node) => this.#nodeEnded(node),
    };
    gateway.join(name, user);
  }

  /** The answer of that type; undefined when the node is down or ends, or nothing has come for so long. */
  ask<Type extends Answer['type']>(
    node: string,
    question: (id: number) => Numbered,
    answer: Type,
    timeoutMs: number,
  ): Promise<Extract<Answer, { type: Type }> | undefined> {
    if (!this.#gateway.isUp(node)) return Promise.resolve(undefined);
    const id = this.#nextId++;
    const message = question(id);
    const sentMs = this.#gateway.clock.now();
    const answered = new Promise<Message | undefined>((resolve) => {
      this.#waiting.set(id, { node, message, answer, deadlineMs: sentMs + timeoutMs, sentMs, resolve });
    });
    this.#gateway.send(this.#name, node, message, this.#role);
    // What is of that type has its shape: our own nodes say so.
    return answered as Promise<Extract<Answer, { type: Type }> | undefined>;
  }

  #receive(message: Message, node: string): void {
    if (!('id' in message) || typeof message.id !== 'number') return;
    const inquiry = this.#waiting.get(message.id);
    if (inquiry === undefined || inquiry.node !== node || inquiry.answer !== message.type) return;
    this.#settle(message.id, inquiry, message);
  }

  #tick(nowMs: number): boolean {
    for (const [id, inquiry] of this.#waiting) {
      if (inquiry.deadlineMs <= nowMs) this.#settle(id, inquiry, undefined);
      else if (nowMs - inquiry.sentMs >= RETRY_MS) {
        inquiry.sentMs = nowMs;
        this.#gateway.send(this.#name, inquiry.node, inquiry.message, this.#role);
      }
    }
    return this.#waiting.size > 0;
  }

  #nodeEnded(node: string): void {
    for (const [id, inquiry] of this.#waiting) {
      if (inquiry.node === node) this.#settle(id, inquiry, undefined);
    }
  }

  #settle(id: number, { resolve }: Inquiry, answer: Message | undefined): void {
    this.#waiting.delete(id);
    resolve(answer);
  }
}
