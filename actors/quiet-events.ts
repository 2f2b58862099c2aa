import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
  StateValue,
  StateValueMap,
} from 'xstate';

import { isWithin, type PlainAction, reentered, timerAction } from './reentries.ts';

/** A guard that needs the context and the event alone, or one of XState's `and`, `or`, `not`, which look further. */
type Guard = ((args: GuardArguments, params: undefined) => boolean) & {
  readonly check?: (snapshot: AnyMachineSnapshot, args: GuardArguments, guard: Guard) => boolean;
};

/** A transition that an event may take. */
interface Candidate {
  readonly guard: Guard | undefined;
  /** Undefined: it does more. */
  readonly actions: readonly PlainAction[] | undefined;
  /** The states that it leaves and enters again, where it does. */
  readonly chain: readonly AnyStateNode[] | undefined;
}

interface GuardArguments {
  readonly context: unknown;
  readonly event: EventObject;
}

/**
 * Tells when an event leaves an actor in the state that it is in, or takes it there again: the transitions that it takes
 * have no target, or the very state that is active, and nothing but named actions and timers. Most events of a protocol
 * do, and the general way costs several times what these cost.
 */
export class QuietEvents {
  readonly #machine: AnyStateMachine;
  /** Whether it has nothing that only XState can tell. */
  readonly #isPlain: boolean;
  /** States in which any event at all is taken. */
  readonly #greedy = new Set<AnyStateNode>();
  /** The guards of transitions that need no event, by the states that have them; undefined: one has no guard. */
  readonly #eventless = new Map<AnyStateNode, readonly (Guard | undefined)[]>();
  /** By the event types that some transition takes without leaving its state: all that may take it, by their states. */
  readonly #types = new Map<string, Map<AnyStateNode, readonly Candidate[]>>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
    const nodes = withDescendants(machine.root);
    for (const node of nodes) this.#read(node);
    for (const type of this.#types.keys()) this.#types.set(type, this.#candidatesOf(type, nodes));
    this.#isPlain = nodes.every(({ always = [], transitions }) =>
      [always, ...transitions.values()]
        .flat()
        .every(({ guard }) => guard === undefined || this.#guardOf(guard)),
    );
  }

  /** What is to be done at an event, in its order; undefined where that is for XState to say. */
  actionsAt(snapshot: AnyMachineSnapshot, event: EventObject): readonly PlainAction[] | undefined {
    const candidates = this.#isPlain && !this.#isGreedy(snapshot) ? this.#types.get(event.type) : undefined;
    if (candidates === undefined) return undefined;
    const args = { context: snapshot.context, event };
    const taken = select(this.#machine.root, snapshot.value, (node) =>
      candidates.get(node)?.find(({ guard }) => guard === undefined || passes(guard, snapshot, args)),
    );
    const [first] = taken;
    if (first !== undefined && taken.length === 1)
      return first.chain === undefined || isWithin(snapshot, first.chain) ? first.actions : undefined;
    const actions: PlainAction[] = [];
    for (const candidate of taken) {
      if (candidate.actions === undefined || candidate.chain !== undefined) return undefined;
      actions.push(...candidate.actions);
    }
    return actions;
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
      else if (candidates.some((candidate) => this.#actionsOf(candidate) !== undefined))
        this.#types.set(descriptor, new Map());
    }
  }

  #isGreedy({ _nodes: nodes }: AnyMachineSnapshot): boolean {
    return this.#greedy.size > 0 && nodes.some((node) => this.#greedy.has(node));
  }

  #candidatesOf(type: string, nodes: readonly AnyStateNode[]): Map<AnyStateNode, readonly Candidate[]> {
    const candidates = nodes.map((node) => {
      const transitions: readonly AnyTransitionDefinition[] = node.transitions.get(type) ?? [];
      const those = transitions.map((transition) => ({
        guard: this.#guardOf(transition.guard),
        actions: this.#actionsOf(transition),
        chain: hasNoTarget(transition) ? undefined : reentered(transition),
      }));
      return [node, those] as const;
    });
    return new Map(candidates.filter(([, those]) => those.length > 0));
  }

  #actionsOf(transition: AnyTransitionDefinition): readonly PlainAction[] | undefined {
    const chain = hasNoTarget(transition) ? [] : reentered(transition);
    if (chain === undefined) return undefined;
    const all: readonly unknown[] = [
      ...chain.toReversed().flatMap(({ exit }) => exit),
      ...transition.actions,
      ...chain.flatMap(({ entry }) => entry),
    ];
    const actions = all.flatMap(
      (action) => this.#namedAction(action) ?? timerAction(this.#machine, action) ?? [],
    );
    return actions.length === all.length ? actions : undefined;
  }

  /** XState's own actions, which change the context or raise events, are functions with more to them. */
  #namedAction(type: unknown): PlainAction | undefined {
    if (typeof type !== 'string') return undefined;
    const exec: unknown = this.#machine.implementations.actions[type];
    if (typeof exec !== 'function' || 'resolve' in exec) return undefined;
    return { type, exec: exec as PlainAction['exec'] };
  }

  #guardOf(guard: unknown): Guard | undefined {
    const known: unknown = typeof guard === 'string' ? this.#machine.implementations.guards[guard] : guard;
    return typeof known === 'function' ? (known as Guard) : undefined;
  }
}

/**
 * What is taken at and below a state, as XState selects it: what is inside goes first, and of regions beside one another
 * each takes its own.
 */
function select<Taken>(
  node: AnyStateNode,
  value: StateValue,
  takenAt: (node: AnyStateNode) => Taken | undefined,
): readonly Taken[] {
  const inside =
    typeof value === 'string' ? select(node.states[value]!, {}, takenAt) : selectInside(node, value, takenAt);
  if (inside.length > 0) return inside;
  const taken = takenAt(node);
  return taken === undefined ? [] : [taken];
}

function selectInside<Taken>(
  node: AnyStateNode,
  value: StateValueMap,
  takenAt: (node: AnyStateNode) => Taken | undefined,
): readonly Taken[] {
  const taken: Taken[] = [];
  for (const region in value) taken.push(...select(node.states[region]!, value[region] ?? {}, takenAt));
  return taken;
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
