import type { TraceRecord } from '../../../actors/simulated/index.ts';

/** One line for people: `  1204.311 ms  1 → 2: p2a`. */
export function showStep(record: TraceRecord): string {
  return `${record.atMs.toFixed(3).padStart(11)} ms  ${whatHappened(record)}`;
}

function whatHappened(record: TraceRecord): string {
  switch (record.event) {
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
    case 'start':
      return `${record.node} starts, life ${record.life}`;
    case 'crash':
      return `${record.node} ends (${record.reason}); unflushed: ${record.lost} lost, ${record.kept} kept`;
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
  }
}
