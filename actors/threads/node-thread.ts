import { threadId } from 'node:worker_threads';
import { packError } from './error-transfer.ts';
import type { NodeThreadTask } from './node-messages.ts';
import { ThreadWorld } from './thread-world.ts';

/** Runs one life of a node. It ends with its thread, never by returning. */
export default async function nodeThread(task: NodeThreadTask): Promise<never> {
  const world = new ThreadWorld(task);
  world.tell({ type: 'hello', threadId });
  try {
    await world.load();
  } catch (error) {
    world.tell({ type: 'failed', error: packError(error) });
  }
  return new Promise<never>(() => {});
}
