import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DiskFullError } from '../errors.ts';
import { claimFolder, releaseFolder } from './folder-lock.ts';
import { makeFolder } from './make-folder.ts';
import { freshId } from './real-time.ts';
import { flushNames } from './reserve-files.ts';
import {
  CorruptFolderError,
  FolderInUseError,
  FolderNotWritableError,
  messageOf,
  WrongFolderError,
} from './thread-errors.ts';

/** The layout that this version reads and writes. */
const FORMAT_VERSION = 1;

/** What a data folder belongs to. */
export interface ClusterIdentity {
  /** The protocol that its nodes run. */
  readonly protocol: string;
  /** Its nodes, all of them. */
  readonly nodes: readonly string[];
  /** The cluster's id. Left out: whichever the folder has, or a fresh one for a new folder. */
  readonly cluster?: string;
}

/** A data folder that is ours alone until it is disposed of. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string;
  readonly identity: Required<ClusterIdentity>;
  /** Where a node keeps its journal. */
  nodeFolder(name: string): string;
}

/**
 * Opens a data folder, and makes it where there is none.
 *
 *   DIR/cluster.json     what the folder belongs to, written once
 *   DIR/in-use-by-...    while someone has it open
 *   DIR/NODE/journal/    what one node must not forget
 *   DIR/NODE/store/      what it has written behind
 *
 * @throws WrongFolderError when it belongs to another cluster, FolderInUseError when someone has it open,
 * CorruptFolderError when it does not say what it belongs to, FolderNotWritableError, DiskFullError.
 */
export async function openDataFolder(directory: string, identity: ClusterIdentity): Promise<DataFolder> {
  const { path, file } = claim(directory);
  try {
    const known = readIdentity(path, identity.nodes) ?? writeIdentity(path, identity);
    const difference = differenceOf(known, identity);
    if (difference !== undefined) throw new WrongFolderError(path, difference);
    let released = false;
    return {
      path,
      identity: known,
      nodeFolder: (name) => join(path, folderNameOf(name)),
      [Symbol.asyncDispose]: async () => {
        if (!released) releaseFolder(file);
        released = true;
      },
    };
  } catch (error) {
    releaseFolder(file);
    throw error;
  }
}

function claim(directory: string): { path: string; file: string } {
  let path = directory;
  let claimed: ReturnType<typeof claimFolder>;
  try {
    makeFolder(directory);
    path = realpathSync(directory);
    claimed = claimFolder(path);
  } catch (cause) {
    throw errorOf(path, cause);
  }
  if ('owner' in claimed) throw new FolderInUseError(path, claimed.owner);
  return { path, file: claimed.file };
}

/** What the folder says it belongs to; undefined when it is new. */
function readIdentity(path: string, nodes: readonly string[]): Required<ClusterIdentity> | undefined {
  let text: string;
  try {
    text = readFileSync(join(path, 'cluster.json'), 'utf8');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      throw new CorruptFolderError(path, `its cluster.json cannot be read (${messageOf(cause)})`, { cause });
    }
    const journal = nodes.map(folderNameOf).find((name) => existsSync(join(path, name)));
    if (journal !== undefined) {
      throw new CorruptFolderError(
        path,
        `it holds the journal ${journal} but no cluster.json that says whose it is`,
      );
    }
    return undefined;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new CorruptFolderError(path, `its cluster.json is no JSON (${messageOf(cause)})`, { cause });
  }
  if (typeof content !== 'object' || content === null || !('formatVersion' in content)) {
    throw new CorruptFolderError(path, 'its cluster.json is not one of ours');
  }
  if (content.formatVersion !== FORMAT_VERSION) {
    throw new WrongFolderError(
      path,
      `its format is ${JSON.stringify(content.formatVersion)}, this version writes ${FORMAT_VERSION}`,
    );
  }
  if (!isIdentity(content)) throw new CorruptFolderError(path, 'its cluster.json is incomplete');
  return { protocol: content.protocol, nodes: content.nodes, cluster: content.cluster };
}

function isIdentity(content: object): content is Required<ClusterIdentity> {
  return (
    'protocol' in content &&
    typeof content.protocol === 'string' &&
    'cluster' in content &&
    typeof content.cluster === 'string' &&
    'nodes' in content &&
    Array.isArray(content.nodes) &&
    content.nodes.every((name) => typeof name === 'string')
  );
}

/** On disk whole, or not there at all. */
function writeIdentity(path: string, identity: ClusterIdentity): Required<ClusterIdentity> {
  const { protocol, nodes, cluster = freshId() } = identity;
  const known = { protocol, nodes: [...nodes], cluster };
  const draft = join(path, 'cluster.json.draft');
  try {
    writeFileSync(draft, `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...known }, undefined, 2)}\n`);
    flush(draft);
    renameSync(draft, join(path, 'cluster.json'));
    flushNames(path);
  } catch (cause) {
    throw errorOf(path, cause);
  }
  return known;
}

function errorOf(path: string, cause: unknown): Error {
  if (cause instanceof FolderNotWritableError) return cause;
  const isFull =
    cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
  return isFull ? new DiskFullError(path, cause) : new FolderNotWritableError(path, cause);
}

function flush(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function differenceOf(known: Required<ClusterIdentity>, asked: ClusterIdentity): string | undefined {
  if (known.protocol !== asked.protocol) return `it runs ${known.protocol}, not ${asked.protocol}`;
  if (known.nodes.length !== asked.nodes.length) {
    return `it has ${known.nodes.length} nodes, not ${asked.nodes.length}`;
  }
  if (asked.nodes.some((name) => !known.nodes.includes(name))) {
    return `its nodes are ${known.nodes.join(', ')}, not ${asked.nodes.join(', ')}`;
  }
  if (asked.cluster !== undefined && known.cluster !== asked.cluster) {
    return `its id is ${known.cluster}, not ${asked.cluster}`;
  }
  return undefined;
}

/** A name that every file system takes, no two nodes' alike. */
function folderNameOf(node: string): string {
  return encodeURIComponent(node).replaceAll('.', '%2E');
}
