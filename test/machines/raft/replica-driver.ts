import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { foundedBy } from '../../../machines/raft/configuration.ts';
import type { Entry } from '../../../machines/raft/log.ts';
import { type ReplicaInput, replica } from '../../../machines/raft/replica.ts';
import type { RaftSettings } from '../../../machines/raft/settings.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import { addChunk, counter, openChunk } from '../replication/counter.ts';
import { RoleDriver } from '../role-driver.ts';
import { settings } from './values.ts';

export const CLIENT = 'clients/one';
export const FOUNDED = foundedBy(['0', '1', '2']);

/** In entry 1 the opening of session 1; in each other one an addition of 1 to the counter x. */
export function commandAt(index: number, term = 1): Entry {
  const chunk = index === 1 ? openChunk() : addChunk(1, index - 1, [['x', 1]]);
  return { term, batch: [chunk] };
}

export function commandsFrom(first: number, count: number, term = 1): Entry[] {
  return Array.from({ length: count }, (_, place) => commandAt(first + place, term));
}

/** The replica of node 0, beside a store whose write-behind ends when the test says so. */
export function replicaOn(store = new MemoryJournal(), changed: Partial<RaftSettings> = {}) {
  const state = new ReplicatedState(store, [counter]);
  const input: ReplicaInput = { node: '0', settings: settings(changed), state, founded: FOUNDED };
  const role = new RoleDriver(replica, '0/replica', input);
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
    store,
    receive,
    /** Transactions that are on their way to the disk. */
    behind,
    pass: (ms: number) => noted(role.pass(ms)),
    /** All transactions on their way reach the disk, in their order. */
    flush: () => {
      const effects: Effect[] = [];
      for (let next = behind.shift(); next !== undefined; next = behind.shift()) {
        store.commit(next.writes, () => {});
        effects.push(...receive({ type: 'persisted', token: next.token }, '0/replica'));
      }
      return effects;
    },
    /** The server beside hands over what is committed. */
    committed: (first: number, entries: readonly Entry[]) =>
      receive({ type: 'committed', first, entries }, '0/server'),
    caughtUp: () => receive({ type: 'caughtUp' }, '0/server'),
    leads: (leader: string | undefined) => receive({ type: 'leadership', leader }, '0/server'),
    offer: (index: number, from: Address = '1/snapshotSender/0') =>
      receive({ type: 'snapshotOffer', index }, from),
    query: (id: number, linearizable: boolean) =>
      receive({ type: 'query', id, linearizable, questions: [['counter', 'x']] }, CLIENT),
  };
}

/** The same, when it has caught up. */
export function currentReplica(changed: Partial<RaftSettings> = {}, store = new MemoryJournal()) {
  const driver = replicaOn(store, changed);
  driver.caughtUp();
  return driver;
}

/** A disk on which so many entries are applied, the last ones of term 2. */
export function storeWith(count: number): MemoryJournal {
  const store = new MemoryJournal();
  const state = new ReplicatedState(store, [counter]);
  for (let index = 1; index <= count; index++) {
    state.apply(index, commandAt(index).batch, { term: 2, configuration: FOUNDED });
  }
  store.commit(state.takeDirty()!, () => state.persisted());
  return store;
}
