import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Imports a module by its URL, from any thread. Loaders of sources (tsx) that do not reach the `import` of a
 * worker thread do reach its `require`.
 */
export async function importModule(url: string): Promise<Record<string, unknown>> {
  try {
    return await import(url);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'))
      throw error;
    return createRequire(import.meta.url)(fileURLToPath(url));
  }
}
