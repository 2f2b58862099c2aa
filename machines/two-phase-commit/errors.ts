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

/** The leader has lost its journal: what it had decided nobody can tell the followers any more. It does not start. */
export class ForgetfulLeaderError extends SynodError {
  constructor(node: string) {
    super(
      'SYNOD_LEADER_FORGOT',
      `node ${node} leads, and its journal is gone, was damaged, or ended with it: followers may be in doubt about what ` +
        'it decided. Put its folder back from a copy; a damaged journal was set aside beside it',
    );
  }
}
