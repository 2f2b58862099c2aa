import { isDeepStrictEqual } from 'node:util';
import type { EventualStatus } from '../../machines/eventual/client-messages.ts';
import type { Topology } from './topology.ts';

/** Whether all live servers that can reach each other hold the same, and nothing is under way between them. */
export function areStable(reports: ReadonlyMap<string, EventualStatus>, topology: Topology): boolean {
  return topology.up.every((name) => {
    const report = reports.get(name);
    if (report === undefined || !report.isQuiet) return false;
    return topology.reachable([name]).every((other) => {
      const { held, shown } = reports.get(other) ?? {};
      return shown === report.shown && isDeepStrictEqual(held, report.held);
    });
  });
}
