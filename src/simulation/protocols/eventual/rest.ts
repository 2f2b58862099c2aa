import { isDeepStrictEqual } from 'node:util';
import { pause } from '../../../../actors/clock.ts';
import type { EventualStatus } from '../../../../machines/eventual/client-messages.ts';
import { Held } from '../../../../machines/eventual/held.ts';
import type { StoreValue } from '../../../client/store-value.ts';
import { checkRoutes } from '../../invariants/routes-lead-there.ts';
import { Violation } from '../../violation.ts';
import { LOOK_MS } from '../patience.ts';
import type { WatchedServers } from './watched-servers.ts';

/** How servers are when nothing is left to do. */
export class Rest {
  readonly #simulated: WatchedServers;

  constructor(simulated: WatchedServers) {
    this.#simulated = simulated;
  }

  /** Resolves when all reach each other and hold the same, and no write is left in a write log. */
  async settled(): Promise<void> {
    const { nodes, servers, host } = this.#simulated;
    let reports: readonly EventualStatus[];
    for (;;) {
      reports = [...(await servers.observe(nodes)).values()];
      const areAtRest =
        reports.length === nodes.length && reports.every((report) => isAtRest(report, reports));
      if (areAtRest && this.#holdTheSame()) break;
      await pause(host.clock, LOOK_MS);
    }
    checkRoutes(
      new Map(
        reports.map(({ server, reachable, nextHops }) => [
          server,
          new Map(reachable.map((other, place) => [other, nextHops[place]!])),
        ]),
      ),
    );
  }

  /** What all hold, once that is the same. */
  get held(): Held {
    const [first] = this.#simulated.watch.contexts.values();
    return new Held(first?.state.held.ranges);
  }

  /** What all show. @throws Violation where one shows something else. */
  async shown(): Promise<ReadonlyMap<string, StoreValue>> {
    const { nodes, servers } = this.#simulated;
    let shown: ReadonlyMap<string, StoreValue> | undefined;
    for (const node of nodes) {
      const here = new Map<string, StoreValue>();
      for await (const [key, value] of servers.entries(node)) here.set(key, value);
      shown ??= here;
      if (!isDeepStrictEqual(here, shown)) {
        const what = `${node}: ${JSON.stringify([...here])}\nothers: ${JSON.stringify([...shown])}`;
        throw new Violation('all show the same', what);
      }
    }
    return shown ?? new Map();
  }

  /** Also what is held behind a gap, where a write was lost: of that they do not tell. */
  #holdTheSame(): boolean {
    const { ranges } = this.held;
    return [...this.#simulated.watch.contexts.values()].every(({ state }) =>
      isDeepStrictEqual(state.held.ranges, ranges),
    );
  }

  /** Nobody keeps what is done with. Where memory is lost, tombstones may follow what nobody can ever have again. */
  checkLetGo(isMemoryLost: boolean): void {
    const { nodes, watch } = this.#simulated;
    for (const node of nodes) {
      const { state, waiting, unanswered, sync, sending } = watch.contexts.get(node)!;
      const kept = {
        log: state.log.size,
        waiting: waiting.length,
        unanswered: unanswered.size,
        sync: sync === undefined ? 0 : 1,
        sending: sending.size,
        tombstones: isMemoryLost ? 0 : loneTombstones(watch.disks.of(node).siblings.values()),
      };
      if (Object.values(kept).some((count) => count > 0))
        throw new Violation('bounded memory', `${node} keeps ${JSON.stringify(kept)}`);
    }
  }
}

function isAtRest(
  { server, isQuiet, reachable, logEntries, held, shown }: EventualStatus,
  reports: readonly EventualStatus[],
): boolean {
  return (
    isQuiet &&
    logEntries === 0 &&
    reports.every(
      (other) =>
        other.server === server ||
        (reachable.includes(other.server) && other.shown === shown && isDeepStrictEqual(other.held, held)),
    )
  );
}

function loneTombstones(keys: Iterable<readonly { readonly isTombstone: boolean }[]>): number {
  return [...keys].filter(([only, ...others]) => only?.isTombstone === true && others.length === 0).length;
}
