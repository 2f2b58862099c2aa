import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FolderNotWritableError } from './thread-errors.ts';

/**
 * Makes a folder and those above it that are missing. Not by Node's own recursive `mkdir`: where the kernel answers
 * "no such file" below a folder that exists, as in /proc, that tries for ever.
 * @throws FolderNotWritableError
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      mkdirSync(path);
    } catch (error) {
      // Somebody else was quicker.
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw new FolderNotWritableError(folder, error);
    }
  }
}
