import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import type { Slot } from '../../../machines/paxos/pvalue.ts';
import { replica } from '../../../machines/paxos/replica.ts';
import type { PaxosSettings } from '../../../machines/paxos/settings.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import { addChunk, counter, openChunk } from '../replication/counter.ts';
import { RoleDriver } from '../role-driver.ts';
import { ballot, NODES, settings } from './values.ts';

export const CLIENT = 'clients/one';
const BALLOT = ballot(1, 'b');

/** The opening of session 1, which the tests put into slot 1; then an addition of 1 to the counter x in each. */
export function chunkOf(slot: Slot): Uint8Array {
  return slot === 1 ? openChunk() : addChunk(1, slot - 1, [['x', 1]]);
}

/** The replica of node a, beside a journal whose write-behind ends when the test says so. */
export function replicaOn(journal = new MemoryJournal(), changed: Partial<PaxosSettings> = {}) {
  const state = new ReplicatedState(journal, [counter]);
  const input = { node: 'a', nodes: NODES, settings: settings(changed), state };
  const role = new RoleDriver(replica, 'a/replica', input);
  const behind: Extract<Effect, { effect: 'persistBehind' }>[] = [];
  const noted = (effects: readonly Effect[]) => {
    for (const effect of effects) if (effect.effect === 'persistBehind') behind.push(effect);
    return effects;
  };
  const receive = (message: Message & Record<string, unknown>, from: Address) =>
    noted(role.receive(message, from));
  return {
    role,
    state,
    journal,
    receive,
    /** Transactions that are on their way to the disk. */
    behind,
    pass: (ms: number) => noted(role.pass(ms)),
    /** All transactions on their way reach the disk, in their order. */
    flush: () => {
      const effects: Effect[] = [];
      for (let next = behind.shift(); next !== undefined; next = behind.shift()) {
        journal.commit(next.writes, () => {});
        effects.push(...receive({ type: 'persisted', token: next.token }, 'a/replica'));
      }
      return effects;
    },
    progress: (node: string, applied: Slot, durable = 0) =>
      receive({ type: 'progress', applied, durable }, `${node}/replica`),
    /** A slot is decided, with its batch. */
    decide: (slot: Slot, chunk = chunkOf(slot)) =>
      receive({ type: 'decision', ballot: BALLOT, slot, batch: [chunk] }, 'b/commander/x'),
    leads: (leader: string | undefined) => receive({ type: 'leadership', leader }, 'a/leader'),
    request: (chunk: Uint8Array, key: number | string, from: Address = CLIENT, client?: Address) =>
      receive({ type: 'request', chunk, key, ...(client === undefined ? {} : { client }) }, from),
    query: (id: number, linearizable: boolean) =>
      receive({ type: 'query', id, linearizable, questions: [['counter', 'x']] }, CLIENT),
    catchUp: (node: string, fromSlot: Slot) => receive({ type: 'catchUp', fromSlot }, `${node}/replica`),
  };
}

/** The same, when it has heard of a majority that is no further than itself. */
export function currentReplica(changed: Partial<PaxosSettings> = {}, journal = new MemoryJournal()) {
  const driver = replicaOn(journal, changed);
  driver.progress('b', 0);
  return driver;
}
