import { Violation } from '../violation.ts';

/** The first step from a server to each other one. */
export type Routes = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** When links have not changed for a while, the steps from each server to each other one lead there, without a loop. */
export function checkRoutes(routes: Routes): void {
  for (const from of routes.keys()) for (const to of routes.keys()) if (from !== to) follow(routes, from, to);
}

function follow(routes: Routes, from: number, to: number): void {
  const way = [from];
  for (let at = from; at !== to; ) {
    const next = routes.get(at)?.get(to);
    if (next === undefined || way.includes(next)) {
      const end = next === undefined ? 'ends there' : `goes back to ${next}`;
      throw new Violation('routes lead there', `the way from ${from} to ${to} by ${way.join(', ')} ${end}`);
    }
    way.push(next);
    at = next;
  }
}
