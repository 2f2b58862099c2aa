import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `npm test` runs tests compiled, in dist/test; `npx mocha FILE` runs them from the sources, through tsx. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const COMPILED = EXTENSION === '.js';

/** The folder of the package, where all that is not compiled lies. */
export const ROOT = new URL(COMPILED ? '../../' : '../', import.meta.url);

/** The module of a path without extension: a source beside sources, compiled beside compiled. */
export function moduleBeside(path: string, besideUrl: string): URL {
  return new URL(`${path}${EXTENSION}`, besideUrl);
}

/** What to give to `node` to run a module in a process of its own. */
export function nodeArguments(module: URL): string[] {
  return [...(COMPILED ? [] : ['--import', 'tsx']), fileURLToPath(module)];
}
