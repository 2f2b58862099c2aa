import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { Address } from './address.ts';
import type { Effect, Effects } from './effects.ts';
import { QuietEvents } from './quiet-events.ts';

/** An event of no machine: roles cannot have it, for XState keeps these names for itself. */
const SETTLE = 'xstate.settle';

/** What carries out the actions of one transition, in their order. */
export interface ActionSink {
  effect(effect: Effect): void;
  /** `after` was entered: deliver `event` to the actor in `delayMs`, unless cancelled by `id`. */
  startTimer(id: string, delayMs: number, event: EventObject): void;
  cancelTimer(id: string): void;
  /** For inspection: an action was carried out. */
  action?(type: string, params: unknown): void;
  /** For inspection: one step inside the transition. */
  microstep?(
    event: EventObject,
    snapshot: AnyMachineSnapshot,
    transitions: readonly MicrostepTransition[],
  ): void;
}

export interface MicrostepTransition {
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[];
}

/** An action as XState hands it to a scope: `exec` is the named function, `params` what it was called with. */
interface PlannedAction {
  readonly type: string;
  readonly info: object;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => unknown) | undefined;
}

/**
 * Steps machines by their own transition function, with one scope of ours that carries actions out as data.
 * No XState actor is ever started: ids, clock and chance stay ours, and a step costs a few microseconds.
 */
export class Interpreter {
  readonly #scope: AnyActorScope;
  readonly #quiet = new WeakMap<AnyStateMachine, QuietEvents>();
  #sink: ActionSink | undefined;
  #settling: EventObject | undefined;

  constructor() {
    const self = { id: '', sessionId: '' as string };
    const scope = {
      self,
      id: '',
      sessionId: '',
      logger: () => {},
      defer: (run: () => void) => run(),
      emit: () => {},
      stopChild: () => {},
      system: { _sendInspectionEvent: (event: InspectedMicrostep) => this.#microstep(event) },
      actionExecutor: (action: PlannedAction) => this.#carryOut(action),
    };
    // XState's type of a scope names a whole actor system; `transition` touches only what stands above.
    this.#scope = scope as unknown as AnyActorScope;
  }

  /** The machine's first snapshot; its entry actions go to `sink`. */
  start(machine: AnyStateMachine, input: unknown, address: Address, sink: ActionSink): AnyMachineSnapshot {
    return this.#within(address, sink, () => machine.getInitialSnapshot(this.#scope, input));
  }

  /** The snapshot after one event; the actions go to `sink`. */
  step(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    address: Address,
    sink: ActionSink,
  ): AnyMachineSnapshot {
    return this.#within(
      address,
      sink,
      () => this.#stayPut(snapshot, event, sink) ?? snapshot.machine.transition(snapshot, event, this.#scope),
    );
  }

  /** The shorter way, for an event that leaves the actor in its state; undefined when it does not. */
  #stayPut(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    sink: ActionSink,
  ): AnyMachineSnapshot | undefined {
    // Who inspects is to see each step as XState takes it.
    if (sink.microstep !== undefined) return undefined;
    const quiet = this.#quietEventsOf(snapshot.machine);
    const actions = quiet.actionsAt(snapshot, event);
    if (actions === undefined) return undefined;
    const { self, system } = this.#scope;
    const info = { context: snapshot.context, event, self, system };
    for (const { type, exec, params } of actions)
      this.#carryOut({ type, info, params: params?.(info), exec });
    if (quiet.isAtRest(snapshot, event)) return snapshot;
    // An event that nobody takes, for the transitions that need none; their actions see the one that made them due.
    this.#settling = event;
    try {
      return snapshot.machine.transition(snapshot, { ...event, type: SETTLE }, this.#scope);
    } finally {
      this.#settling = undefined;
    }
  }

  #quietEventsOf(machine: AnyStateMachine): QuietEvents {
    const known = this.#quiet.get(machine);
    if (known !== undefined) return known;
    const quiet = new QuietEvents(machine);
    this.#quiet.set(machine, quiet);
    return quiet;
  }

  #within<T extends AnyMachineSnapshot>(address: Address, sink: ActionSink, run: () => T): T {
    this.#sink = sink;
    this.#scope.self.id = address;
    this.#scope.self.sessionId = address;
    try {
      const next = run();
      if (next.status === 'error') throw next.error;
      return next;
    } finally {
      this.#sink = undefined;
    }
  }

  #carryOut(action: PlannedAction): void {
    const sink = this.#sink!;
    switch (action.type) {
      case 'xstate.raise': {
        const { event, delay, id } = action.params as { event: EventObject; delay?: number; id?: string };
        // Without a delay XState itself has queued the event inside this same step.
        if (delay !== undefined) sink.startTimer(id ?? event.type, delay, event);
        return;
      }
      case 'xstate.cancel':
        sink.cancelTimer((action.params as { sendId: string }).sendId);
        return;
      case 'xstate.assign':
      case 'xstate.log':
      case 'xstate.emit':
        return;
      default:
    }
    if (action.type.startsWith('xstate.')) {
      throw new TypeError(
        `a role cannot use the action ${action.type}: ask for a send or a spawn by an effect`,
      );
    }
    const info = this.#settling === undefined ? action.info : { ...action.info, event: this.#settling };
    const effects = action.exec?.(info, action.params) as Effects;
    if (effects !== undefined) {
      if ('effect' in effects) sink.effect(effects);
      else for (const effect of effects) sink.effect(effect);
    }
    sink.action?.(action.type, action.params);
  }

  #microstep(event: InspectedMicrostep): void {
    if (event.type === '@xstate.microstep') {
      this.#sink?.microstep?.(event.event, event.snapshot, event._transitions);
    }
  }
}

interface InspectedMicrostep {
  readonly type: string;
  readonly event: EventObject;
  readonly snapshot: AnyMachineSnapshot;
  readonly _transitions: readonly MicrostepTransition[];
}
