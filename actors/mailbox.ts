/** Bounds of a mailbox. */
export interface MailboxSettings {
  /** Frames that wait at most. */
  readonly mailboxFramesMax: number;
  /** Bytes of the frames that wait, at most. */
  readonly mailboxBytesMax: number;
}

/** The frames that have arrived at a node and wait for its next turn, oldest first. */
export class Mailbox {
  readonly #settings: MailboxSettings;
  #frames: { readonly frame: Uint8Array; readonly from: string }[] = [];
  #next = 0;
  #bytes = 0;

  constructor(settings: MailboxSettings) {
    this.#settings = settings;
  }

  get isEmpty(): boolean {
    return this.#next === this.#frames.length;
  }

  /** False when it is full: the frame was not taken. */
  add(frame: Uint8Array, from: string): boolean {
    if (this.#frames.length - this.#next >= this.#settings.mailboxFramesMax) return false;
    if (!this.isEmpty && this.#bytes + frame.byteLength > this.#settings.mailboxBytesMax) return false;
    this.#frames.push({ frame, from });
    this.#bytes += frame.byteLength;
    return true;
  }

  take(): { readonly frame: Uint8Array; readonly from: string } | undefined {
    const arrived = this.#frames[this.#next];
    if (arrived === undefined) return undefined;
    this.#next += 1;
    this.#bytes -= arrived.frame.byteLength;
    if (this.isEmpty || this.#next > 1024) {
      this.#frames = this.#frames.slice(this.#next);
      this.#next = 0;
    }
    return arrived;
  }
}
