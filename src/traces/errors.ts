import { SynodError } from '../../actors/errors.ts';

/** A trace that cannot be used as it stands: `file:line: what is wrong`. */
export class BadTraceError extends SynodError {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;

  constructor(file: string, line: number, what: string) {
    super('SYNOD_BAD_TRACE', `${file}:${line}: ${what}`);
    this.file = file;
    this.line = line;
  }
}

/** The trace is of a run on threads, which race: it never happens again. */
export class NotReplayableError extends SynodError {
  constructor(file: string) {
    super(
      'SYNOD_NOT_REPLAYABLE',
      `${file} was recorded on threads, which never run the same way twice: it cannot be replayed. ` +
        'Look at it with synod export',
    );
  }
}

/** A trace could not be written as a whole. What was recorded went on. */
export class TraceFailedError extends SynodError {
  constructor(file: string, cause: unknown) {
    super(
      'SYNOD_TRACE_FAILED',
      `the trace ${file} could not be written (${cause instanceof Error ? cause.message : String(cause)}); ` +
        'what is there of it is not whole. Free space, or choose another file',
      { cause },
    );
  }
}
