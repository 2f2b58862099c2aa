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
  readonly #attachments = new Map<string, Attachment>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The attachment of that name, if the message can belong to it: the first one begins it. */
  find(name: string, number: number): Attachment | undefined {
    let attachment = this.#attachments.get(name);
    if (attachment === undefined) {
      if (number !== 1) return undefined;
      attachment = { expected: 1, written: 0, session: NEW_SESSION };
    } else {
      this.#attachments.delete(name);
    }
    this.#attachments.set(name, attachment);
    if (this.#attachments.size > this.#max) {
      for (const oldest of this.#attachments.keys()) {
        this.#attachments.delete(oldest);
        break;
      }
    }
    return attachment;
  }

  /** The client has gone. */
  forget(name: string): void {
    this.#attachments.delete(name);
  }
}
