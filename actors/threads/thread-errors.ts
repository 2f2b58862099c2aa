import { DiskFullError, SynodError } from '../errors.ts';

/** The disk failed in another way than by being full. */
export class DiskFailedError extends SynodError {
  constructor(folder: string, cause: unknown) {
    super(
      'SYNOD_DISK_FAILED',
      `the journal in ${folder} cannot be written (${messageOf(cause)}). ` +
        'Every acknowledged write is kept; see to the disk, then restart the node',
      { cause },
    );
  }
}

/** The data folder belongs to another cluster. */
export class WrongFolderError extends SynodError {
  constructor(folder: string, difference: string) {
    super(
      'SYNOD_WRONG_FOLDER',
      `the data folder ${folder} belongs to another cluster: ${difference}. ` +
        'Nothing in it was touched; give the folder of this cluster, or an empty one',
    );
  }
}

/** Someone else has the data folder open. */
export class FolderInUseError extends SynodError {
  constructor(folder: string, owner: string) {
    super(
      'SYNOD_FOLDER_IN_USE',
      `the data folder ${folder} is in use by ${owner}. Stop that one first, or give another folder`,
    );
  }
}

/** The data folder's description of its cluster is damaged or missing. */
export class CorruptFolderError extends SynodError {
  constructor(folder: string, what: string, options?: ErrorOptions) {
    super(
      'SYNOD_CORRUPT_FOLDER',
      `the data folder ${folder} cannot be trusted: ${what}. Nothing in it was touched; put it back from a copy`,
      options,
    );
  }
}

/** The data folder cannot be created, read or written. */
export class FolderNotWritableError extends SynodError {
  constructor(folder: string, cause: unknown) {
    super(
      'SYNOD_FOLDER_NOT_WRITABLE',
      `the data folder ${folder} cannot be used (${messageOf(cause)}). Give a folder that this user may write`,
      { cause },
    );
  }
}

/** What keeps a data folder from being used, by what the file system has thrown. */
export function folderErrorOf(folder: string, cause: unknown): Error {
  if (cause instanceof FolderNotWritableError) return cause;
  const isFull =
    cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return isFull ? new DiskFullError(folder, cause) : new FolderNotWritableError(folder, cause);
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
