import { readFile, writeFile } from 'node:fs/promises';

/** The lines typed in earlier shells, the last one first; none where there is no such file. */
export async function readHistory(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** Keeps the lines typed. A history that cannot be kept is no reason to bother anybody. */
export async function writeHistory(file: string, history: readonly string[]): Promise<void> {
  try {
    await writeFile(file, `${history.join('\n')}\n`);
  } catch {
    // The shell goes on without it.
  }
}
