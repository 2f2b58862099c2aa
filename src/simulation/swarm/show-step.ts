import type { StateChange } from '../../../actors/trace.ts';
import type { ExperimentRecord } from '../storm-record.ts';

/** One line for people: `  1204.311 ms  1 → 2: p2a`. */
export function showStep(record: ExperimentRecord): string {
  return `${record.atMs.toFixed(3).padStart(11)} ms  ${whatHappened(record)}`;
}

function whatHappened(record: ExperimentRecord): string {
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
  return `${actor}: ${showValue(before)} → ${showValue(after)} (${on})`;
}

/** A state value: `leader.active`, or, of several regions, as JSON. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) {
    const [[region, inner] = [], ...others] = Object.entries(value);
    if (region !== undefined && others.length === 0) return `${region}.${showValue(inner)}`;
  }
  return JSON.stringify(value);
}

function unflushed({ lost, kept }: { readonly lost?: number; readonly kept?: number }): string {
  return lost === undefined ? '' : `; unflushed: ${lost} lost, ${kept} kept`;
}
