import type { Address } from '../../../actors/address.ts';
import { showValue, whatHappened } from '../show-record.ts';
import type { Trace } from '../trace.ts';
import { ActorLanes } from './actor-lanes.ts';
import {
  type FrameRecord,
  isFrame,
  type Numbered,
  placeOf,
  placesOf,
  type Selection,
  select,
} from './selection.ts';

/** An event in the form of Chrome's tracing; its time is in microseconds. */
export interface ChromeEvent {
  readonly ph: 'M' | 'X' | 'i' | 's' | 'f' | 'b' | 'e';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: string;
  readonly cat?: string;
  readonly bp?: 'e';
  readonly s?: 'g' | 'p';
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Shorter than what lies between two events, so that no slice reaches into the next. */
const AN_INSTANT = 0.001;

const NETWORK = 1;
const TURNS = 2;
const JOURNAL = 3;
const STORE = 4;
const FIRST_ACTOR = 5;
const LANES: Readonly<Record<number, string>> = {
  [NETWORK]: 'network',
  [TURNS]: 'turns',
  [JOURNAL]: 'journal',
  [STORE]: 'store',
};

/**
 * Chrome's trace events, which open in Perfetto: a node is a process, an actor a thread of it with its states as slices;
 * turns are slices, flushes are spans, and a message is an arrow from where it was sent to where it arrives.
 */
export function toChrome(trace: Trace, selection: Selection): string {
  const records = select(trace, selection);
  const events = new ChromeEvents(placesOf(records), (records.at(-1)?.atMs ?? 0) * 1000);
  for (const record of records) events.add(record);
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events.end() })}\n`;
}

/** The state that an actor is in, and since when. */
interface State {
  readonly node: string;
  readonly name: string;
  readonly ts: number;
}

class ChromeEvents {
  readonly #events: ChromeEvent[] = [];
  readonly #places: readonly string[];
  /** The threads of actors, by process. */
  readonly #lanes = new Map<number, ActorLanes>();
  readonly #states = new Map<Address, State>();
  readonly #endTs: number;

  constructor(places: readonly string[], endTs: number) {
    this.#places = places;
    this.#endTs = endTs;
    for (const place of places) {
      const pid = this.#processOf(place);
      this.#events.push({ ph: 'M', name: 'process_name', pid, tid: 0, args: { name: place } });
      for (const [tid, name] of Object.entries(LANES))
        this.#events.push({ ph: 'M', name: 'thread_name', pid, tid: Number(tid), args: { name } });
    }
  }

  add(record: Numbered): void {
    if (isFrame(record)) {
      this.#frame(record);
      return;
    }
    const pid = this.#processOf(placeOf(record));
    const ts = microseconds(record.atMs);
    const { n } = record;
    switch (record.event) {
      case 'turn': {
        const beginTs = microseconds(record.sinceMs ?? record.atMs);
        this.#events.push({
          ph: 'X',
          name: 'turn',
          pid,
          tid: TURNS,
          ts: beginTs,
          dur: ts - beginTs,
          args: { n },
        });
        return;
      }
      case 'flush': {
        const tid = record.disk === 'store' ? STORE : JOURNAL;
        const flush = { name: `flush ${record.disk}`, cat: 'flush', id: String(n), pid, tid };
        this.#events.push({
          ...flush,
          ph: 'b',
          ts: microseconds(record.sinceMs),
          args: { n, transactions: record.transactions },
        });
        this.#events.push({ ...flush, ph: 'e', ts });
        return;
      }
      case 'state':
        this.#endState(record.actor, ts);
        if (record.after === null) this.#lanesOf(pid).free(record.actor);
        else this.#states.set(record.actor, { node: record.node, name: showValue(record.after), ts });
        return;
      case 'timer':
      case 'struck':
        return;
      case 'crash':
        for (const [actor, { node }] of [...this.#states]) {
          if (node !== record.node) continue;
          this.#endState(actor, ts);
          this.#lanesOf(pid).free(actor);
        }
        break;
      default:
    }
    const s = 'node' in record ? 'p' : 'g';
    this.#events.push({ ph: 'i', name: whatHappened(record), pid, tid: NETWORK, ts, s, args: { n } });
  }

  /** All of them, the states that last included. */
  end(): readonly ChromeEvent[] {
    for (const actor of [...this.#states.keys()]) this.#endState(actor, this.#endTs);
    return this.#events;
  }

  #frame(record: Numbered<FrameRecord>): void {
    const pid = this.#processOf(placeOf(record));
    const ts = microseconds(record.atMs);
    const { id, n, bytes, messages } = record;
    const place = { pid, tid: NETWORK, ts };
    this.#events.push({
      ...place,
      ph: 'X',
      name: whatHappened(record),
      dur: AN_INSTANT,
      args: { n, id, bytes },
    });
    const arrow = { ...place, name: messages.join(', '), cat: 'message', id };
    if (record.event === 'send') this.#events.push({ ...arrow, ph: 's' });
    if (record.event === 'deliver') this.#events.push({ ...arrow, ph: 'f', bp: 'e' });
  }

  #endState(actor: Address, ts: number): void {
    const state = this.#states.get(actor);
    if (state === undefined) return;
    this.#states.delete(actor);
    const pid = this.#processOf(state.node);
    const { tid } = this.#lanesOf(pid).of(actor);
    this.#events.push({
      ph: 'X',
      name: state.name,
      pid,
      tid,
      ts: state.ts,
      dur: ts - state.ts,
      args: { actor },
    });
  }

  #lanesOf(pid: number): ActorLanes {
    const known = this.#lanes.get(pid);
    if (known !== undefined) return known;
    const lanes = new ActorLanes(FIRST_ACTOR, ({ tid, name }) =>
      this.#events.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name } }),
    );
    this.#lanes.set(pid, lanes);
    return lanes;
  }

  #processOf(place: string): number {
    return this.#places.indexOf(place) + 1;
  }
}

/** Whole nanoseconds, for sums of fractions show a rounding. */
function microseconds(ms: number): number {
  return Math.round(ms * 1e6) / 1000;
}
