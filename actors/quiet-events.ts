import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
} from 'xstate';

/** A named action of a role: what it is called, and the function. */
export interface NamedAction {
  readonly type: string;
  readonly exec: ((info: unknown, params: unknown) => unknown) | undefined;
}

/** A guard that needs the context and the event alone, or one of XState's `and`, `or`, `not`, which look further. */
type Guard = ((args: GuardArguments, params: undefined) => boolean) & {
  readonly check?: (snapshot: AnyMachineSnapshot, args: GuardArguments, guard: Guard) => boolean;
};

interface GuardArguments {
  readonly context: unknown;
  readonly event: EventObject;
}

/**
 * Tells when an event leaves an actor in the state that it is in: none of the transitions that it takes has a target, or
 * anything but named actions. Most messages of a protocol do, and the general way costs several times what these cost.
 */
export class QuietEvents {
  readonly #machine: AnyStateMachine;
  /** Whether it has nothing that only XState can tell. */
  readonly #isPlain: boolean;
  /** States in which any event at all is taken. */
  readonly #greedy = new Set<AnyStateNode>();
  /** The guards of transitions that need no event, by the states that have them; undefined: one has no guard. */
  readonly #eventless = new Map<AnyStateNode, readonly (Guard | undefined)[]>();
  /** Event types that some transition takes without leaving its state. */
  readonly #types = new Set<string>();
  /** Undefined for a transition that does more. */
  readonly #actions = new Map<AnyTransitionDefinition, readonly NamedAction[] | undefined>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const nodes = withDescendants(machine.root);
    for (const node of nodes) this.#read(node);
    this.#isPlain = nodes.every(({ always = [] }) =>
      always.every(({ guard }) => guard === undefined || this.#guardOf(guard) !== undefined),
    );
  }

  /** What is to be done at an event, in its order; undefined where that is for XState to say. */
  actionsAt(snapshot: AnyMachineSnapshot, event: EventObject): readonly NamedAction[] | undefined {
    if (!this.#isPlain || !this.#types.has(event.type) || this.#isGreedy(snapshot)) return undefined;
    const transitions: readonly AnyTransitionDefinition[] = this.#machine.getTransitionData(snapshot, event);
    if (transitions.length === 1) return this.#actionsOf(transitions[0]!);
    const all: NamedAction[] = [];
    // Regions beside one another may all have left it to the same one above.
    for (const transition of new Set(transitions)) {
      const actions = this.#actionsOf(transition);
      if (actions === undefined) return undefined;
      all.push(...actions);
    }
    return all;
  }

  /** Whether no transition that needs no event is due, now that the actions are carried out. */
  isAtRest(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
    if (this.#eventless.size === 0) return true;
    const args = { context: snapshot.context, event };
    for (const node of snapshot._nodes) {
      for (const guard of this.#eventless.get(node) ?? [])
        if (guard === undefined || passes(guard, snapshot, args)) return false;
    }
    return true;
  }

  #read(node: AnyStateNode): void {
    const guards = (node.always ?? []).map(({ guard }) => this.#guardOf(guard));
    if (guards.length > 0) this.#eventless.set(node, guards);
    for (const [descriptor, candidates] of node.transitions) {
      if (descriptor.includes('*')) this.#greedy.add(node);
      else if (candidates.some(hasNoTarget)) this.#types.add(descriptor);
    }
  }

  #isGreedy({ _nodes: nodes }: AnyMachineSnapshot): boolean {
    return this.#greedy.size > 0 && nodes.some((node) => this.#greedy.has(node));
  }

  #actionsOf(transition: AnyTransitionDefinition): readonly NamedAction[] | undefined {
    if (this.#actions.has(transition)) return this.#actions.get(transition);
    const actions = transition.actions.flatMap((type) => this.#namedAction(type) ?? []);
    const isAll = actions.length === transition.actions.length && hasNoTarget(transition);
    this.#actions.set(transition, isAll ? actions : undefined);
    return isAll ? actions : undefined;
  }

  /** XState's own actions, which change the context or raise events, are functions with more to them. */
  #namedAction(type: unknown): NamedAction | undefined {
    if (typeof type !== 'string') return undefined;
    const exec: unknown = this.#machine.implementations.actions[type];
    if (typeof exec !== 'function' || 'resolve' in exec) return undefined;
    return { type, exec: exec as NamedAction['exec'] };
  }

  #guardOf(guard: unknown): Guard | undefined {
    const known: unknown = typeof guard === 'string' ? this.#machine.implementations.guards[guard] : guard;
    return typeof known === 'function' ? (known as Guard) : undefined;
  }
}

function passes(guard: Guard, snapshot: AnyMachineSnapshot, args: GuardArguments): boolean {
  return guard.check === undefined ? guard(args, undefined) : guard.check(snapshot, args, guard);
}

function hasNoTarget({ target = [] }: AnyTransitionDefinition): boolean {
  return target.length === 0;
}

function withDescendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values<AnyStateNode>(node.states).flatMap(withDescendants)];
}
