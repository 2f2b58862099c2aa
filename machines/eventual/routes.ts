/** Whom each server hears that hears it, as far as it has said. */
export type Links = ReadonlyMap<number, readonly number[]>;

/**
 * The first step of a shortest way from one server to each that it can reach. A link counts when both of its ends say
 * that it is there. Of ways that are as long, the one over the lowest ids.
 */
export function shortestRoutes(from: number, links: Links): Map<number, number> {
  const routes = new Map<number, number>();
  const isLinked = (a: number, b: number) =>
    links.get(a)?.includes(b) === true && links.get(b)?.includes(a) === true;
  const stepsFrom = (server: number) =>
    [...(links.get(server) ?? [])].filter((next) => isLinked(server, next)).sort((a, b) => a - b);
  let frontier: (readonly [server: number, first: number])[] = stepsFrom(from).map((next) => [next, next]);
  for (const [server, first] of frontier) routes.set(server, first);
  while (frontier.length > 0) {
    const beyond: [server: number, first: number][] = [];
    for (const [server, first] of frontier) {
      for (const next of stepsFrom(server)) {
        if (next === from || routes.has(next)) continue;
        routes.set(next, first);
        beyond.push([next, first]);
      }
    }
    frontier = beyond;
  }
  return routes;
}
