import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/**
 * The states that a transition leaves and enters again, from the outermost on to the one that is active within all; for a
 * transition after which the actor is where it was, its timers begun anew. Undefined for any other, and for what only
 * XState can tell: several targets, regions, history, invoked actors.
 */
export function reentered(transition: AnyTransitionDefinition): readonly AnyStateNode[] | undefined {
  const { source, target = [], reenter } = transition;
  const [goal, ...others] = target;
  if (goal?.type !== 'atomic' || others.length > 0 || (goal === source && !reenter)) return undefined;
  const domain = domainOf(source, goal, reenter);
  const chain: AnyStateNode[] = [goal];
  for (let node = goal.parent; node !== undefined && node !== domain; node = node.parent) chain.unshift(node);
  const isPlain = chain.every((node) => node.invoke.length === 0 && !hasHistory(node));
  const isSingle = [...chain.slice(0, -1), ...(domain === undefined ? [] : [domain])].every(
    ({ type }) => type === 'compound',
  );
  return isPlain && isSingle ? chain : undefined;
}

/** Whether an actor is there: as none of these has regions, all else that is active stays so. */
export function isWithin(snapshot: AnyMachineSnapshot, chain: readonly AnyStateNode[]): boolean {
  return chain.every((node) => snapshot._nodes.includes(node));
}

/** Below it everything is left: undefined where that is the machine as a whole. */
function domainOf(source: AnyStateNode, goal: AnyStateNode, reenter: boolean): AnyStateNode | undefined {
  if (!reenter && ancestorsOf(goal).includes(source)) return source;
  const common = ancestorsOf(goal).find((ancestor) => ancestorsOf(source).includes(ancestor));
  return common ?? (reenter ? undefined : source.machine.root);
}

function ancestorsOf(node: AnyStateNode): AnyStateNode[] {
  return node.parent === undefined ? [] : [node.parent, ...ancestorsOf(node.parent)];
}

function hasHistory(node: AnyStateNode): boolean {
  return Object.values<AnyStateNode>(node.states).some(({ type }) => type === 'history');
}

/** One thing to be done at a step: a named action, or a timer that begins or ends. */
export interface PlainAction {
  readonly type: string;
  readonly exec: ((info: unknown, params: unknown) => unknown) | undefined;
  /** What it is called with, found out when it is its turn. */
  readonly params?: (info: unknown) => unknown;
}

/** A state's own timers, as XState has them among the actions of entering and leaving it; undefined for anything else. */
export function timerAction(machine: AnyStateMachine, action: unknown): PlainAction | undefined {
  if (typeof action !== 'function' || !('type' in action)) return undefined;
  if (action.type === 'xstate.cancel' && 'sendId' in action && typeof action.sendId === 'string') {
    const { sendId } = action;
    return { type: 'xstate.cancel', exec: undefined, params: () => ({ sendId }) };
  }
  if (action.type !== 'xstate.raise' || !('event' in action) || !('delay' in action) || !('id' in action))
    return undefined;
  const { event, id, delay } = action;
  if (typeof event !== 'object' || typeof id !== 'string') return undefined;
  const known: unknown = typeof delay === 'string' ? machine.implementations.delays[delay] : delay;
  if (typeof known !== 'number' && typeof known !== 'function') return undefined;
  const params = (info: unknown) => {
    const ms: unknown = typeof known === 'function' ? known(info, undefined) : known;
    if (typeof ms !== 'number')
      throw new TypeError(`the delay ${String(delay)} is ${String(ms)}, not a number`);
    return { event, id, delay: ms };
  };
  return { type: 'xstate.raise', exec: undefined, params };
}
