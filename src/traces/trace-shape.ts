import type { RunOutcome, TraceFileRecord, TraceHeader } from './trace.ts';

/*
 * What the lines of a trace must look like. Their checks say that nobody has changed them; this says that they were
 * written by someone who means what we mean.
 */

type Test = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Test>>;

const text: Test = (value) => typeof value === 'string';
const number: Test = (value) => typeof value === 'number';
const yesOrNo: Test = (value) => typeof value === 'boolean';
const object: Test = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const anything: Test = () => true;
const numbers: Test = (value) => Array.isArray(value) && value.every(number);
const texts: Test = (value) => Array.isArray(value) && value.every(text);
const perhaps =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const FRAME: Fields = {
  id: text,
  from: text,
  to: text,
  bytes: number,
  checksum: perhaps(number),
  messages: texts,
};

/** The fields of each event, besides its time. */
const EVENTS: Readonly<Record<TraceFileRecord['event'], Fields>> = {
  send: FRAME,
  deliver: FRAME,
  drop: { ...FRAME, reason: text },
  duplicate: FRAME,
  reorder: FRAME,
  turn: { node: text, sinceMs: perhaps(number) },
  timer: { node: text },
  flush: { node: text, disk: text, transactions: number, sinceMs: number },
  state: { node: text, actor: text, on: text, before: anything, after: anything },
  start: { node: text, life: number },
  crash: { node: text, life: number, reason: text, lost: perhaps(number), kept: perhaps(number) },
  member: { node: text, present: yesOrNo },
  link: { from: text, to: text, connected: yesOrNo },
  degrade: { from: text, to: text, lossProbability: number, delayMs: number },
  pace: { node: text, turnMsMax: number, flushMsMax: number },
  pause: { node: text, ms: number },
  damage: { node: text, disk: text, how: text },
  network: { changes: object },
  begin: { nodes: number, faults: object },
  strike: { fault: text, kind: number, waitMs: number, steps: number },
  struck: { draws: numbers },
  calm: { powerFails: yesOrNo },
};

const RUNS: Readonly<Record<TraceHeader['run']['world'], Fields>> = {
  simulated: {
    protocol: text,
    seed: number,
    nodes: perhaps(number),
    faults: perhaps(object),
    stormMs: perhaps(number),
    settings: perhaps(object),
  },
  threads: { protocol: text, nodes: texts, journal: text },
};

export function isRecord(value: unknown): value is TraceFileRecord {
  if (!isObject(value) || !number(value.atMs) || typeof value.event !== 'string') return false;
  return Object.hasOwn(EVENTS, value.event) && has(value, EVENTS[value.event as TraceFileRecord['event']]);
}

/** Whether it is what was run, as a header says it. */
export function isRun(value: unknown): value is TraceHeader['run'] {
  if (!isObject(value) || (value.world !== 'simulated' && value.world !== 'threads')) return false;
  return has(value, RUNS[value.world]);
}

export function isOutcome(value: unknown): value is RunOutcome {
  if (!isObject(value)) return false;
  return (
    value.violated === false || (value.violated === true && has(value, { invariant: text, message: text }))
  );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return object(value);
}

function has(value: Readonly<Record<string, unknown>>, fields: Fields): boolean {
  return Object.entries(fields).every(([name, test]) => test(value[name]));
}
