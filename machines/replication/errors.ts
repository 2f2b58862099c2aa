import { SynodError } from '../../actors/errors.ts';

/** Bytes that should be a chunk of a client's operations are not one. */
export class BadChunkError extends SynodError {
  constructor(what: string, options?: ErrorOptions) {
    super(
      'SYNOD_BAD_CHUNK',
      `${what}; nothing of it is applied. Pack chunks with encodeChunk of this version of synod`,
      options,
    );
  }
}

/** An operation or a query names an application that the cluster does not carry. */
export class UnknownApplicationError extends SynodError {
  constructor(application: string, known: readonly string[]) {
    super(
      'SYNOD_UNKNOWN_APPLICATION',
      `no application is called "${application}" here; the cluster carries ${known.join(', ') || 'none'}. ` +
        'Give it to every node of the cluster, or use one of these',
    );
  }
}

/** A piece of a snapshot was changed on its way, or is not the one that comes next. Nothing of it is kept. */
export class CorruptSnapshotError extends SynodError {
  constructor(what: string, options?: ErrorOptions) {
    super(
      'SYNOD_CORRUPT_SNAPSHOT',
      `${what}; nothing of this piece was used. Ask for it again, or for another snapshot`,
      options,
    );
  }
}

/** The node ran before and has forgotten what it promised; running on could undo what was decided. */
export class MemoryLostError extends SynodError {
  constructor(node: string) {
    super(
      'SYNOD_MEMORY_LOST',
      `node ${node} ran before and has lost its memory: what it promised is forgotten, so it must not take part. ` +
        'Put its folder back from a copy, or go on without it',
    );
  }
}
