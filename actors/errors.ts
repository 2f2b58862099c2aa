/** An error that a user can meet: a stable `code`, what happened, to what, and what to do about it. */
export class SynodError extends Error {
  readonly code: string;

  constructor(code: `SYNOD_${string}`, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

const REPAIR =
  'Put the folder back from a copy; or, where the protocol can take back a node that has lost its memory, start the node ' +
  'while most others have theirs: it is set aside then';

/** A frame is larger than `frameBytesMax`, or does not decode. It is dropped whole. */
export class BadFrameError extends SynodError {
  constructor(what: string, options?: ErrorOptions) {
    super('SYNOD_BAD_FRAME', `${what}; the frame is dropped, its sender will send again`, options);
  }
}

/** A record on disk fails its checksum or does not decode. It is never served. */
export class CorruptRecordError extends SynodError {
  constructor(journal: string, key: string) {
    super(
      'SYNOD_CORRUPT_RECORD',
      `record ${key} in ${journal} fails its checksum; nothing of it was used. ${REPAIR}`,
    );
  }
}

/** The store of a node cannot be opened: the file is not a store, or is damaged. */
export class CorruptJournalError extends SynodError {
  constructor(folder: string, cause: unknown) {
    super(
      'SYNOD_CORRUPT_JOURNAL',
      `the journal in ${folder} cannot be read (${cause instanceof Error ? cause.message : String(cause)}). ` +
        REPAIR,
      { cause },
    );
  }
}

/** A warning: a node's journal or store was damaged. It has another name now, and the node starts with an empty one. */
export class SetAsideError extends SynodError {
  constructor(path: string, aside: string, cause: Error) {
    super(
      'SYNOD_SET_ASIDE',
      `${path} is damaged and was set aside as ${aside}; the node starts with an empty one, and must be repaired ` +
        `from the others. Remove what was set aside when you have looked at it. (${cause.message})`,
      { cause },
    );
  }
}

/** A warning: a node ran before, and its journal or its store is not there any more. It starts with an empty one. */
export class FilesMissingError extends SynodError {
  constructor(path: string) {
    super(
      'SYNOD_FILES_MISSING',
      `${path} is not there, though the node ran before; it starts with an empty one, and must be repaired from the others`,
    );
  }
}

/** A key or a record is larger than the journal takes. */
export class RecordTooLargeError extends SynodError {
  constructor(what: 'key' | 'record', bytes: number, bytesMax: number) {
    super(
      'SYNOD_RECORD_TOO_LARGE',
      `a ${what} of ${bytes} bytes is over what a journal takes (${bytesMax} bytes); nothing of its transaction is written. ` +
        'Split it, or refuse it where it enters the cluster',
    );
  }
}

/** The disk took no more: full, or the journal reached `journalBytesMax`. The node stops; what was acknowledged is safe. */
export class DiskFullError extends SynodError {
  constructor(folder: string, cause: unknown) {
    super(
      'SYNOD_DISK_FULL',
      `no space for the journal in ${folder} (${cause instanceof Error ? cause.message : String(cause)}). ` +
        'Free space or raise journalBytesMax, then restart the node; every acknowledged write is kept',
      { cause },
    );
  }
}

/** A role threw: an invariant is broken. The node stops at once, before anything of the turn leaves it. */
export class RoleFailedError extends SynodError {
  constructor(address: string, state: string, cause: unknown) {
    super(
      'SYNOD_ROLE_FAILED',
      `${address} failed in state ${state}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
      { cause },
    );
  }
}

/** A node ended that nobody told to end: its thread exited, ran out of memory, or failed. */
export class NodeDiedError extends SynodError {
  constructor(node: string, cause: unknown) {
    super(
      'SYNOD_NODE_DIED',
      `node ${node} ended by itself: ${cause instanceof Error ? cause.message : String(cause)}. Restart it to go on`,
      { cause },
    );
  }
}
