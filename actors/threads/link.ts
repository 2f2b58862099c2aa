import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** What may wait in a link for a thread that does not take it in; frames beyond that are lost. */
export const LINK_BYTES_MAX = 64 * 1024 * 1024;

/** What a frame costs besides its bytes while it waits. */
const FRAME_OVERHEAD_BYTES = 256;

/** Messages that one drain takes at most, so that a busy link does not keep a thread from its work. */
const DRAIN_MESSAGES_MAX = 1024;

/** One end of a link, as it is handed to the thread that is to have it: `port` goes into the transfer list. */
export interface LinkEnd {
  readonly port: MessagePort;
  /** Bytes that wait, by the side that they wait for. */
  readonly waiting: Int32Array;
  readonly side: 0 | 1;
  /** Tells links apart. */
  readonly number: number;
}

let links = 0;

/** The two ends of a new link. */
export function createLink(): [LinkEnd, LinkEnd] {
  const { port1, port2 } = new MessageChannel();
  const waiting = new Int32Array(new SharedArrayBuffer(8));
  const number = ++links;
  return [
    { port: port1, waiting, side: 0, number },
    { port: port2, waiting, side: 1, number },
  ];
}

/** Who takes in what arrives at a link. */
export interface LinkHandlers<Message> {
  frame(frame: Uint8Array): void;
  /** Anything that is no frame, in its place among the frames. */
  message(message: Message): void;
  /** The other end is gone; nothing arrives any more. */
  closed(): void;
}

/**
 * A way for frames between two threads. It does not wait for a thread that is stuck: when too much waits for
 * the other side, frames are lost, as on any network.
 */
export class Link<Out, In> {
  readonly #port: MessagePort;
  readonly #waiting: Int32Array;
  readonly #mine: number;
  readonly #theirs: number;
  readonly #handlers: LinkHandlers<In>;
  readonly #number: number;
  #sent = 0;
  #received = 0;

  constructor({ port, waiting, side, number }: LinkEnd, handlers: LinkHandlers<In>) {
    this.#port = port;
    this.#waiting = waiting;
    this.#mine = side;
    this.#theirs = 1 - side;
    this.#number = number;
    this.#handlers = handlers;
    port.on('message', (message: Uint8Array | In) => this.#take(message));
    port.on('close', () => handlers.closed());
  }

  /** Hands a frame over; its bytes are gone from here. False when too much waits and the frame is lost. */
  send(frame: Uint8Array<ArrayBuffer>): boolean {
    const cost = frame.byteLength + FRAME_OVERHEAD_BYTES;
    const waiting = Atomics.load(this.#waiting, this.#theirs);
    // A link that is empty takes a frame of any size.
    if (waiting > 0 && waiting + cost > LINK_BYTES_MAX) return false;
    Atomics.add(this.#waiting, this.#theirs, cost);
    this.#sent += 1;
    this.#port.postMessage(frame, [frame.buffer]);
    return true;
  }

  /** What both ends call the frame that was sent last: they come out as they went in. */
  get lastSent(): string {
    return `${this.#number}.${this.#mine}.${this.#sent}`;
  }

  /** What both ends call the frame that has arrived last. */
  get lastReceived(): string {
    return `${this.#number}.${this.#theirs}.${this.#received}`;
  }

  /** Hands over something that is no frame; it keeps its place among the frames, and is not lost. */
  post(message: Out, transfer: readonly MessagePort[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Takes in what has arrived and waits for its event. */
  drain(): void {
    for (let taken = 0; taken < DRAIN_MESSAGES_MAX; taken++) {
      const arrived: { message: Uint8Array | In } | undefined = receiveMessageOnPort(this.#port);
      if (arrived === undefined) return;
      this.#take(arrived.message);
    }
  }

  close(): void {
    this.#port.close();
  }

  #take(message: Uint8Array | In): void {
    if (message instanceof Uint8Array) {
      Atomics.sub(this.#waiting, this.#mine, message.byteLength + FRAME_OVERHEAD_BYTES);
      this.#received += 1;
      this.#handlers.frame(message);
    } else {
      this.#handlers.message(message);
    }
  }
}
