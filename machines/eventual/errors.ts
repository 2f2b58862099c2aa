import { SynodError } from '../../actors/errors.ts';

/** What a client wants to write, or to read, cannot be taken. */
export class BadOperationError extends SynodError {
  constructor(
    what: string,
    code: 'SYNOD_BAD_OPERATION' | 'SYNOD_KEY_TOO_LARGE' | 'SYNOD_VALUE_TOO_LARGE' = 'SYNOD_BAD_OPERATION',
    options?: ErrorOptions,
  ) {
    super(code, `${what}; nothing of this message was done`, options);
  }
}

/** A warning: a clock names a server that is no member, as far as this one and whoever sent it know. */
export class UnknownMemberError extends SynodError {
  constructor(server: number, what: string) {
    super(
      'SYNOD_UNKNOWN_MEMBER',
      `${what} names server ${server}, which is no member; nothing of it was taken, and nothing acknowledged. ` +
        'Tell all servers of their members before one of them writes',
    );
  }
}

/** A warning: something that another server said makes no sense. It is dropped whole; it will be said again. */
export class BadGossipError extends SynodError {
  constructor(what: string, options?: ErrorOptions) {
    super('SYNOD_BAD_GOSSIP', `${what}; it is dropped, and will be said again`, options);
  }
}

/** A node cannot be a server of the eventually consistent store, for its name is no id. */
export class BadServerIdError extends SynodError {
  constructor(node: string) {
    super(
      'SYNOD_BAD_OPTION',
      `node "${node}" is called by no id; give servers whole numbers from 0 to 2^32 - 1`,
    );
  }
}
