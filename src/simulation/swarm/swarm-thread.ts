import { examine, type Verdict } from './examine.ts';
import { loadProtocol } from './load-protocol.ts';
import type { SeedsTask } from './seeds-task.ts';

export default async function examineSeeds(task: SeedsTask): Promise<readonly Verdict[]> {
  const { protocol: reference, seeds, ...settings } = task;
  const protocol = await loadProtocol(reference);
  const verdicts: Verdict[] = [];
  for (const seed of seeds) verdicts.push(await examine({ ...settings, protocol, seed }));
  return verdicts;
}
