import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Who has a data folder open. There are no file locks in Node.js, and a file that is left behind by kill -9 must
 * not block. So everyone who wants a folder puts down a file that names its process, and looks who else is there:
 * two that come at the same moment may both be refused, but never both let in. The file of a process that has
 * ended counts for nothing and is removed; a process is told from a later one with the same id by when it started.
 */

const PREFIX = 'in-use-by-';
const NAME = /^in-use-by-(\d+)-([\w-]+)$/;

const UNKNOWN = 'unknown';

/** Folders that this process has open: where a process's start is not known, its id may be one that came again. */
const OURS = new Set<string>();

/** Claims a folder, which exists. @returns the file to release; or whoever has the folder, as text. */
export function claimFolder(folder: string): { readonly file: string } | { readonly owner: string } {
  const identity = identityOf(process.pid) ?? UNKNOWN;
  const file = join(folder, `${PREFIX}${process.pid}-${identity}`);
  if (OURS.has(file) || (identity !== UNKNOWN && existsSync(file)))
    return { owner: 'another host of this process' };
  OURS.add(file);
  try {
    writeFileSync(file, '');
    const other = ownerBeside(folder, file);
    if (other === undefined) return { file };
    releaseFolder(file);
    return { owner: other };
  } catch (error) {
    OURS.delete(file);
    throw error;
  }
}

/** Lets go of a folder. */
export function releaseFolder(file: string): void {
  rmSync(file, { force: true });
  OURS.delete(file);
}

function ownerBeside(folder: string, file: string): string | undefined {
  for (const name of readdirSync(folder)) {
    const [, pid, identity] = NAME.exec(name) ?? [];
    if (pid === undefined || identity === undefined || join(folder, name) === file) continue;
    if (isAlive(Number(pid), identity)) return `process ${pid}`;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

function isAlive(pid: number, identity: string): boolean {
  const current = identityOf(pid);
  if (current !== undefined) return current === identity;
  if (identity !== UNKNOWN) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What tells a process from all others that have or had its id; undefined when it has ended, or cannot be known. */
function identityOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything; the state and 18 more fields stand before the start.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? undefined : `${fields[19]}-${boot}`;
  } catch {
    return undefined;
  }
}
