import type { Random } from '../../actors/random.ts';
import { NEW_SESSION, type Session } from './session.ts';

/** What a server knows of a client's writes. */
export interface Attachment {
  /** The number of the message that comes next. */
  expected: number;
  /** Messages up to this one have become writes. */
  written: number;
  /** What the last of these was answered. */
  session: Session;
}

/** The clients that write to a server, as many as it may remember: those that have not written for longest go. */
export class Attachments {
  readonly #max: number;
  /** Differs from life to life: a message that comes late must not be taken for one of this life. */
  readonly #life: string;
  readonly #attachments = new Map<string, Attachment>();
  #made = 0;

  constructor(max: number, random: Random) {
    this.#max = max;
    this.#life = [1, 2].map(() => random.integer(0, 2 ** 31 - 1).toString(36)).join('');
  }

  /** A client comes. Gives the name that it is to write under. */
  open(): string {
    const name = `${this.#life}.${++this.#made}`;
    this.#attachments.set(name, { expected: 1, written: 0, session: NEW_SESSION });
    if (this.#attachments.size > this.#max) {
      for (const oldest of this.#attachments.keys()) {
        this.#attachments.delete(oldest);
        break;
      }
    }
    return name;
  }

  /** The attachment of that name; undefined when it was forgotten, or none of this life. */
  find(name: string): Attachment | undefined {
    const attachment = this.#attachments.get(name);
    if (attachment === undefined) return undefined;
    this.#attachments.delete(name);
    this.#attachments.set(name, attachment);
    return attachment;
  }

  /** The client has gone. */
  forget(name: string): void {
    this.#attachments.delete(name);
  }
}
