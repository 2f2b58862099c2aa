import type { DependencyGraph } from './dependency-graph.ts';
import type { Span } from './real-time.ts';
import { NO_VERSION, type RegisterKey, readersOf } from './register-versions.ts';
import { UnplacedQueue } from './unplaced-queue.ts';
import { type Deadline, OUT_OF_MEMORY, OUT_OF_TIME } from './verdict.ts';

/** About the memory that the search may take for what it has tried, in bytes. */
const TRIED_BYTES_MAX = 256 * 1024 * 1024;
const TRIED_OVERHEAD_BYTES = 64;
const STEPS_BETWEEN_LOOKS = 256;

export interface SerialResult {
  readonly result: 'found' | 'none' | typeof OUT_OF_TIME | typeof OUT_OF_MEMORY;
  /** Where none was found: the transactions of which none could come next, where the search came furthest. */
  readonly stuck: readonly number[];
}

/**
 * Looks for an order of transactions that respects real time and the dependencies, and in which each reads from
 * registers what was written last: a search as {@link searchOrder}. Values are unique, so that a version is not
 * replaced while a transaction left has read it. So the transactions placed tell all that matters of the registers:
 * a set of them that was reached before leads nowhere new.
 */
export function searchSerialOrder(
  graph: DependencyGraph,
  spans: readonly Span[],
  registers: readonly RegisterKey[],
  deadline: Deadline,
): SerialResult {
  return new SerialSearch(graph, spans, registers, deadline).run();
}

/** A version of a register: what was there at first, or what a transaction wrote. */
interface Version {
  /** Transactions left that read it. */
  pending: number;
  /** When the last of its readers began. */
  readonly lastReader: number;
}

/** A transaction that writes a register. */
interface Write {
  readonly register: Register;
  readonly version: Version;
  /** Whether the transaction has read the version that it replaces. */
  readonly replacesRead: boolean;
}

interface Register {
  current: Version;
  /** Those that write it, in the order in which they end. */
  readonly writers: UnplacedQueue;
}

interface Branch {
  readonly candidates: readonly number[];
  next: number;
  readonly trail: number;
  readonly prefix: number;
}

class SerialSearch {
  readonly #graph: DependencyGraph;
  readonly #spans: readonly Span[];
  readonly #deadline: Deadline;
  /** Those that end, as they begin; then those that do not. */
  readonly #order: readonly number[];
  readonly #ending: number;
  readonly #waitsFor: Int32Array;
  readonly #placed: Uint8Array;
  readonly #reads: readonly Version[][];
  readonly #writes: readonly Write[][];
  readonly #trail: { readonly transaction: number; readonly replaced: readonly Version[] }[] = [];
  #prefix = 0;
  #furthest = 0;
  #stuck: readonly number[] = [];
  readonly #tried = new Set<string>();
  #triedBytes = 0;
  #steps = 0;

  constructor(
    graph: DependencyGraph,
    spans: readonly Span[],
    registers: readonly RegisterKey[],
    deadline: Deadline,
  ) {
    this.#graph = graph;
    this.#spans = spans;
    this.#deadline = deadline;
    const all = spans.map((_span, index) => index).sort((a, b) => spans[a]!.invoked - spans[b]!.invoked);
    const ends = (index: number) => spans[index]!.completed < Number.POSITIVE_INFINITY;
    this.#order = [...all.filter(ends), ...all.filter((index) => !ends(index))];
    this.#ending = all.filter(ends).length;
    this.#waitsFor = new Int32Array(spans.length);
    for (const from of all) for (const to of graph.after(from)) this.#waitsFor[to]! += 1;
    this.#placed = new Uint8Array(spans.length);
    this.#reads = spans.map(() => []);
    this.#writes = spans.map(() => []);
    for (const register of registers) this.#learn(register);
  }

  run(): SerialResult {
    const result = this.#search();
    return { result, stuck: result === 'none' ? this.#stuck : [] };
  }

  #search(): SerialResult['result'] {
    this.#settle();
    if (this.#trail.length === this.#order.length) return 'found';
    const branches = [this.#branch()];
    for (;;) {
      const branch = branches.at(-1);
      if (branch === undefined) return 'none';
      this.#undo(branch);
      const transaction = branch.candidates[branch.next++];
      if (transaction === undefined) {
        branches.pop();
        continue;
      }
      if (++this.#steps % STEPS_BETWEEN_LOOKS === 0 && this.#deadline()) return OUT_OF_TIME;
      this.#place(transaction);
      this.#settle();
      if (this.#trail.length === this.#order.length) return 'found';
      const configuration = this.#configuration();
      if (this.#tried.has(configuration)) continue;
      this.#tried.add(configuration);
      this.#triedBytes += TRIED_OVERHEAD_BYTES + 2 * configuration.length;
      if (this.#triedBytes > TRIED_BYTES_MAX) return OUT_OF_MEMORY;
      branches.push(this.#branch());
    }
  }

  #learn({ visits }: RegisterKey): void {
    const readers = readersOf(visits);
    const versionOf = (version: string): Version => {
      const ofVersion = readers.get(version) ?? [];
      const lastReader = ofVersion.reduce((last, reader) => Math.max(last, this.#spans[reader]!.invoked), -1);
      return { pending: ofVersion.length, lastReader };
    };
    const initial = versionOf(NO_VERSION);
    const versions = new Map([[NO_VERSION, initial]]);
    const writers: number[] = [];
    for (const { transaction, written } of visits) {
      if (written === undefined) continue;
      versions.set(written, versionOf(written));
      writers.push(transaction);
    }
    writers.sort((a, b) => this.#spans[a]!.completed - this.#spans[b]!.completed);
    const register: Register = { current: initial, writers: new UnplacedQueue(writers, this.#placed) };
    for (const { transaction, read, written } of visits) {
      const seen = read === undefined ? undefined : versions.get(read);
      if (seen !== undefined) this.#reads[transaction]!.push(seen);
      if (written === undefined) continue;
      const version = versions.get(written)!;
      this.#writes[transaction]!.push({ register, version, replacesRead: seen !== undefined });
    }
  }

  #branch(): Branch {
    const open = [...this.#open()];
    const candidates = open
      .filter((transaction) => this.#mayCome(transaction))
      .sort((a, b) => this.#spans[a]!.completed - this.#spans[b]!.completed);
    if (candidates.length === 0 && this.#trail.length >= this.#furthest) {
      this.#furthest = this.#trail.length;
      this.#stuck = open;
    }
    return { candidates, next: 0, trail: this.#trail.length, prefix: this.#prefix };
  }

  /** Those left that began before any left has ended. */
  *#open(): Generator<number, void, undefined> {
    let end = Number.POSITIVE_INFINITY;
    for (const [from, to] of [
      [this.#prefix, this.#ending],
      [this.#ending, this.#order.length],
    ] as const) {
      for (let place = from; place < to; place++) {
        const transaction = this.#order[place]!;
        const { invoked, completed } = this.#spans[transaction]!;
        if (invoked > end) break;
        if (this.#placed[transaction]) continue;
        yield transaction;
        end = Math.min(end, completed);
      }
    }
  }

  #mayCome(transaction: number): boolean {
    return (
      this.#waitsFor[transaction] === 0 &&
      this.#writes[transaction]!.every(({ register, version, replacesRead }) => {
        if (register.current.pending > (replacesRead ? 1 : 0)) return false;
        const other = register.writers.firstBeside(transaction);
        // Another write would come between this one and who reads it.
        return other === undefined || this.#spans[other]!.completed > version.lastReader;
      })
    );
  }

  /** Places what may come at once: whatever writes nothing stands in nobody's way. */
  #settle(): void {
    for (let again = true; again; ) {
      again = false;
      for (const transaction of this.#open()) {
        if (this.#writes[transaction]!.length > 0 || this.#waitsFor[transaction] !== 0) continue;
        this.#place(transaction);
        again = true;
      }
    }
  }

  #place(transaction: number): void {
    this.#placed[transaction] = 1;
    for (const version of this.#reads[transaction]!) version.pending -= 1;
    const replaced = this.#writes[transaction]!.map(({ register, version }) => {
      const before = register.current;
      register.current = version;
      return before;
    });
    for (const to of this.#graph.after(transaction)) this.#waitsFor[to]! -= 1;
    this.#trail.push({ transaction, replaced });
    while (this.#prefix < this.#ending && this.#placed[this.#order[this.#prefix]!]) this.#prefix += 1;
  }

  #undo(branch: Branch): void {
    while (this.#trail.length > branch.trail) {
      const { transaction, replaced } = this.#trail.pop()!;
      this.#placed[transaction] = 0;
      for (const version of this.#reads[transaction]!) version.pending += 1;
      for (const [index, { register }] of this.#writes[transaction]!.entries()) {
        register.current = replaced[index]!;
        register.writers.putBack(transaction);
      }
      for (const to of this.#graph.after(transaction)) this.#waitsFor[to]! += 1;
    }
    this.#prefix = branch.prefix;
  }

  /** The transactions placed, as a set. */
  #configuration(): string {
    return (
      String.fromCharCode(this.#prefix & 0xffff, this.#prefix >>> 16) +
      this.#bits(this.#prefix, this.#ending) +
      this.#bits(this.#ending, this.#order.length)
    );
  }

  /** Which of some places are placed. None is that begins after the first one left has ended. */
  #bits(from: number, to: number): string {
    const first = this.#order[this.#prefix];
    const end =
      first === undefined || this.#prefix >= this.#ending
        ? Number.POSITIVE_INFINITY
        : this.#spans[first]!.completed;
    let text = '';
    let bits = 0;
    let width = 0;
    for (let place = from; place < to; place++) {
      const transaction = this.#order[place]!;
      if (this.#spans[transaction]!.invoked > end) break;
      bits |= this.#placed[transaction]! << width;
      if (++width === 16) {
        text += String.fromCharCode(bits);
        bits = 0;
        width = 0;
      }
    }
    return text + String.fromCharCode(bits);
  }
}
