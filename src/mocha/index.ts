/** `synod/mocha`: scenarios as mocha tests; and leaders and followers of two-phase commit that a test plays by hand. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import picocolors from 'picocolors';
import { drawComparison } from '../scenario/compare.ts';
import { runPair, scenariosOf } from '../scenario/folder.ts';

export type { HeardMessage } from './doubles/double.ts';
export { ScriptedFollower, transactionsOf } from './doubles/scripted-follower.ts';
export { type ScriptedGroup, ScriptedLeader } from './doubles/scripted-leader.ts';
export {
  FollowerStage,
  LeaderStage,
  type StageOptions,
  stageWithFollowers,
  stageWithLeader,
} from './doubles/stage.ts';

/** How long one scenario may take before its test fails. */
const SCENARIO_TIMEOUT_MS = 20_000;

/** How to run the scenarios of a folder. */
export interface ScenarioTestOptions {
  /** Runs them on this protocol, whatever they name. */
  readonly protocol?: string;
  readonly timeoutMs?: number;
}

/**
 * Defines one mocha test for each pair NAME.test, NAME.sol of a folder: the script runs in a cluster of its own
 * and must print exactly the lines of NAME.sol. Call it where you would call `describe`.
 *
 * @example
 * import { scenarios } from 'synod/mocha';
 * scenarios(new URL('./scenarios', import.meta.url));
 */
export function scenarios(folder: string | URL, options: ScenarioTestOptions = {}): void {
  const path = typeof folder === 'string' ? folder : fileURLToPath(folder);
  const pairs = scenariosOf(path);
  if (pairs.length === 0) throw new Error(`there is no NAME.test in ${path}`);
  const { protocol, timeoutMs = SCENARIO_TIMEOUT_MS } = options;
  describe(
    protocol === undefined
      ? `scenarios of ${basename(path)}`
      : `scenarios of ${basename(path)} on ${protocol}`,
    () => {
      for (const pair of pairs) {
        it(pair.name, async () => {
          // Ends the cluster before mocha gives up on the test, so that nothing of it outlives the test.
          const signal = AbortSignal.timeout(timeoutMs);
          const comparison = await runPair(pair, { protocol, signal });
          if (comparison !== undefined) {
            throw new Error(
              `${pair.name} does not print what it must\n${drawComparison(comparison, picocolors)}`,
            );
          }
        }).timeout(timeoutMs * 2);
      }
    },
  );
}
