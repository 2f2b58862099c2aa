import type { ThreadOptions } from '../cluster/start-on-threads.ts';
import type { Environment } from './grammar.ts';

/** Where the nodes of a script keep what they must remember, and the trace of what they do. */
export function storageOf({
  journal,
  dataDir,
  trace,
}: Pick<Environment, 'journal' | 'dataDir' | 'trace'>): ThreadOptions {
  return {
    ...(journal === 'memory' ? { journal } : { dataDir }),
    ...(trace === undefined ? {} : { trace }),
  };
}
