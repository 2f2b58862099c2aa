import type { RootDatabaseOptions } from 'lmdb';

/** Both the writing and the reading side open a node's environment so: bytes in, bytes out, one flush a commit. */
export const ENVIRONMENT: RootDatabaseOptions = {
  encoding: 'binary',
  keyEncoding: 'binary',
  // A folder's name may hold a dot, which the binding takes for a file's.
  noSubdir: false,
  overlappingSync: false,
  noMemInit: true,
};
