import { SynodError } from '../../actors/errors.ts';

/** What was handed in to be committed is no transaction, or is over a limit. Nothing of it was done. */
export class BadTransactionError extends SynodError {
  constructor(what: string, options?: ErrorOptions) {
    super(
      'SYNOD_BAD_TRANSACTION',
      `${what}; nothing of it is committed. Pack transactions with encodeTransaction of this version of synod`,
      options,
    );
  }
}
