import type { AnyMachineSnapshot, AnyStateMachine, EventObject, StateValue } from 'xstate';
import type { Address } from '../../actors/address.ts';
import type { Effect } from '../../actors/effects.ts';
import type { Message } from '../../actors/envelope.ts';
import { Interpreter } from '../../actors/interpreter.ts';
import type { JournalWrite } from '../../actors/journal.ts';

interface DrivenTimer {
  readonly id: string;
  readonly dueMs: number;
  readonly event: EventObject;
}

/**
 * One machine, without a node: a test steps it event by event, and sees what it asks of the world. Each step
 * answers with its effects, and only its own.
 */
export class RoleDriver {
  readonly address: Address;
  /** The effects of the first step. */
  readonly started: readonly Effect[];
  readonly #interpreter = new Interpreter();
  #snapshot: AnyMachineSnapshot;
  #timers: DrivenTimer[] = [];
  #nowMs = 0;

  constructor(machine: AnyStateMachine, address: Address, input: unknown) {
    this.address = address;
    const effects: Effect[] = [];
    this.#snapshot = this.#interpreter.start(machine, input, address, this.#sink(effects));
    this.started = effects;
  }

  get state(): StateValue {
    return this.#snapshot.value as StateValue;
  }

  /** Whether it stands in that state, named as in XState: `active.reading`. */
  is(state: string): boolean {
    return this.#snapshot.matches(state.split('.').reduceRight<StateValue>(nest, '') as never);
  }

  /** What it ended with; undefined while it has not ended. */
  get output(): unknown {
    return this.#snapshot.status === 'done' ? this.#snapshot.output : undefined;
  }

  /** In how many milliseconds each of its timers is due, the next one first. */
  get timersMs(): readonly number[] {
    return this.#timers.map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** A message arrives. */
  receive<M extends Message>(message: M, from: Address): readonly Effect[] {
    return this.#step({ ...message, from } as EventObject);
  }

  /** Time passes; all timers that become due in it fire, each at its moment. */
  pass(ms: number): readonly Effect[] {
    const untilMs = this.#nowMs + ms;
    const effects: Effect[] = [];
    for (;;) {
      const [next] = this.#timers.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.dueMs;
      effects.push(...this.#step(next.event));
    }
    this.#nowMs = untilMs;
    return effects;
  }

  #step(event: EventObject): readonly Effect[] {
    const effects: Effect[] = [];
    this.#snapshot = this.#interpreter.step(this.#snapshot, event, this.address, this.#sink(effects));
    return effects;
  }

  #sink(effects: Effect[]) {
    return {
      effect: (effect: Effect) => void effects.push(effect),
      startTimer: (id: string, delayMs: number, event: EventObject) => {
        this.#timers = this.#timers.filter((timer) => timer.id !== id);
        this.#timers.push({ id, dueMs: this.#nowMs + delayMs, event });
      },
      cancelTimer: (id: string) => {
        this.#timers = this.#timers.filter((timer) => timer.id !== id);
      },
    };
  }
}

function nest(inner: StateValue, name: string): StateValue {
  return inner === '' ? name : { [name]: inner };
}

/** The messages among some effects: to whom and what. */
export function sent(
  effects: readonly Effect[],
  type?: string,
): (readonly [to: Address, message: Message])[] {
  return effects.flatMap((effect) =>
    effect.effect === 'send' && (type === undefined || effect.message.type === type)
      ? [[effect.to, effect.message] as const]
      : [],
  );
}

/** To whom messages of one type go. */
export function receivers(effects: readonly Effect[], type: string): Address[] {
  return sent(effects, type).map(([to]) => to);
}

/** The types of the messages that need not wait for the disk. */
export function early(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) =>
    effect.effect === 'send' && effect.when === 'early' ? [effect.message.type] : [],
  );
}

/** The records that some effects put into the turn's transaction. */
export function persisted(effects: readonly Effect[]): JournalWrite[] {
  return effects.flatMap((effect) => (effect.effect === 'persist' ? effect.writes : []));
}

/** The children that some effects start. */
export function spawned(effects: readonly Effect[], role: string): { key: string; input: unknown }[] {
  return effects.flatMap((effect) =>
    effect.effect === 'spawn' && effect.role === role ? [{ key: effect.key, input: effect.input }] : [],
  );
}

/** The keys of the children that some effects end. */
export function stopped(effects: readonly Effect[], role: string): string[] {
  return effects.flatMap((effect) => (effect.effect === 'stop' && effect.role === role ? [effect.key] : []));
}
