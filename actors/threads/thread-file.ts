import { fileURLToPath } from 'node:url';

/** The file to start a thread with: the built one beside built ones; beside sources, the one that loads the source. */
export function threadFile(name: string, besideUrl: string): string {
  const file = besideUrl.endsWith('.ts') ? `./${name}.source.mjs` : `./${name}.js`;
  return fileURLToPath(new URL(file, besideUrl));
}
