import type { Action } from './sequential-models.ts';
import { IMPOSSIBLE, NOTHING, type State, States, UNOBSERVED } from './states.ts';
import { textOf, type Value } from './values.ts';

/** An operation on a single register, as the search for an order sees it. */
export interface Call {
  readonly action: Action;
  readonly invoked: number;
  /** Infinity for one that may have happened, at any time from `invoked` on, or never. */
  readonly completed: number;
}

export const READ = 0;
export const MISS = 1;
export const WRITE = 2;
export const CAS = 3;
export const TAKE = 4;
export const APPEND = 5;
type Kind = typeof READ | typeof MISS | typeof WRITE | typeof CAS | typeof TAKE | typeof APPEND;

/**
 * The calls to one register in numbers: first those that happened, in the order in which they began, then those that
 * may have, likewise.
 */
export class CallTable {
  readonly size: number;
  /** How many of them happened for sure. */
  readonly sure: number;
  readonly states: States;
  readonly invoked: Float64Array;
  readonly completed: Float64Array;
  readonly kinds: Uint8Array;
  /** What the register must hold, or must not. */
  readonly from: Int32Array;
  /** What it holds afterwards. */
  readonly to: Int32Array;
  /** Calls that do the same have the same number. */
  readonly deeds: Int32Array;
  readonly hasAppends: boolean;
  /** Whether some calls say only what the register did not hold. */
  readonly hasNegatives: boolean;
  readonly #actions: readonly Action[];

  constructor(given: readonly Call[]) {
    const inOrder = given.toSorted((a, b) => a.invoked - b.invoked);
    const calls = [
      ...inOrder.filter(({ completed }) => completed < Number.POSITIVE_INFINITY),
      ...inOrder.filter(({ completed }) => completed === Number.POSITIVE_INFINITY),
    ];
    this.#actions = calls.map(({ action }) => action);
    this.size = calls.length;
    this.sure = calls.filter(({ completed }) => completed < Number.POSITIVE_INFINITY).length;
    this.states = new States(this.#actions);
    this.invoked = Float64Array.from(calls, ({ invoked }) => invoked);
    this.completed = Float64Array.from(calls, ({ completed }) => completed);
    this.kinds = Uint8Array.from(this.#actions, kindOf);
    this.from = Int32Array.from(this.#actions, (action) => fromOf(action, this.states));
    this.to = Int32Array.from(this.#actions, (action) => toOf(action, this.states));
    this.deeds = this.#numberDeeds();
    this.hasAppends = this.kinds.includes(APPEND);
    this.hasNegatives = this.kinds.includes(MISS) || this.kinds.includes(TAKE);
  }

  /** What the register holds after a call; {@link IMPOSSIBLE} where the call cannot have had its result. */
  next(call: number, state: State): State {
    switch (this.kinds[call]) {
      case READ:
        return state === this.from[call] ? state : IMPOSSIBLE;
      case MISS:
        return state === this.from[call] ? IMPOSSIBLE : state;
      case WRITE:
        return this.to[call]!;
      case CAS:
        return state === this.from[call] ? this.to[call]! : IMPOSSIBLE;
      case TAKE:
        return state === NOTHING ? IMPOSSIBLE : NOTHING;
      default:
        return this.states.append(state, operandOf(this.#actions[call]!));
    }
  }

  #numberDeeds(): Int32Array {
    const numbers = new Map<string, number>();
    return Int32Array.from(this.#actions, (action, call) => {
      const deed =
        action.kind === 'append'
          ? `append ${textOf(action.value)}`
          : `${action.kind} ${this.from[call]} ${this.to[call]}`;
      const number = numbers.get(deed) ?? numbers.size;
      numbers.set(deed, number);
      return number;
    });
  }
}

function kindOf({ kind }: Action): Kind {
  switch (kind) {
    case 'read':
      return READ;
    case 'miss':
      return MISS;
    case 'write':
      return WRITE;
    case 'cas':
      return CAS;
    case 'take':
      return TAKE;
    case 'append':
      return APPEND;
  }
}

/** A `take` asks whether there is a value. */
function fromOf(action: Action, states: States): State {
  switch (action.kind) {
    case 'read':
    case 'miss':
      return states.of(action.value);
    case 'cas':
      return states.of(action.from);
    case 'take':
      return NOTHING;
    default:
      return UNOBSERVED;
  }
}

function toOf(action: Action, states: States): State {
  switch (action.kind) {
    case 'write':
      return states.of(action.value);
    case 'cas':
      return states.of(action.to);
    case 'take':
      return NOTHING;
    default:
      return UNOBSERVED;
  }
}

function operandOf(action: Action): Value {
  return 'value' in action ? action.value : null;
}
