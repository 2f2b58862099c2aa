import type { Action } from './sequential-models.ts';
import { isList, textOf, type Value } from './values.ts';

/** What a register may hold, by number. */
export type State = number;

/** It holds no value. */
export const NOTHING: State = 0;
/** It holds something that no operation asks for: which, makes no difference. */
export const UNOBSERVED: State = 1;
/** The same of a text, and of a list, where there are appends: these say what may be appended. */
const UNOBSERVED_TEXT: State = 2;
const UNOBSERVED_LIST: State = 3;
/** That cannot be. */
export const IMPOSSIBLE: State = -1;

type Shape = 'value' | 'text' | 'list';

/**
 * Numbers for the values that a register may hold and that some operation asks for. Where there are appends, texts and
 * lists are the paths of a tree, so that a longer one is found from the shorter one without writing out either.
 */
export class States {
  readonly #numbers = new Map<string, State>();
  readonly #steps = new Map<string, State>();
  readonly #shapes: Shape[] = ['value', 'value', 'text', 'list'];
  readonly #texts: State;
  readonly #lists: State;
  readonly #hasAppends: boolean;

  constructor(actions: readonly Action[]) {
    this.#hasAppends = actions.some(({ kind }) => kind === 'append');
    this.#texts = this.#add('text');
    this.#lists = this.#add('list');
    for (const action of actions) {
      if (action.kind === 'read' || action.kind === 'miss') this.#learn(action.value);
      if (action.kind === 'cas') this.#learn(action.from);
    }
  }

  /** How many there are. */
  get size(): number {
    return this.#shapes.length;
  }

  of(value: Value): State {
    if (value === null) return NOTHING;
    const path = this.#pathOf(value);
    if (path === undefined) return this.#numbers.get(textOf(value)) ?? UNOBSERVED;
    return this.#walk(typeof value === 'string' ? this.#texts : this.#lists, path);
  }

  /** Whether it is a value that no operation asks for, however it may grow. */
  isUnobserved(state: State): boolean {
    return state >= UNOBSERVED && state <= UNOBSERVED_LIST;
  }

  /** A text grows by a text; else a list, by an element. Nothing else grows. */
  append(state: State, value: Value): State {
    const shape = this.#shapes[state];
    if (typeof value === 'string' && (state === NOTHING || shape === 'text'))
      return this.#walk(state === NOTHING ? this.#texts : state, value.split(''));
    if (state !== NOTHING && shape !== 'list') return IMPOSSIBLE;
    return this.#walk(state === NOTHING ? this.#lists : state, [textOf(value)]);
  }

  #learn(value: Value): void {
    if (value === null) return;
    const path = this.#pathOf(value);
    if (path === undefined) {
      const text = textOf(value);
      if (!this.#numbers.has(text)) this.#numbers.set(text, this.#add('value'));
      return;
    }
    const shape = typeof value === 'string' ? 'text' : 'list';
    let state = shape === 'text' ? this.#texts : this.#lists;
    for (const element of path) {
      const step = `${state} ${element}`;
      let next = this.#steps.get(step);
      if (next === undefined) {
        next = this.#add(shape);
        this.#steps.set(step, next);
      }
      state = next;
    }
  }

  #pathOf(value: Value): readonly string[] | undefined {
    if (!this.#hasAppends) return undefined;
    if (typeof value === 'string') return value.split('');
    return isList(value) ? value.map(textOf) : undefined;
  }

  #walk(from: State, path: readonly string[]): State {
    let state: State | undefined = from;
    for (const element of path) {
      state = this.#steps.get(`${state} ${element}`);
      if (state === undefined) return this.#shapes[from] === 'text' ? UNOBSERVED_TEXT : UNOBSERVED_LIST;
    }
    return state;
  }

  #add(shape: Shape): State {
    this.#shapes.push(shape);
    return this.#shapes.length - 1;
  }
}
