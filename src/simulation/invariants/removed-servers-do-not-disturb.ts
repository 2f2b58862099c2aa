import { isVoter } from '../../../machines/raft/configuration.ts';
import { configurationIndex, configurationOf } from '../../../machines/raft/log.ts';
import type { ServerContext } from '../../../machines/raft/server-context.ts';
import { Violation } from '../violation.ts';

/**
 * A server that was removed, and could not be told so, stands in no election: others have gone on without it, and
 * whatever it does, it must not raise their terms (thesis, section 4.2.3). Unless the configuration without it stands in
 * its own log, and it does not know that this is committed: then it may be the only one that can be elected.
 */
export function checkGhost({ node, member, term, log, commit }: ServerContext): void {
  const mayBeNeeded = !isVoter(configurationOf(log), member) && configurationIndex(log) > commit;
  if (!mayBeNeeded)
    throw new Violation('removed servers do not disturb', `${node} stands in term ${term + 1}`);
}
