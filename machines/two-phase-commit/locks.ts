/** Who asks for keys: those that it reads, and those that it writes. No key is in both, or twice in one. */
export interface LockOwner {
  readonly shared: Iterable<string>;
  readonly exclusive: Iterable<string>;
  /** Keys that it has asked for and does not have. Kept by the table. */
  missing: number;
}

interface Lock<Owner> {
  /** How many hold it. */
  holders: number;
  isExclusive: boolean;
  /** Who waits for it, in the order of their coming. */
  waiting: Waiting<Owner>[];
}

interface Waiting<Owner> {
  readonly owner: Owner;
  readonly isExclusive: boolean;
}

/**
 * Locks on keys, in two modes. An owner asks for all its keys at once, and at each key it is served in the order of its
 * coming: so it waits only for such as came before it, and no circle of waiting can be.
 */
export class LockTable<Owner extends LockOwner> {
  readonly #locks = new Map<string, Lock<Owner>>();

  /** Keys that somebody holds or waits for. */
  get size(): number {
    return this.#locks.size;
  }

  /** Asks for all keys of an owner. True: it has them. False: it is among those that a {@link release} gives, once. */
  request(owner: Owner): boolean {
    owner.missing = 0;
    for (const key of owner.shared) this.#request(key, owner, false);
    for (const key of owner.exclusive) this.#request(key, owner, true);
    return owner.missing === 0;
  }

  /** Gives back all that an owner has, or still waits for. Returns those that have all their keys by that. */
  release(owner: Owner): Owner[] {
    const granted: Owner[] = [];
    const hadAll = owner.missing === 0;
    for (const key of owner.shared) this.#release(key, owner, hadAll, granted);
    for (const key of owner.exclusive) this.#release(key, owner, hadAll, granted);
    return granted;
  }

  /** Whether all keys could be read now, by one who comes last. */
  areReadable(keys: Iterable<string>): boolean {
    for (const key of keys) {
      const lock = this.#locks.get(key);
      if (lock !== undefined && (lock.isExclusive || lock.waiting.length > 0)) return false;
    }
    return true;
  }

  #request(key: string, owner: Owner, isExclusive: boolean): void {
    const lock = this.#locks.get(key);
    if (lock === undefined) {
      this.#locks.set(key, { holders: 1, isExclusive, waiting: [] });
    } else if (!isExclusive && !lock.isExclusive && lock.waiting.length === 0) {
      lock.holders += 1;
    } else {
      lock.waiting.push({ owner, isExclusive });
      owner.missing += 1;
    }
  }

  #release(key: string, owner: Owner, hadAll: boolean, granted: Owner[]): void {
    const lock = this.#locks.get(key);
    if (lock === undefined) throw new Error(`the lock of "${key}" is released, which nobody has`);
    const place = hadAll ? -1 : lock.waiting.findIndex((waiting) => waiting.owner === owner);
    if (place >= 0) {
      lock.waiting.splice(place, 1);
      owner.missing -= 1;
    } else {
      lock.holders -= 1;
    }
    this.#grant(lock, granted);
    if (lock.holders === 0) this.#locks.delete(key);
  }

  /** Serves those who wait, as far as they may go on beside those who hold it. */
  #grant(lock: Lock<Owner>, granted: Owner[]): void {
    for (;;) {
      const next = lock.waiting[0];
      if (next === undefined || (lock.holders > 0 && (lock.isExclusive || next.isExclusive))) return;
      lock.waiting.shift();
      lock.holders += 1;
      lock.isExclusive = next.isExclusive;
      next.owner.missing -= 1;
      if (next.owner.missing === 0) granted.push(next.owner);
    }
  }
}
