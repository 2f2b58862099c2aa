import { ACCEPTED_SLOTS_MAX } from '../paxos/acceptor-records.ts';
import type { Ballot } from '../paxos/ballot.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { type LedGroup, OpenGroups } from '../two-phase-commit/open-groups.ts';
import type { TwoPhaseCommitSettings } from '../two-phase-commit/settings.ts';
import type { TransactionId } from '../two-phase-commit/transaction-id.ts';

/**
 * A slot is handed out when all slots that many below are chosen, and not before: so a later leader knows up to where a
 * former one may have handed out. All nodes, and all versions that share a journal, must agree on it.
 */
export const HANDED_OUT_MAX = 32;

/** Where the votes on a group are put down. */
export interface Instances {
  readonly ballot: Ballot;
  /** Of the first participant; the others have those that follow. */
  readonly firstSlot: Slot;
}

/** Groups whose votes are consensus instances: each participant of each group has a slot. */
export class SlottedGroups extends OpenGroups {
  readonly #instances = new Map<TransactionId, Instances>();
  #ballot: Ballot;
  #nextSlot: Slot = 1;
  /** The floor that all acceptors were told last. */
  toldFloor: Slot = 1;

  constructor(ballot: Ballot) {
    super(0);
    this.#ballot = ballot;
  }

  /** The next slot to be handed out. All below that no undecided group has are chosen. */
  get nextSlot(): Slot {
    return this.#nextSlot;
  }

  /** All slots below are those of groups that have ended. */
  get floor(): Slot {
    for (const { firstSlot } of this.#instances.values()) return firstSlot;
    return this.#nextSlot;
  }

  /** From now on groups get these slots and ids, all of which must be above those before. */
  beginBallot(ballot: Ballot, nextSlot: Slot, nextId: TransactionId): void {
    this.#ballot = ballot;
    this.#nextSlot = nextSlot;
    this.goOnFrom(nextId);
  }

  override hasRoom(settings: Pick<TwoPhaseCommitSettings, 'groupsOpenMax'>): boolean {
    return super.hasRoom(settings) && this.#nextSlot < this.floor + ACCEPTED_SLOTS_MAX / 2;
  }

  override mayBegin(participants: number): boolean {
    return this.#nextSlot + participants <= this.#firstUnchosen() + HANDED_OUT_MAX;
  }

  override add(group: LedGroup): void {
    super.add(group);
    if (this.#instances.has(group.id)) return;
    this.#instances.set(group.id, { ballot: this.#ballot, firstSlot: this.#nextSlot });
    this.#nextSlot += group.participants.length;
  }

  /** Takes in a group that was begun by another leader. */
  inherit(group: LedGroup, firstSlot: Slot): void {
    this.#instances.set(group.id, { ballot: this.#ballot, firstSlot });
    super.add(group);
  }

  override end(id: TransactionId): void {
    super.end(id);
    this.#instances.delete(id);
  }

  instancesOf(id: TransactionId): Instances {
    const instances = this.#instances.get(id);
    if (instances === undefined) throw new Error(`group ${id} is not open`);
    return instances;
  }

  /** Slots of groups that are not decided. */
  undecidedSlots(): Slot[] {
    const slots: Slot[] = [];
    for (const { id, decision, participants } of this.values()) {
      if (decision !== undefined) continue;
      const { firstSlot } = this.instancesOf(id);
      for (let place = 0; place < participants.length; place++) slots.push(firstSlot + place);
    }
    return slots;
  }

  #firstUnchosen(): Slot {
    for (const { id, decision } of this.values()) {
      if (decision === undefined) return this.instancesOf(id).firstSlot;
    }
    return this.#nextSlot;
  }
}
