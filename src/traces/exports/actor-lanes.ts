import type { Address } from '../../../actors/address.ts';
import { roleOf } from '../../../actors/address.ts';

/** A thread of a drawing. */
export interface Lane {
  readonly tid: number;
  readonly name: string;
}

/** Gives actors threads of a drawing: one of many of a role takes the place of one that is gone. */
export class ActorLanes {
  readonly #lanes = new Map<Address, Lane>();
  readonly #free = new Map<string, Lane[]>();
  readonly #count = new Map<string, number>();
  readonly #made: (lane: Lane) => void;
  #nextTid: number;

  /** `made` hears of each new one. */
  constructor(firstTid: number, made: (lane: Lane) => void) {
    this.#nextTid = firstTid;
    this.#made = made;
  }

  of(actor: Address): Lane {
    const known = this.#lanes.get(actor);
    if (known !== undefined) return known;
    const role = roleOf(actor);
    const lane = this.#free.get(role)?.pop() ?? this.#make(role);
    this.#lanes.set(actor, lane);
    return lane;
  }

  free(actor: Address): void {
    const lane = this.#lanes.get(actor);
    if (lane === undefined) return;
    this.#lanes.delete(actor);
    const role = roleOf(actor);
    this.#free.set(role, [...(this.#free.get(role) ?? []), lane]);
  }

  #make(role: string): Lane {
    const count = (this.#count.get(role) ?? 0) + 1;
    this.#count.set(role, count);
    const lane = { tid: this.#nextTid++, name: count === 1 ? role : `${role} (${count})` };
    this.#made(lane);
    return lane;
  }
}
