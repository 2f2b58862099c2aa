import type { NodeStorage, PreparedNode } from './node-storage.ts';

/** For nodes that keep everything in their threads: nothing is written anywhere. */
export class MemoryStorage implements NodeStorage {
  readonly #members: Set<string>;
  readonly #former = new Set<string>();
  readonly #ran = new Set<string>();

  constructor(nodes: readonly string[]) {
    this.#members = new Set(nodes);
  }

  get members(): readonly string[] {
    return [...this.#members];
  }

  get former(): readonly string[] {
    return [...this.#former];
  }

  async add(name: string): Promise<void> {
    this.#former.delete(name);
    this.#members.add(name);
  }

  async remove(name: string): Promise<void> {
    this.#members.delete(name);
    this.#former.add(name);
    this.#ran.delete(name);
  }

  async prepare(names: readonly string[]): Promise<PreparedNode[]> {
    return names.map((name) => ({
      memory: this.#ran.has(name) ? 'lost' : 'new',
      disks: undefined,
      released: Promise.resolve(),
    }));
  }

  begin(names: readonly string[]): void {
    for (const name of names) this.#ran.add(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
