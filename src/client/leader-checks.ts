import type { ReplicaStatus, StatusRequest } from '../../machines/replication/client-messages.ts';
import { ClosedError, TimeoutError } from '../errors.ts';
import type { Gateway } from './gateway.ts';

/** A node that was asked, and has not answered. */
interface PendingCheck {
  readonly node: string;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  sentMs: number;
  readonly resolve: (leads: boolean) => void;
  readonly reject: (error: Error) => void;
}

const RETRY_MS = 250;

/** Asks single nodes whether they lead. */
export class LeaderChecks {
  readonly #name: string;
  readonly #gateway: Gateway;
  readonly #checks = new Map<number, PendingCheck>();
  #nextId = 1;
  #closed = false;

  constructor(name: string, gateway: Gateway) {
    this.#name = name;
    this.#gateway = gateway;
  }

  ask(node: string, timeoutMs: number): Promise<boolean> {
    if (this.#closed) return Promise.reject(new ClosedError('a question'));
    const id = this.#nextId++;
    const sentMs = this.#gateway.clock.now();
    return new Promise((resolve, reject) => {
      this.#checks.set(id, { node, timeoutMs, deadlineMs: sentMs + timeoutMs, sentMs, resolve, reject });
      this.#send(id, node);
    });
  }

  receive({ id, leader }: ReplicaStatus, node: string): void {
    const check = this.#checks.get(id);
    this.#checks.delete(id);
    check?.resolve(leader === node);
  }

  tick(nowMs: number): boolean {
    for (const [id, check] of this.#checks) {
      if (check.deadlineMs <= nowMs) {
        this.#checks.delete(id);
        check.reject(new TimeoutError(`a question to node ${check.node}`, check.timeoutMs));
      } else if (nowMs - check.sentMs >= RETRY_MS) {
        check.sentMs = nowMs;
        this.#send(id, check.node);
      }
    }
    return this.#checks.size > 0;
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#checks.values()) reject(new ClosedError('a question'));
    this.#checks.clear();
  }

  #send(id: number, node: string): void {
    const message: StatusRequest = { type: 'status', id };
    this.#gateway.send(this.#name, node, message);
  }
}
