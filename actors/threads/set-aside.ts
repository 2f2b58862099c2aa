import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { flushNames } from './reserve-files.ts';

/** Gives a damaged folder another name beside it, for somebody to look at. @returns its new path; undefined where there is none. */
export function setAside(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  let number = 1;
  while (existsSync(`${folder}.damaged-${number}`)) number += 1;
  const aside = `${folder}.damaged-${number}`;
  renameSync(folder, aside);
  flushNames(dirname(folder));
  return aside;
}
