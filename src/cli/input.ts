import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UsageError } from './exit-status.ts';

/** Stands for standard input. */
export const STANDARD_INPUT = '-';

/** What a file holds, or standard input. @throws UsageError when it cannot be read. */
export function readInput(path: string): Promise<string> {
  return path === STANDARD_INPUT ? text(process.stdin) : reading(path, readFile(path, 'utf8'));
}

/** How an input is called in messages. */
export function nameOfInput(path: string): string {
  return path === STANDARD_INPUT ? '<stdin>' : path;
}

/** @throws UsageError that says why a path cannot be read. */
export async function reading<Value>(path: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (cause) {
    const reason =
      cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
        ? 'there is no such file'
        : String(cause);
    throw new UsageError(`cannot read ${path}: ${reason}`);
  }
}
