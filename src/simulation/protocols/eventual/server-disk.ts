import { Held } from '../../../../machines/eventual/held.ts';
import type { Write } from './write-history.ts';

/** Part of what a server has taken in from others: versions, that count as held or not yet; or what is held, and gone, from here on. */
export type TakenIn =
  | { readonly isHeld: boolean; readonly writes: readonly Write[] }
  | { readonly held: Held; readonly dropped: Held };

/** What the disks of a server remember: what it would start with. */
export class ServerDisk {
  readonly #log = new Map<number, readonly Write[]>();
  readonly #redo = new Map<number, readonly TakenIn[]>();
  /** In the store, by key. */
  readonly siblings = new Map<string, readonly Write[]>();
  /** What the store says that is held; and whether it says that there are others. */
  stored = new Held();
  isAlone = true;
  /** All that was ever held here on disk. */
  readonly ever = new Held();

  log(first: number, writes: readonly Write[]): void {
    this.#log.set(first, writes);
    this.#note(writes);
  }

  redo(number: number, parts: readonly TakenIn[]): void {
    this.#redo.set(number, parts);
    for (const part of parts) {
      if ('held' in part) this.ever.addAll(part.held);
      else if (part.isHeld) this.#note(part.writes);
    }
  }

  /** Gives the writes that it had. */
  forgetLog(first: number): readonly Write[] {
    const writes = this.#log.get(first) ?? [];
    this.#log.delete(first);
    return writes;
  }

  /** Gives the writes that it had. */
  forgetRedo(number: number): readonly Write[] {
    const parts = this.#redo.get(number) ?? [];
    this.#redo.delete(number);
    return parts.flatMap((part) => ('held' in part ? [] : part.writes));
  }

  /** What the store says that is held others may have seen deleted since, if there are others. */
  loseJournal(): void {
    this.#log.clear();
    this.#redo.clear();
    if (!this.isAlone) this.stored = new Held();
  }

  /** What the journal says that is held, without having it, was in the store. */
  loseStore(): void {
    this.isAlone = true;
    this.siblings.clear();
    this.stored = new Held();
    for (const [number, parts] of this.#redo)
      this.#redo.set(
        number,
        parts.filter((part) => !('held' in part)),
      );
  }

  get held(): Held {
    const held = new Held(this.stored.ranges);
    for (const writes of this.#log.values())
      for (const { origin, counter } of writes) held.add(origin, counter, counter);
    for (const part of [...this.#redo.values()].flat()) {
      if ('held' in part) held.addAll(part.held);
      else if (part.isHeld) for (const { origin, counter } of part.writes) held.add(origin, counter, counter);
    }
    return held;
  }

  /** The versions that it has, by key; some may follow others. */
  get versions(): ReadonlyMap<string, readonly Write[]> {
    const versions = new Map<string, readonly Write[]>(this.siblings);
    const parts = [...this.#redo.values()].flat();
    const taken = parts.flatMap((part) => ('held' in part ? [] : part.writes));
    const dropped = new Held();
    for (const part of parts) if ('held' in part) dropped.addAll(part.dropped);
    const isThere = ({ origin, counter }: Write) => !dropped.has(origin, counter);
    for (const write of [...this.#log.values()].flat().concat(taken)) {
      // What the store says that it holds is there, or others are in its place.
      if (this.stored.has(write.origin, write.counter)) continue;
      versions.set(write.key, [...(versions.get(write.key) ?? []), write]);
    }
    if (!dropped.isEmpty) for (const [key, writes] of versions) versions.set(key, writes.filter(isThere));
    return versions;
  }

  #note(writes: readonly Write[]): void {
    for (const { origin, counter } of writes) this.ever.add(origin, counter, counter);
  }
}
