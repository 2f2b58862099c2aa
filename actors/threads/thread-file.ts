import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file of a thread's module that stands beside the one of this URL: a source beside sources, built beside built. */
export function threadFile(name: string, besideUrl: string): string {
  return fileURLToPath(new URL(`./${name}${extname(fileURLToPath(besideUrl))}`, besideUrl));
}
