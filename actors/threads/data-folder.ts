import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type ClusterFile, folderNameOf, readClusterFile, writeClusterFile } from './cluster-file.ts';
import { claimFolder, releaseFolder } from './folder-lock.ts';
import { makeFolder } from './make-folder.ts';
import { freshId } from './real-time.ts';
import { flushNames } from './reserve-files.ts';
import { CorruptFolderError, FolderInUseError, folderErrorOf, WrongFolderError } from './thread-errors.ts';

/** What a data folder belongs to. */
export interface ClusterIdentity {
  /** The protocol that its nodes run. */
  readonly protocol: string;
  /** The nodes that it was founded with, all of them. */
  readonly nodes: readonly string[];
  /** The cluster's id. Left out: whichever the folder has, or a fresh one for a new folder. */
  readonly cluster?: string;
}

/**
 * Opens a data folder, and makes it where there is none.
 *
 *   DIR/cluster.json     what the folder belongs to, which nodes are members now, and which have run
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
    const known = readClusterFile(path) ?? found(path, identity);
    const difference = differenceOf(known, identity);
    if (difference !== undefined) throw new WrongFolderError(path, difference);
    return new DataFolder(path, file, known);
  } catch (error) {
    releaseFolder(file);
    throw error;
  }
}

/** A data folder that is ours alone until it is disposed of. */
export class DataFolder implements AsyncDisposable {
  readonly path: string;
  readonly #claim: string;
  #known: ClusterFile;
  #released = false;

  constructor(path: string, claim: string, known: ClusterFile) {
    this.path = path;
    this.#claim = claim;
    this.#known = known;
  }

  get identity(): Required<ClusterIdentity> {
    const { protocol, nodes, cluster } = this.#known;
    return { protocol, nodes, cluster };
  }

  /** The nodes that the cluster has now. */
  get members(): readonly string[] {
    return this.#known.members;
  }

  /** The nodes that it had, and has no more. */
  get former(): readonly string[] {
    return this.#known.former;
  }

  /** Where a node keeps its journal and its store. */
  nodeFolder(name: string): string {
    return join(this.path, folderNameOf(name));
  }

  /** Makes a node a member, durably; its folder is empty then. */
  async addMember(name: string): Promise<void> {
    // A former member of that name may have left some if its removal was cut short.
    await this.#removeFiles(name);
    const others = without(this.#known, name);
    const former = others.former.filter((other) => other !== name);
    this.#write({ ...others, members: [...this.members, name], former });
  }

  /** Makes a node no member any more, durably, and removes its files. */
  async removeMember(name: string): Promise<void> {
    const others = without(this.#known, name);
    this.#write({ ...others, former: [...new Set([...others.former, name])] });
    await this.#removeFiles(name);
  }

  /** Whether a member has run, or was about to. */
  hasRun(name: string): boolean {
    return this.#known.ran.includes(name);
  }

  /** Whether a member has lost its memory, as of its last start. */
  hasLost(name: string): boolean {
    return this.#known.lost.includes(name);
  }

  /** Remembers durably that members are about to run. */
  noteRan(names: readonly string[]): void {
    this.#write({ ...this.#known, ran: [...new Set([...this.#known.ran, ...names])] });
  }

  /** Remembers durably which of these members have lost their memory; of the others, that they have not. */
  noteMemories(memories: readonly { readonly name: string; readonly isLost: boolean }[]): void {
    const lost = new Set(this.#known.lost);
    for (const { name, isLost } of memories) {
      if (isLost) lost.add(name);
      else lost.delete(name);
    }
    this.#write({ ...this.#known, lost: [...lost] });
  }

  /** Lets go of the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#released) releaseFolder(this.#claim);
    this.#released = true;
  }

  #write(content: ClusterFile): void {
    if (isDeepStrictEqual(content, this.#known)) return;
    writeClusterFile(this.path, content);
    this.#known = content;
  }

  async #removeFiles(name: string): Promise<void> {
    try {
      await rm(this.nodeFolder(name), { recursive: true, force: true });
      flushNames(this.path);
    } catch (cause) {
      throw folderErrorOf(this.path, cause);
    }
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
    throw folderErrorOf(path, cause);
  }
  if ('owner' in claimed) throw new FolderInUseError(path, claimed.owner);
  return { path, file: claimed.file };
}

/** Makes a new folder the cluster's. @throws CorruptFolderError when it is not new. */
function found(path: string, { protocol, nodes, cluster = freshId() }: ClusterIdentity): ClusterFile {
  const ours = nodes.map(folderNameOf);
  const journal = readdirSync(path).find(
    (name) => ours.includes(name) || existsSync(join(path, name, 'journal', 'data.mdb')),
  );
  if (journal !== undefined) {
    throw new CorruptFolderError(
      path,
      `it holds the journal ${journal} but no cluster.json that says whose it is`,
    );
  }
  const content = {
    protocol,
    nodes: [...nodes],
    cluster,
    members: [...nodes],
    former: [],
    ran: [],
    lost: [],
  };
  writeClusterFile(path, content);
  return content;
}

function without(content: ClusterFile, name: string): ClusterFile {
  const others = (names: readonly string[]) => names.filter((other) => other !== name);
  const { members, ran, lost } = content;
  return { ...content, members: others(members), ran: others(ran), lost: others(lost) };
}

function differenceOf(known: ClusterFile, asked: ClusterIdentity): string | undefined {
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
