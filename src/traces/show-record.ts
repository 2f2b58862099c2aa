import type { StateChange } from '../../actors/trace.ts';
import type { ExperimentRecord } from '../simulation/storm-record.ts';

/** One line for people: `  1204.311 ms  1 → 2: p2a`. */
export function showRecord(record: ExperimentRecord): string {
  return `${record.atMs.toFixed(3).padStart(11)} ms  ${whatHappened(record)}`;
}

/** What an event is, in a few words. */
export function whatHappened(record: ExperimentRecord): string {
  switch (record.event) {
    case 'send':
      return `${record.from} sends ${record.to}: ${record.messages.join(', ')}`;
    case 'deliver':
      return `${record.from} → ${record.to}: ${record.messages.join(', ')}`;
    case 'drop':
      return `${record.from} ⇢ ${record.to}: ${record.messages.join(', ')} (${record.reason})`;
    case 'duplicate':
      return `${record.from} → ${record.to}: ${record.messages.join(', ')} (will arrive twice)`;
    case 'reorder':
      return `${record.from} → ${record.to}: ${record.messages.join(', ')} (held up)`;
    case 'turn':
      return `${record.node} works`;
    case 'timer':
      return `${record.node}: a timer is due`;
    case 'flush':
      return `${record.node} has flushed ${record.transactions}`;
    case 'state':
      return showState(record);
    case 'start':
      return `${record.node} starts, life ${record.life}`;
    case 'crash':
      return `${record.node} ends (${record.reason})${unflushed(record)}`;
    case 'pace':
      return `${record.node}: turns take up to ${record.turnMsMax} ms, flushes ${record.flushMsMax} ms`;
    case 'pause':
      return `${record.node} does nothing for ${record.ms} ms`;
    case 'damage':
      return `${record.node}: its ${record.disk} is damaged (${record.how})`;
    case 'network':
      return `the network changes: ${JSON.stringify(record.changes)}`;
    case 'member':
      return `${record.node} is ${record.present ? 'added' : 'removed'}`;
    case 'link':
      return `the link ${record.from} → ${record.to} is ${record.connected ? 'mended' : 'cut'}`;
    case 'degrade':
      return `the link ${record.from} → ${record.to} loses ${record.lossProbability} of its frames, and is ${record.delayMs} ms late`;
    case 'begin':
      return `${record.nodes} nodes; faults: ${Object.keys(record.faults).join(', ') || 'none'}`;
    case 'strike':
      return `${record.fault} strikes`;
    case 'struck':
      return 'has struck';
    case 'calm':
      return record.powerFails ? 'the power fails' : 'faults strike no more';
  }
}

function showState({ actor, on, before, after }: StateChange): string {
  if (before === null) return `${actor} begins: ${showValue(after)}`;
  if (after === null) return `${actor} is gone`;
  const [from, to] = changedRegions(before, after);
  return `${actor}: ${showValue(from)} → ${showValue(to)} (${on})`;
}

/** Of a state of several regions, those that are not as they were. */
function changedRegions(before: unknown, after: unknown): readonly [unknown, unknown] {
  if (!isRegions(before) || !isRegions(after)) return [before, after];
  const changed = Object.keys(after).filter(
    (region) => JSON.stringify(before[region]) !== JSON.stringify(after[region]),
  );
  const part = (of: typeof after) => Object.fromEntries(changed.map((region) => [region, of[region]]));
  return Object.keys(before).length === Object.keys(after).length && changed.every((name) => name in before)
    ? [part(before), part(after)]
    : [before, after];
}

/** A state value in XState's dots; of several regions, each after the other. */
export function showValue(value: unknown): string {
  return pathsOf(value).join(' ');
}

function pathsOf(value: unknown): string[] {
  if (!isRegions(value)) return [typeof value === 'string' ? value : JSON.stringify(value)];
  return Object.entries(value).flatMap(([region, inner]) =>
    pathsOf(inner).map((path) => `${region}.${path}`),
  );
}

function isRegions(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function unflushed({ lost, kept }: { readonly lost?: number; readonly kept?: number }): string {
  return lost === undefined ? '' : `; unflushed: ${lost} lost, ${kept} kept`;
}
