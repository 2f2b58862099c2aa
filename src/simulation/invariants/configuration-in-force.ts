import type { Log } from '../../../machines/raft/log.ts';
import { type LogHistory, nameOf } from '../protocols/raft/log-history.ts';
import { Violation } from '../violation.ts';

const NAME = 'the configuration in force';

/** A server goes by the last configuration in its log, committed or not, and by none that is not there (thesis, section 4.1). */
export function checkInForce(
  node: string,
  { base, entries, configurations }: Log,
  history: LogHistory,
): void {
  const [first, ...later] = configurations;
  const brought: (typeof later)[number][] = [];
  entries.forEach(({ configuration }, place) => {
    if (configuration !== undefined) brought.push({ index: base.index + 1 + place, configuration });
  });
  const show = (known: typeof brought) => (known.length === 0 ? '[]' : JSON.stringify(known));
  if (show(later) !== show(brought))
    throw new Violation(NAME, `${node} goes by ${show(later)}; in its log stands ${show(brought)}`);
  const known = history.configurationAt(base);
  if (
    known !== undefined &&
    first?.configuration !== known &&
    show([first!]) !== show([{ ...first!, configuration: known }])
  )
    throw new Violation(
      NAME,
      `${node} begins with ${show([first!])}; at ${nameOf(base)} it is ${JSON.stringify(known)}`,
    );
}
