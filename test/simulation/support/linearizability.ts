/** A call to a register: what was asked, what came of it, and when, as positions in the order of all that happened. */
export interface RegisterCall {
  readonly client: string;
  readonly key: string;
  readonly invoked: number;
  /** Infinity for a call whose result is not known: it may have happened at any time, or never. */
  readonly returned: number;
  readonly call:
    | { readonly kind: 'get'; readonly value: string | null }
    | { readonly kind: 'put'; readonly value: string }
    | { readonly kind: 'delete'; readonly existed: boolean | undefined }
    | {
        readonly kind: 'compareAndSet';
        readonly expected: string | null;
        readonly value: string;
        /** Undefined when the result is not known. */
        readonly set: boolean | undefined;
      };
}

type Value = string | null;

/**
 * Looks for an order of the calls that respects real time and in which each did to a single register what it says
 * (Wing and Gong's search, with Lowe's memory of what was tried). Keys are independent, so each is searched alone.
 * Answers with the calls of the first key that has none, or undefined.
 */
export function findNonlinearizable(calls: readonly RegisterCall[]): RegisterCall[] | undefined {
  const byKey = new Map<string, RegisterCall[]>();
  for (const call of calls) {
    const ofKey = byKey.get(call.key);
    if (ofKey === undefined) byKey.set(call.key, [call]);
    else ofKey.push(call);
  }
  for (const ofKey of byKey.values()) {
    const inOrder = ofKey.sort((a, b) => a.invoked - b.invoked);
    if (!isLinearizable(inOrder)) return inOrder;
  }
  return undefined;
}

/*
 * `done` says which calls stand in the order so far. Next may come a call that began before every call not done has
 * ended. A state that was reached before, with the same calls done, leads nowhere new.
 *
 *   calls by start   ■ ■ ■ □ ■ □ □ . . .        ■ done   □ may come next   . begins after some □ has ended
 *                    └─ prefix ─┘
 */
function isLinearizable(calls: readonly RegisterCall[]): boolean {
  const tried = new Set<string>();
  const done = new Set<number>();
  let prefix = 0;

  const search = (value: Value): boolean => {
    while (done.has(prefix)) prefix += 1;
    const start = prefix;
    const state = `${start}|${[...done].filter((index) => index > start).sort((a, b) => a - b)}|${value}`;
    if (tried.has(state)) return false;
    tried.add(state);
    let earliestEnd = Number.POSITIVE_INFINITY;
    const candidates: number[] = [];
    for (let index = start; index < calls.length; index++) {
      const call = calls[index]!;
      if (done.has(index)) continue;
      if (call.invoked > earliestEnd) break;
      candidates.push(index);
      earliestEnd = Math.min(earliestEnd, call.returned);
    }
    // What is left has no known result, and need not have happened.
    if (earliestEnd === Number.POSITIVE_INFINITY) return true;
    for (const index of candidates) {
      const call = calls[index]!;
      for (const next of outcomesOf(call, value)) {
        done.add(index);
        if (search(next)) return true;
        done.delete(index);
        prefix = start;
      }
    }
    return false;
  };
  return search(null);
}

/** What the register may hold after a call; nothing when the call cannot have had its result here. */
function outcomesOf({ call }: RegisterCall, value: Value): Value[] {
  switch (call.kind) {
    case 'get':
      return call.value === value ? [value] : [];
    case 'put':
      return [call.value];
    case 'delete':
      return call.existed === undefined || call.existed === (value !== null) ? [null] : [];
    case 'compareAndSet': {
      const matches = call.expected === value;
      if (call.set !== undefined && call.set !== matches) return [];
      return [matches ? call.value : value];
    }
  }
}
