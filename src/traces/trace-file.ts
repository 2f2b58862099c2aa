import { closeSync, openSync, writeSync } from 'node:fs';
import { BadOptionError } from '../errors.ts';
import { versionOfPackage } from '../version.ts';
import { TraceFailedError } from './errors.ts';
import { type RunOutcome, TRACE_VERSION, type TraceFileRecord, type TraceHeader } from './trace.ts';
import { TraceLines } from './trace-lines.ts';

/** What is kept back, so as not to write each line by itself. */
const CHARACTERS_MAX = 256 * 1024;

/** Writes a trace, event by event. Close it: one that is not closed counts as cut off. */
export class TraceFile implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #lines = new TraceLines();
  #waiting: string[] = [];
  #characters = 0;
  #events = 0;
  #failure: unknown;
  #isClosed = false;

  /** Replaces what the file held. @throws BadOptionError where it cannot be written. */
  constructor(path: string, run: TraceHeader['run']) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, 'w');
    } catch (cause) {
      throw new BadOptionError('trace', path, `a file that can be written (${String(cause)})`);
    }
    const header: TraceHeader = { trace: 'synod', version: TRACE_VERSION, program: versionOfPackage(), run };
    this.#write(header);
  }

  /** Writes an event. What comes after {@link close} is left out. */
  write(record: TraceFileRecord): void {
    if (this.#isClosed) return;
    this.#events += 1;
    this.#write({ n: this.#events, ...record });
  }

  /** Writes the last line, and lets go of the file. @throws TraceFailedError when something could not be written. */
  close(outcome: RunOutcome): void {
    if (this.#isClosed) return;
    this.#write({ event: 'end', events: this.#events, ...outcome });
    this.#isClosed = true;
    this.#flush();
    closeSync(this.#descriptor);
    if (this.#failure !== undefined) throw new TraceFailedError(this.path, this.#failure);
  }

  /** Lets go of the file; the trace counts as cut off, unless it was closed. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flush();
    closeSync(this.#descriptor);
  }

  #write(value: object): void {
    const line = this.#lines.write(value);
    this.#waiting.push(line, '\n');
    this.#characters += line.length + 1;
    if (this.#characters >= CHARACTERS_MAX) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#characters = 0;
    if (this.#failure !== undefined) return;
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      this.#failure = error;
    }
  }
}
