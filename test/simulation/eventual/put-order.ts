/** A put, or without a value a delete, and those that it surely follows. */
export interface Put {
  readonly key: string;
  readonly value: string | undefined;
  readonly past: ReadonlySet<Put>;
}

/**
 * Which puts surely follow which, as far as it can be told from outside: those that its session had put and read, those
 * that its server had taken, or come to hold by stabilizing, and what these followed.
 */
export class PutOrder {
  readonly puts: Put[] = [];
  readonly #sessions = new Map<number, Set<Put>>();
  readonly #servers = new Map<number, Set<Put>>();
  readonly #places = new Map<number, number>();

  /** A client goes to a server. */
  move(client: number, server: number): void {
    this.#places.set(client, server);
  }

  /** A client's put was taken by the server that it stands at. */
  put(client: number, key: string, value: string | undefined): void {
    const session = setOf(this.#sessions, client);
    const held = setOf(this.#servers, this.#places.get(client)!);
    const put: Put = { key, value, past: new Set([...session, ...held]) };
    this.puts.push(put);
    for (const known of [session, held]) addAll(known, [put, ...put.past]);
  }

  /** A client was shown a value. */
  get(client: number, key: string, value: string): void {
    const put = this.puts.find((other) => other.key === key && other.value === value);
    if (put === undefined) throw new Error(`nobody put ${value} under ${key}`);
    addAll(setOf(this.#sessions, client), [put, ...put.past]);
  }

  /** These servers have come to hold the same. */
  meet(servers: readonly number[]): void {
    const all = new Set(servers.flatMap((server) => [...setOf(this.#servers, server)]));
    for (const server of servers) addAll(setOf(this.#servers, server), all);
  }

  /** The puts of a key that no other one surely follows. */
  last(key: string): Put[] {
    const ofKey = this.puts.filter((put) => put.key === key);
    return ofKey.filter((put) => ofKey.every(({ past }) => !past.has(put)));
  }
}

function setOf(sets: Map<number, Set<Put>>, id: number): Set<Put> {
  const set = sets.get(id) ?? new Set();
  sets.set(id, set);
  return set;
}

function addAll(set: Set<Put>, puts: Iterable<Put>): void {
  for (const put of puts) set.add(put);
}
