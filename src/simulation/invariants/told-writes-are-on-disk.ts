import type { ServerDisk } from '../protocols/eventual/server-disk.ts';
import type { ServerDiskListener, ServerDisks } from '../protocols/eventual/server-disks.ts';
import { follows, nameOf, type Write } from '../protocols/eventual/write-history.ts';
import { Violation } from '../violation.ts';

/** Which writes a message of a client became: those of an origin, from one counter to another. */
export interface Taken {
  readonly origin: number;
  readonly first: number;
  readonly last: number;
}

/**
 * What a client is told that is taken is on the disk of its server before the answer arrives. There it stays, as long as
 * the disk does: a journal lets go only of what the store has, or has others in its place of.
 */
export class ToldWritesAreOnDisk implements ServerDiskListener {
  /** Under the name that the server has given to the client, and the number of its message. */
  readonly #taken = new Map<string, Taken>();

  /** A server takes a message of a client, once, and will answer it. */
  becomes(node: string, attachment: string, number: number, taken: Taken): void {
    const name = `${attachment} ${number}`;
    if (this.#taken.has(name))
      throw new Violation(
        'a message is taken once',
        `${node} takes message ${number} of ${attachment} again`,
      );
    this.#taken.set(name, taken);
  }

  /** A client hears that a message was taken. */
  told(node: string, attachment: string, number: number, disks: ServerDisks): void {
    const taken = this.#taken.get(`${attachment} ${number}`);
    if (taken === undefined)
      throw new Violation(
        'told writes are on disk',
        `${node} answers message ${number}, which it has not taken`,
      );
    const { origin, first, last } = taken;
    const { ever } = disks.of(node);
    for (let counter = first; counter <= last; counter++) {
      if (ever.has(origin, counter)) continue;
      throw new Violation(
        'told writes are on disk',
        `${node} has answered for ${origin}:${counter}, and has it not`,
      );
    }
  }

  forgot(node: string, writes: readonly Write[], disk: ServerDisk): void {
    for (const write of writes) {
      if (disk.stored.has(write.origin, write.counter)) continue;
      const kept = disk.versions.get(write.key) ?? [];
      if (kept.some((other) => other === write || follows(other, write))) continue;
      throw new Violation('told writes stay on disk', `the journal of ${node} lets go of ${nameOf(write)}`);
    }
  }
}
