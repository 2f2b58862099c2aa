import { Keyword } from './edn.ts';
import type { HistoryEvent, Process } from './history.ts';
import { toValue, type Value } from './values.ts';

const TYPES = ['invoke', 'ok', 'fail', 'info'] as const;

/**
 * An event from its fields, however they were written; undefined for what the saboteur of a Jepsen test did, which
 * is no client. Other fields than those of an event count for nothing.
 * @throws TypeError that says what is wrong.
 */
export function eventOf(field: (name: string) => unknown): HistoryEvent | undefined {
  const process = processOf(field('process'));
  if (process === 'nemesis') return undefined;
  const type = TYPES.find((known) => known === nameOf(field('type')));
  if (type === undefined)
    throw new TypeError(`:type is one of ${TYPES.map((known) => `:${known}`).join(', ')}`);
  const f = nameOf(field('f'));
  if (f === undefined) throw new TypeError(':f says what is done: :read, :put, :txn and so on');
  const key = field('key');
  const applied = field('applied');
  if (applied !== undefined && applied !== null && typeof applied !== 'boolean')
    throw new TypeError(':applied is true or false');
  return {
    process,
    type,
    f,
    ...(key === undefined || key === null ? {} : { key: toField('key', key) }),
    value: toField('value', field('value') ?? null),
    ...(typeof applied === 'boolean' ? { applied } : {}),
  };
}

function processOf(given: unknown): Process {
  if (typeof given === 'number' && Number.isSafeInteger(given)) return given;
  const name = nameOf(given);
  if (name === undefined) throw new TypeError(':process is a whole number or a name');
  return name;
}

function nameOf(given: unknown): string | undefined {
  if (given instanceof Keyword) return given.name;
  return typeof given === 'string' && given !== '' ? given : undefined;
}

function toField(name: string, given: unknown): Value {
  try {
    return toValue(given);
  } catch (error) {
    throw new TypeError(`:${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
