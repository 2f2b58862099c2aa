import { SynodError } from '../../actors/errors.ts';

/** A key is longer than the limit. */
export class KeyTooLargeError extends SynodError {
  constructor(bytes: number, keyBytesMax: number) {
    super(
      'SYNOD_KEY_TOO_LARGE',
      `a key of ${bytes} bytes is over keyBytesMax (${keyBytesMax}). Use a shorter one`,
    );
  }
}

/** A value or a text is over the limit. */
export class ValueTooLargeError extends SynodError {
  constructor(what: string, bytes: number, valueBytesMax: number) {
    super(
      'SYNOD_VALUE_TOO_LARGE',
      `${what} of ${bytes} bytes is over valueBytesMax (${valueBytesMax}). Split it, or keep it elsewhere and store where`,
    );
  }
}

/** Something that is no operation, or no query, of the application it was handed to. */
export class BadOperationError extends SynodError {
  constructor(application: string, what: string) {
    super('SYNOD_BAD_OPERATION', `${what}, so application "${application}" does nothing. Mend the call`);
  }
}
