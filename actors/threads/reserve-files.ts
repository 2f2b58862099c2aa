import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** What a new LMDB environment writes when it is made, and more. */
const RESERVED_BYTES = 64 * 1024;

/** What the lock file takes, for the binding's 126 readers. */
const LOCK_FILE_BYTES = 16 * 1024;

/** Whether a folder has an environment yet. */
export function hasFiles(folder: string): boolean {
  const data = join(folder, 'data.mdb');
  return existsSync(data) && statSync(data).size > 0;
}

/** Puts a file's content on disk. */
export function flushFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Puts the names of new files on disk, which a flush of the files does not promise. */
export function flushNames(folder: string): void {
  // Windows opens no folders, and needs none flushed.
  if (process.platform === 'win32') return;
  for (const path of [folder, dirname(folder)]) {
    const directory = openSync(path, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}

/**
 * Makes sure that LMDB can make its files, where they are not there yet. For when the disk is full LMDB's lock
 * file, which it writes through a map, and its binding, which frees twice what it could not open, both kill
 * the process. @throws what the file system throws, ENOSPC among others.
 */
export function reserveFiles(folder: string): void {
  makeFolder(folder);
  const lock = join(folder, 'lock.mdb');
  if (!existsSync(lock)) write(lock, LOCK_FILE_BYTES);
  if (hasFiles(folder)) return;
  const probe = join(folder, 'data.mdb.probe');
  write(probe, RESERVED_BYTES);
  rmSync(probe);
}

/** On disk, or not there at all. */
function write(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  try {
    if (writeSync(file, Buffer.alloc(bytes)) < bytes) throw new Error('ENOSPC: no space left on device');
    fsyncSync(file);
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}
