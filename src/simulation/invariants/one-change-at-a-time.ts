import type { Configuration } from '../../../machines/raft/configuration.ts';
import { type Change, type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'one change at a time';

/**
 * A configuration stands on no disk before the one that it follows is committed (thesis, section 4.1), and follows by
 * one step: learners come and go, or a joint configuration begins, or it ends (section 4.3).
 */
export function watchChanges(history: LogHistory): void {
  history.onChange((change) => {
    const { former } = change;
    const followed = `${nameOf(change)} brings ${show(change.configuration)} after ${show(former.configuration)}`;
    if (!history.isCommitted(former.at))
      throw new Violation(NAME, `${followed}, which is not committed (${nameOf(former.at)})`);
    if (!isOneStep(change)) throw new Violation(NAME, followed);
  });
}

function isOneStep({ former: { configuration: from }, configuration: to }: Change): boolean {
  if (from.nextVoters.length > 0) return to.nextVoters.length === 0 && areSame(to.voters, from.nextVoters);
  return areSame(to.voters, from.voters);
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.join(' ') === others.join(' ');
}

function show({ voters, nextVoters, learners }: Configuration): string {
  return [
    `(${voters})`,
    nextVoters.length > 0 && `to (${nextVoters})`,
    learners.length > 0 && `and (${learners})`,
  ]
    .filter(Boolean)
    .join(' ');
}
