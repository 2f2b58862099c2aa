import { SynodError } from '../../actors/errors.ts';

/** A history that cannot be read, or that no client could have made: `file:line: what is wrong`. */
export class BadHistoryError extends SynodError {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;

  constructor(file: string, line: number, what: string) {
    super('SYNOD_BAD_HISTORY', `${file}:${line}: ${what}`);
    this.file = file;
    this.line = line;
  }
}
