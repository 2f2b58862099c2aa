import { whatHappened } from '../show-record.ts';
import type { Trace } from '../trace.ts';
import { isFrame, type Numbered, placeOf, placesOf, type Selection, select, WORLD } from './selection.ts';

/** Larger drawings are refused by those who draw, and read by nobody. */
export const MERMAID_EVENTS_MAX = 300;

const NOTED: readonly string[] = [
  'state',
  'start',
  'crash',
  'damage',
  'pause',
  'member',
  'calm',
  'strike',
  'link',
];

/** A drawing, and how many events found no room in it. */
export interface MermaidDrawing {
  readonly text: string;
  readonly left: number;
}

/** A sequence diagram for Mermaid: an arrow for each frame as it arrives, a crossed one where it does not; states as notes. */
export function toMermaid(trace: Trace, selection: Selection): MermaidDrawing {
  const all = select(trace, selection).filter((record) => isDrawn(record));
  const records = all.slice(0, MERMAID_EVENTS_MAX);
  const left = all.length - records.length;
  const places = placesOf(records).filter((place) => place !== WORLD);
  const participants = new Map(places.map((place, index) => [place, `p${index}`]));
  const lines = [
    'sequenceDiagram',
    ...[...participants].map(([place, id]) => `  participant ${id} as ${escaped(place)}`),
    ...records.map((record) => `  ${draw(record, participants)}`),
  ];
  const everyone = [
    ...new Set(
      [...participants.values()].flatMap((id, at, { length }) => (at === 0 || at === length - 1 ? [id] : [])),
    ),
  ];
  if (left > 0) lines.push(`  Note over ${everyone.join(',')}: ${left} more events`);
  return { text: `${lines.join('\n')}\n`, left };
}

function isDrawn(record: Numbered): boolean {
  return record.event === 'deliver' || record.event === 'drop' || NOTED.includes(record.event);
}

function draw(record: Numbered, participants: ReadonlyMap<string, string>): string {
  const idOf = (place: string) => participants.get(place) ?? '';
  if (isFrame(record)) {
    const [from, to] = [idOf(record.from), idOf(record.to)];
    const messages = record.messages.join(', ');
    if (record.event !== 'drop') return `${from}->>${to}: ${escaped(messages)}`;
    return `${from}-x${to}: ${escaped(`${messages} (${record.reason})`)}`;
  }
  const place = placeOf(record);
  const ids = [...participants.values()];
  const over = place === WORLD ? [...new Set([ids[0], ids.at(-1)])].join(',') : idOf(place);
  return `Note over ${over}: ${escaped(whatHappened(record))}`;
}

/** What would end a statement, or begin an entity; and the word that would end a block. */
function escaped(text: string): string {
  return text.replace(/[#;]/g, (sign) => `#${sign.charCodeAt(0)};`).replace(/\bend\b/g, '#101;nd');
}
