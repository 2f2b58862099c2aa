import { lastIndex } from '../../../machines/raft/log.ts';
import type { ServerContext } from '../../../machines/raft/server-context.ts';
import { Violation } from '../violation.ts';

/** In a server's life its commit index only rises, and never beyond its log. Calls `guard` with each look at it. */
export function watchCommit(context: ServerContext, guard: (look: () => void) => void): void {
  let { commit } = context;
  Object.defineProperty(context, 'commit', {
    enumerable: true,
    get: () => commit,
    set: (next: number) => {
      const before = commit;
      commit = next;
      guard(() => {
        const { node, log } = context;
        if (next >= before && next <= lastIndex(log)) return;
        const what = `${node}: from ${before} to ${next}, with a log up to ${lastIndex(log)}`;
        throw new Violation('the commit index never goes back', what);
      });
    },
  });
}
