import { Violation } from '../violation.ts';

/**
 * A server that was removed, and could not be told so, stands in no election: others have gone on without it, and
 * whatever it does, it must not raise their terms (thesis, section 4.2.3).
 */
export function checkGhost(node: string, term: number): never {
  throw new Violation('removed servers do not disturb', `${node} stands in term ${term}`);
}
