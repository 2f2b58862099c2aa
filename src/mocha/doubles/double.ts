import { type Address, addressOf, nodeOf } from '../../../actors/address.ts';
import type { Message } from '../../../actors/envelope.ts';
import { COORDINATOR, PARTICIPANT } from '../../../machines/two-phase-commit/client-messages.ts';
import type { Gateway, GatewayUser } from '../../client/gateway.ts';
import type { Behave, Heard, OfType, Said, Say, TwoPhaseMessage } from './puppet-messages.ts';

/** How long a test waits to hear something. */
const HEARS_MS_MAX = 10_000;

/** A message that a double has heard, and whom from. */
export type HeardMessage<Type extends TwoPhaseMessage['type'] = TwoPhaseMessage['type']> = OfType<Type> & {
  /** The number of the node that has sent it. */
  readonly node: number;
  /** The actor that has sent it: answers to questions go there. */
  readonly from: Address;
};

/** What a double needs of its stage. */
export interface DoubleSurroundings {
  readonly gateway: Gateway;
  /** Lets the world go on until it is so; in virtual time nothing happens otherwise. */
  run<Result>(work: Promise<Result>): Promise<Result>;
}

interface Waiter {
  readonly wants: (message: HeardMessage) => boolean;
  readonly resolve: (message: HeardMessage) => void;
}

/** A node that is played by the test. It hears everything that is said to it, and says nothing by itself. */
export class Double {
  /** Its number. */
  readonly node: number;
  /** All that it has heard so far, in order. */
  readonly heard: HeardMessage[] = [];
  readonly #name: string;
  readonly #user: string;
  readonly #role: string;
  readonly #surroundings: DoubleSurroundings;
  /** What was heard, and no call of {@link hears} has given yet. */
  #unread: HeardMessage[] = [];
  #waiters: Waiter[] = [];
  readonly #saying = new Map<number, () => void>();
  #nextId = 1;

  constructor(node: number, surroundings: DoubleSurroundings) {
    this.node = node;
    this.#name = String(node);
    this.#user = `double-${node}`;
    this.#role = node === 0 ? COORDINATOR : PARTICIPANT;
    this.#surroundings = surroundings;
    const user: GatewayUser = {
      position: 0,
      receive: (message) => this.#receive(message),
      flush: () => {},
      tick: () => false,
      nodeEnded: () => {},
    };
    surroundings.gateway.join(this.#user, user);
  }

  /**
   * The next message of that type that no earlier call has given; from that node, if one is named. Others stay for
   * later calls. @throws Error with all that was heard, when it does not come within 10 s.
   */
  async hears<Type extends TwoPhaseMessage['type']>(type: Type, from?: number): Promise<HeardMessage<Type>> {
    const wants = (message: HeardMessage) => message.type === type && (from ?? message.node) === message.node;
    const heard = await this.#surroundings.run(
      this.#next(wants, `${type}${from === undefined ? '' : ` of ${from}`}`),
    );
    // Picked by its type, and our own nodes give each type its shape.
    return heard as HeardMessage<Type>;
  }

  /** Says something to an actor of another node, as it stands. Resolves when it has left. */
  async say(to: Address, message: TwoPhaseMessage): Promise<void> {
    await this.#ask((id): Say => ({ type: 'say', id, to, message }));
  }

  /** The part of a follower at another node. */
  protected participantOf(node: number): Address {
    return addressOf(String(node), PARTICIPANT);
  }

  /** The leader of a group. */
  protected leaderOf(group: number): Address {
    return addressOf('0', 'leader', String(group));
  }

  protected async behave(well: boolean): Promise<void> {
    await this.#ask((id): Behave => ({ type: 'behave', id, well }));
  }

  async #ask(order: (id: number) => Say | Behave): Promise<void> {
    const id = this.#nextId++;
    const done = new Promise<void>((resolve) => this.#saying.set(id, resolve));
    this.#surroundings.gateway.send(this.#user, this.#name, order(id), this.#role);
    await this.#surroundings.run(done);
  }

  #next(wants: Waiter['wants'], what: string): Promise<HeardMessage> {
    const place = this.#unread.findIndex(wants);
    if (place >= 0) return Promise.resolve(this.#unread.splice(place, 1)[0]!);
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        const all = this.heard.map(({ type, node }) => `${type} of ${node}`).join(', ') || 'nothing';
        reject(
          new Error(`node ${this.node} has not heard ${what} within ${HEARS_MS_MAX} ms; it has heard ${all}`),
        );
      };
      const cancel = this.#surroundings.gateway.clock.after(HEARS_MS_MAX, late);
      const waiter: Waiter = {
        wants,
        resolve: (message) => {
          cancel();
          resolve(message);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  #receive(message: Message): void {
    if (message.type === 'said') {
      const { id } = message as Said;
      this.#saying.get(id)?.();
      this.#saying.delete(id);
    } else if (message.type === 'heard') {
      this.#hear(message as Heard);
    }
  }

  #hear({ from, message }: Heard): void {
    const heard = { ...message, node: Number(nodeOf(from)), from } as HeardMessage;
    this.heard.push(heard);
    const waiter = this.#waiters.find(({ wants }) => wants(heard));
    if (waiter === undefined) {
      this.#unread.push(heard);
      return;
    }
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.resolve(heard);
  }
}
