// Runs the thread from its TypeScript source: tsx does not reach into a worker by itself.
import { register } from 'tsx/esm/api';

register();
const { default: run } = await import('./node-thread.ts');
export default run;
