import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What was imported before: a loader of sources is asked anew at every `import`, by another thread. */
const imported = new Map<string, Promise<Record<string, unknown>>>();

/**
 * Imports a module by its URL, from any thread. Loaders of sources (tsx) that do not reach the `import` of a
 * worker thread do reach its `require`.
 */
export function importModule(url: string): Promise<Record<string, unknown>> {
  let module = imported.get(url);
  if (module === undefined) {
    module = load(url);
    imported.set(url, module);
    // One that failed is tried again.
    module.catch(() => imported.delete(url));
  }
  return module;
}

async function load(url: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'))
      throw error;
    return createRequire(import.meta.url)(fileURLToPath(url));
  }
}
