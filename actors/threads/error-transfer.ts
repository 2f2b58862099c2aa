import {
  BadFrameError,
  CorruptJournalError,
  CorruptRecordError,
  DiskFullError,
  RecordTooLargeError,
  RoleFailedError,
  SynodError,
} from '../errors.ts';
import { DiskFailedError, WrongFolderError } from './thread-errors.ts';

/** An error as plain data: a structured clone keeps neither an error's class nor its code. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

/** The classes that an error may have on the other side, too. */
const CLASSES = [
  BadFrameError,
  CorruptJournalError,
  CorruptRecordError,
  DiskFailedError,
  DiskFullError,
  RecordTooLargeError,
  RoleFailedError,
  WrongFolderError,
];

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), code: undefined, stack: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name, message: error.message, code, stack: error.stack };
}

/** An error of the same class where it is one of the runtime's own, with the same code, message and stack. */
export function unpackError({ name, message, code, stack }: PackedError): Error {
  const error = isSynodCode(code) ? new SynodError(code, message) : new Error(message);
  const known = CLASSES.find((candidate) => candidate.name === name);
  if (known !== undefined && code !== undefined) Object.setPrototypeOf(error, known.prototype);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

function isSynodCode(code: string | undefined): code is `SYNOD_${string}` {
  return code?.startsWith('SYNOD_') === true;
}
