import { APPEND, CAS, type Call, CallTable, MISS, READ, TAKE, WRITE } from './calls.ts';
import { IMPOSSIBLE, NOTHING, type State, UNOBSERVED } from './states.ts';
import { UnplacedQueue } from './unplaced-queue.ts';
import { type Deadline, OUT_OF_MEMORY, OUT_OF_TIME } from './verdict.ts';

/** About the memory that the search may take for what it has tried, in bytes. */
const TRIED_BYTES_MAX = 256 * 1024 * 1024;
/** What one thing that was tried takes beside its own characters, roughly. */
const TRIED_OVERHEAD_BYTES = 64;
/** So many steps go by between two looks at the clock. */
const STEPS_BETWEEN_LOOKS = 256;

export type SearchResult = 'found' | 'none' | typeof OUT_OF_TIME | typeof OUT_OF_MEMORY;

/**
 * Looks for an order of calls to one register that respects real time and in which each did what it says: the search
 * of Wing and Gong (1993), with Lowe's memory of what was tried (2017).
 *
 * Next in the order may come a call that began before every call not yet placed has ended. What lies ahead depends on
 * the calls placed so far, as a set, and on the value that the register then holds; a pair of these that was reached
 * before leads nowhere new. These make the search short, and none takes an order away without leaving another:
 *
 * - A read that fits comes at once: it changes nothing.
 * - A value that no call left asks for is as good as any other such: {@link UNOBSERVED}.
 * - A write of such a value comes just before another write, or at once where nobody asks for the present value.
 * - A value is not overwritten while a call left must see it, and none could bring it back before that call ends.
 * - Of calls that do the same, the one that ends first comes first.
 */
export function searchOrder(
  calls: readonly Call[],
  deadline: Deadline,
  triedBytesMax = TRIED_BYTES_MAX,
): SearchResult {
  return new OrderSearch(new CallTable(calls), NOTHING, deadline, triedBytesMax).run();
}

/** As {@link searchOrder}, whatever the register held at first. */
export function searchOrderFromAnywhere(calls: readonly Call[], deadline: Deadline): SearchResult {
  const table = new CallTable(calls);
  for (let start = 0; start < table.states.size; start++) {
    const result = new OrderSearch(table, start, deadline, TRIED_BYTES_MAX).run();
    if (result !== 'none') return result;
  }
  return 'none';
}

/** A place in the search: what may come next, and what to go back to when nothing of it leads on. */
interface Branch {
  readonly candidates: readonly number[];
  next: number;
  readonly state: State;
  readonly prefix: number;
  readonly trail: number;
}

/** A queue for each value: of the calls that `sort` adds to it, in order of `moments`. */
function queuesOf(
  values: number,
  placed: Uint8Array,
  moments: Float64Array,
  sort: (call: number, add: (value: State) => void) => void,
): UnplacedQueue[] {
  const queues: number[][] = Array.from({ length: values }, () => []);
  for (let call = 0; call < placed.length; call++) sort(call, (value) => queues[value]!.push(call));
  return queues.map(
    (calls) =>
      new UnplacedQueue(
        calls.sort((a, b) => moments[a]! - moments[b]!),
        placed,
      ),
  );
}

class OrderSearch {
  readonly #calls: CallTable;
  readonly #deadline: Deadline;
  readonly #triedBytesMax: number;
  readonly #placed: Uint8Array;
  /** The calls placed, in their order. */
  readonly #trail: number[] = [];
  /** All sure calls before this one are placed. */
  #prefix = 0;
  #sureLeft: number;
  readonly #start: State;
  #state: State;

  /** How many of the calls left ask for a value. */
  readonly #asking: Int32Array;
  /** By value: the calls that must see it, in the order in which they end. */
  readonly #needing: readonly UnplacedQueue[];
  /** By value: the calls that may bring it, in the order in which they begin. */
  readonly #bringing: readonly UnplacedQueue[];

  /** Whether states nobody asks for are all one; not where a longer value grows out of them. */
  readonly #merges: boolean;
  /** Whether writes of values nobody asks for may be placed early. */
  readonly #hides: boolean;

  readonly #tried = new Set<string>();
  #triedBytes = 0;
  #steps = 0;

  constructor(calls: CallTable, start: State, deadline: Deadline, triedBytesMax: number) {
    this.#calls = calls;
    this.#start = start;
    this.#state = start;
    this.#deadline = deadline;
    this.#triedBytesMax = triedBytesMax;
    this.#placed = new Uint8Array(calls.size);
    this.#sureLeft = calls.sure;
    this.#merges = !calls.hasAppends;
    this.#hides = this.#merges && !calls.hasNegatives;
    this.#asking = new Int32Array(calls.states.size);
    for (let call = 0; call < calls.size; call++) this.#ask(call, 1);
    const { kinds, from, to, invoked, completed, sure } = calls;
    this.#needing = queuesOf(calls.states.size, this.#placed, completed, (call, add) => {
      if (call >= sure || (kinds[call] !== READ && kinds[call] !== CAS)) return;
      add(from[call]!);
      // What has grown into something nobody asks for stays so.
      if (!this.#merges) add(UNOBSERVED);
    });
    this.#bringing = queuesOf(calls.states.size, this.#placed, invoked, (call, add) => {
      // What only grows comes back when something else is written first.
      if (kinds[call] === WRITE || kinds[call] === CAS || kinds[call] === TAKE)
        add(this.#merges ? to[call]! : 0);
    });
  }

  run(): SearchResult {
    if (this.#asksForTheNeverWritten()) return 'none';
    this.#settle();
    if (this.#sureLeft === 0) return 'found';
    const branches = [this.#branch()];
    for (;;) {
      const branch = branches.at(-1);
      if (branch === undefined) return 'none';
      this.#undo(branch);
      const call = branch.candidates[branch.next++];
      if (call === undefined) {
        branches.pop();
        continue;
      }
      if (++this.#steps % STEPS_BETWEEN_LOOKS === 0 && this.#deadline()) return OUT_OF_TIME;
      if (!this.#place(call)) continue;
      if (this.#sureLeft === 0) return 'found';
      const configuration = this.#configuration();
      if (this.#tried.has(configuration)) continue;
      this.#tried.add(configuration);
      this.#triedBytes += TRIED_OVERHEAD_BYTES + 2 * configuration.length;
      if (this.#triedBytes > this.#triedBytesMax) return OUT_OF_MEMORY;
      branches.push(this.#branch());
    }
  }

  #asksForTheNeverWritten(): boolean {
    return (
      this.#merges && this.#needing.some((_needing, state) => state !== this.#start && this.#isLost(state))
    );
  }

  #branch(): Branch {
    return {
      candidates: this.#candidates(),
      next: 0,
      state: this.#state,
      prefix: this.#prefix,
      trail: this.#trail.length,
    };
  }

  /** What may come next, and may lead on. The one that ends first comes first. */
  #candidates(): number[] {
    const { deeds, completed } = this.#calls;
    const first = new Map<number, number>();
    for (const call of this.#open()) {
      if (this.#calls.next(call, this.#state) === IMPOSSIBLE || this.#isIdle(call)) continue;
      // Writes of values nobody asks for are placed all at once: see #place.
      const deed = this.#isHidden(call) ? -1 : deeds[call]!;
      const known = first.get(deed);
      if (known === undefined || completed[call]! < completed[known]!) first.set(deed, call);
    }
    return [...first.values()].sort((a, b) => completed[a]! - completed[b]!);
  }

  /** The calls left that began before any call left has ended. */
  *#open(): Generator<number, void, undefined> {
    const { sure, size, invoked, completed } = this.#calls;
    let end = Number.POSITIVE_INFINITY;
    for (let call = this.#prefix; call < sure && invoked[call]! < end; call++) {
      if (this.#placed[call]) continue;
      yield call;
      end = Math.min(end, completed[call]!);
    }
    for (let call = sure; call < size && invoked[call]! < end; call++) {
      if (!this.#placed[call]) yield call;
    }
  }

  /** A call that need not have happened, and would bring what nobody asks for. */
  #isIdle(call: number): boolean {
    return this.#hides && call >= this.#calls.sure && this.#asking[this.#calls.to[call]!] === 0;
  }

  #isHidden(call: number): boolean {
    const { kinds, to } = this.#calls;
    return this.#hides && kinds[call] === WRITE && this.#asking[to[call]!] === 0;
  }

  /** Places a call, and all that then follows by itself. Whether that may lead on. */
  #place(call: number): boolean {
    const before = this.#state;
    const after = this.#calls.next(call, before);
    if (this.#hides && this.#calls.kinds[call] === WRITE) {
      this.#state = UNOBSERVED;
      this.#settle();
      // It was itself a write that nobody asks for.
      if (this.#placed[call]) return !this.#isLost(before);
    }
    this.#put(call);
    this.#state = after;
    if (this.#calls.states.isUnobserved(after) && this.#isLost(UNOBSERVED)) return false;
    // Where values grow, they may grow again after another write, but not go back.
    const isLeft = after !== before && (this.#merges || this.#calls.kinds[call] === APPEND);
    if (isLeft && !this.#calls.states.isUnobserved(before) && this.#isLost(before)) return false;
    this.#settle();
    return true;
  }

  /** Whether a call left must see this value, and none could bring it back before that call ends. */
  #isLost(state: State): boolean {
    const needing = this.#needing[state]!.first();
    if (needing === undefined) return false;
    const bringing = this.#bringing[this.#merges ? state : 0]!.first();
    return bringing === undefined || this.#calls.invoked[bringing]! > this.#calls.completed[needing]!;
  }

  /** Places what may come at once. */
  #settle(): void {
    const { kinds, sure } = this.#calls;
    for (let again = true; again; ) {
      again = false;
      if (this.#merges && this.#asking[this.#state] === 0) this.#state = UNOBSERVED;
      for (const call of this.#open()) {
        const kind = kinds[call];
        const isFree =
          kind === READ || kind === MISS
            ? this.#calls.next(call, this.#state) !== IMPOSSIBLE
            : this.#state === UNOBSERVED && call < sure && this.#isHidden(call);
        if (!isFree) continue;
        this.#put(call);
        again = true;
      }
    }
  }

  #put(call: number): void {
    this.#placed[call] = 1;
    this.#trail.push(call);
    this.#ask(call, -1);
    if (call < this.#calls.sure) this.#sureLeft -= 1;
    while (this.#prefix < this.#calls.sure && this.#placed[this.#prefix]) this.#prefix += 1;
  }

  #undo(branch: Branch): void {
    while (this.#trail.length > branch.trail) {
      const call = this.#trail.pop()!;
      this.#placed[call] = 0;
      this.#ask(call, 1);
      this.#requeue(call);
      if (call < this.#calls.sure) this.#sureLeft += 1;
    }
    this.#prefix = branch.prefix;
    this.#state = branch.state;
  }

  #ask(call: number, by: number): void {
    const { kinds, from } = this.#calls;
    if (kinds[call] !== WRITE && kinds[call] !== APPEND) this.#asking[from[call]!]! += by;
  }

  #requeue(call: number): void {
    const { from, to } = this.#calls;
    this.#needing[from[call]!]!.putBack(call);
    this.#needing[UNOBSERVED]!.putBack(call);
    this.#bringing[this.#merges ? to[call]! : 0]!.putBack(call);
  }

  /** The calls placed, as a set, and the value held: the same text for the same two. */
  #configuration(): string {
    const { sure, size } = this.#calls;
    return (
      String.fromCharCode(
        this.#prefix & 0xffff,
        this.#prefix >>> 16,
        this.#state & 0xffff,
        this.#state >>> 16,
      ) +
      this.#bits(this.#prefix, sure) +
      this.#bits(sure, size)
    );
  }

  /** Which calls of a range are placed. None is that begins after the first one left has ended. */
  #bits(from: number, to: number): string {
    const { invoked, completed } = this.#calls;
    const end = completed[this.#prefix]!;
    let text = '';
    let bits = 0;
    let width = 0;
    for (let call = from; call < to && invoked[call]! < end; call++) {
      bits |= this.#placed[call]! << width;
      if (++width === 16) {
        text += String.fromCharCode(bits);
        bits = 0;
        width = 0;
      }
    }
    return text + String.fromCharCode(bits);
  }
}
