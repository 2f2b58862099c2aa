import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flushFile, flushNames } from './reserve-files.ts';
import { CorruptFolderError, folderErrorOf, messageOf, WrongFolderError } from './thread-errors.ts';

/** The layout that this version writes. It reads that of version 1, too, which knew neither members nor who ran. */
const FORMAT_VERSION = 2;

const FILE = 'cluster.json';

/** What a data folder says of its cluster. */
export interface ClusterFile {
  /** The protocol that its nodes run. */
  readonly protocol: string;
  /** The nodes that it was founded with. */
  readonly nodes: readonly string[];
  /** The cluster's id. */
  readonly cluster: string;
  /** The nodes that it has now. */
  readonly members: readonly string[];
  /** Those that it had, and has no more. */
  readonly former: readonly string[];
  /** Members that have run, or were about to. */
  readonly ran: readonly string[];
  /** Those of them that have lost their memory, and had written nothing since when they last started. */
  readonly lost: readonly string[];
}

/** Reads what the folder says of its cluster; undefined when it says nothing. @throws CorruptFolderError, WrongFolderError. */
export function readClusterFile(path: string): ClusterFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(path, FILE), 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new CorruptFolderError(path, `its ${FILE} cannot be read (${messageOf(cause)})`, { cause });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new CorruptFolderError(path, `its ${FILE} is no JSON (${messageOf(cause)})`, { cause });
  }
  if (typeof content !== 'object' || content === null || !('formatVersion' in content)) {
    throw new CorruptFolderError(path, `its ${FILE} is not one of ours`);
  }
  const { formatVersion } = content;
  if (formatVersion !== 1 && formatVersion !== FORMAT_VERSION) {
    throw new WrongFolderError(
      path,
      `its format is ${JSON.stringify(formatVersion)}, this version writes ${FORMAT_VERSION}`,
    );
  }
  const completed = {
    former: [],
    ...(formatVersion === 1 && 'nodes' in content ? ofVersion1(path, content.nodes) : {}),
    ...content,
  };
  if (!isClusterFile(completed)) throw new CorruptFolderError(path, `its ${FILE} is incomplete`);
  const { protocol, nodes, cluster, members, former, ran, lost } = completed;
  return { protocol, nodes, cluster, members, former, ran, lost };
}

/** In a folder of version 1 all nodes started together: where one has files, one that has none has lost them. */
function ofVersion1(path: string, nodes: unknown): Partial<Record<keyof ClusterFile, unknown>> {
  const ran = areNames(nodes) && nodes.some((name) => existsSync(join(path, folderNameOf(name))));
  return { members: nodes, ran: ran ? nodes : [], lost: [] };
}

/** Writes it: on disk whole, or as it was before. @throws DiskFullError, FolderNotWritableError. */
export function writeClusterFile(path: string, content: ClusterFile): void {
  const draft = join(path, `${FILE}.draft`);
  try {
    writeFileSync(draft, `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...content }, undefined, 2)}\n`);
    flushFile(draft);
    renameSync(draft, join(path, FILE));
    flushNames(path);
  } catch (cause) {
    throw folderErrorOf(path, cause);
  }
}

function isClusterFile(content: object): content is ClusterFile {
  return (
    'protocol' in content &&
    typeof content.protocol === 'string' &&
    'cluster' in content &&
    typeof content.cluster === 'string' &&
    'nodes' in content &&
    areNames(content.nodes) &&
    'members' in content &&
    areNames(content.members) &&
    content.members.length > 0 &&
    'former' in content &&
    areNames(content.former) &&
    'ran' in content &&
    areNames(content.ran) &&
    'lost' in content &&
    areNames(content.lost)
  );
}

function areNames(content: unknown): content is readonly string[] {
  return Array.isArray(content) && content.every((name) => typeof name === 'string');
}

/** The name of a node's folder: one that every file system takes, no two nodes' alike. */
export function folderNameOf(node: string): string {
  return encodeURIComponent(node).replaceAll('.', '%2E');
}
