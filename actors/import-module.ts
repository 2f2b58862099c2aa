import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

type Module = Record<string, unknown>;

/** A loader of sources is asked again at every import, on another thread. */
const imported = new Map<string, Promise<Module>>();

/** Imports a module by its URL, from any thread. */
export function importModule(url: string): Promise<Module> {
  const known = imported.get(url);
  if (known !== undefined) return known;
  const importing = importOrRequire(url);
  imported.set(url, importing);
  importing.catch(() => imported.delete(url));
  return importing;
}

/** Loaders of sources (tsx) that do not reach the `import` of a worker thread do reach its `require`. */
async function importOrRequire(url: string): Promise<Module> {
  try {
    return await import(url);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'))
      throw error;
    return createRequire(import.meta.url)(fileURLToPath(url));
  }
}
