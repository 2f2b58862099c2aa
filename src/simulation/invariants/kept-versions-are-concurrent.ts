import { follows, nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

/**
 * Of the versions of a key that a server keeps none follows another. As those that it holds are there, or others that
 * follow them, servers that have seen the same writes keep the same versions, in whatever order these came.
 */
export function checkKept(where: string, versions: ReadonlyMap<string, readonly Write[]>): void {
  for (const kept of versions.values()) {
    for (const version of kept) {
      const later = kept.find((other) => follows(other, version));
      if (later === undefined) continue;
      const what = `${where} keeps ${nameOf(version)} beside ${nameOf(later)}, which follows it`;
      throw new Violation('kept versions are concurrent', what);
    }
  }
}
