import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { recordExperiment } from '../../../src/simulation/record.ts';
import { type ChromeEvent, toChrome } from '../../../src/traces/exports/chrome.ts';
import { MERMAID_EVENTS_MAX, toMermaid } from '../../../src/traces/exports/mermaid.ts';
import { isFrame, placeOf, type Selection, select } from '../../../src/traces/exports/selection.ts';
import { toShiviz } from '../../../src/traces/exports/shiviz.ts';
import { type Clock, vectorClocks } from '../../../src/traces/exports/vector-clocks.ts';
import { readTrace } from '../../../src/traces/read-trace.ts';
import type { Trace } from '../../../src/traces/trace.ts';
import { Workplace } from '../cli/synod-process.ts';

describe('a trace is exported', function () {
  this.timeout(60_000);
  const workplace = new Workplace();
  let trace: Trace;
  before(async () => {
    const path = workplace.file('run.jsonl', '');
    await recordExperiment(path, { protocol: 'paxos', seed: 3, stormMs: 300 });
    trace = readTrace(path, readFileSync(path, 'utf8'));
  });
  after(() => workplace[Symbol.dispose]());

  const selections: Readonly<Record<string, Selection>> = {
    whole: {},
    'in part': { from: 200, until: 900 },
    'by messages': { messages: ['p2a', 'p2b'] },
  };

  describe('with vector clocks', () => {
    for (const [how, selection] of Object.entries(selections)) {
      it(`${how}: they count each place's events, and know of all that led to one`, () => {
        const records = select(trace, selection);
        const clocks = vectorClocks(records);
        const last = new Map<string, Clock>();
        const sent = new Map<string, Clock>();
        let heard = 0;
        for (const [index, record] of records.entries()) {
          const place = placeOf(record);
          const clock = clocks[index]!;
          expect(clock[place]).to.equal((last.get(place)?.[place] ?? 0) + 1);
          expect(isAtMost(last.get(place) ?? {}, clock)).to.equal(true);
          if (record.event === 'send') sent.set(record.id, clock);
          if (record.event === 'deliver' && sent.has(record.id)) {
            heard += 1;
            expect(isAtMost(sent.get(record.id)!, clock)).to.equal(true);
          }
          // Nothing is known of others but what a message has told.
          if (record.event !== 'deliver') {
            const { [place]: _, ...others } = clock;
            const { [place]: __, ...before } = last.get(place) ?? {};
            expect(others).to.deep.equal(before);
          }
          last.set(place, clock);
        }
        expect(heard).to.be.above(50);
      });
    }
  });

  for (const [how, selection] of Object.entries(selections)) {
    it(`for ShiViz, ${how}: its own expression takes all of it apart`, () => {
      const [parser, delimiter, ...lines] = toShiviz(trace, selection).split('\n');
      expect(delimiter).to.equal('');
      const log = lines.join('\n');
      const events = [...log.matchAll(new RegExp(parser!, 'g'))];
      expect(events.map(([text]) => `${text}\n`).join('')).to.equal(log);
      const counts = new Map<string, number>();
      for (const { groups } of events) {
        const { host = '', clock = '' } = groups ?? {};
        counts.set(host, (counts.get(host) ?? 0) + 1);
        expect(JSON.parse(clock)[host]).to.equal(counts.get(host));
      }
      expect(counts.get('0')).to.be.above(10);
    });

    it(`for Perfetto, ${how}: slices lie on known threads, and every arrow has both its ends`, () => {
      const { traceEvents }: { traceEvents: ChromeEvent[] } = JSON.parse(toChrome(trace, selection));
      const named = new Set(
        traceEvents.flatMap(({ ph, name, pid, tid }) =>
          ph === 'M' && name === 'thread_name' ? [`${pid} ${tid}`] : [],
        ),
      );
      const slices = new Set<string>();
      const arrows = new Map<string, number>();
      for (const { ph, pid, tid, ts, dur, id } of traceEvents) {
        if (ph === 'M') continue;
        expect(named.has(`${pid} ${tid}`)).to.equal(true);
        expect(ts).to.be.a('number');
        if (ph === 'X') {
          expect(dur).to.be.at.least(0);
          slices.add(`${pid} ${tid} ${ts}`);
        }
        if (ph === 's' || ph === 'f') {
          expect(slices.has(`${pid} ${tid} ${ts}`)).to.equal(true);
          if (ph === 's') arrows.set(id!, ts!);
          else expect(arrows.get(id!) ?? 0).to.be.at.most(ts!);
        }
      }
      const spans = traceEvents.filter(({ ph }) => ph === 'b').length;
      expect(traceEvents.filter(({ ph }) => ph === 'e')).to.have.length(spans);
      expect(arrows.size).to.be.above(20);
    });

    it(`for Mermaid, ${how}: every line is a statement of a sequence diagram`, () => {
      const { text, left } = toMermaid(trace, selection);
      const [head, ...lines] = text.trimEnd().split('\n');
      expect(head).to.equal('sequenceDiagram');
      const participants = lines.flatMap((line) => /^ {2}participant (p\d+) as \S+$/.exec(line)?.[1] ?? []);
      expect(participants.length).to.be.at.least(3);
      const who = `(?:${participants.join('|')})`;
      const statement = new RegExp(
        `^ {2}(?:${who}(?:->>|-x)${who}: |Note over ${who}(?:,${who})?: )(?:[^;#]|#\\d+;)+$`,
      );
      for (const line of lines.slice(participants.length)) expect(line).to.match(statement);
      expect(lines.length - participants.length).to.be.at.most(MERMAID_EVENTS_MAX + 1);
      if (left > 0) expect(lines.at(-1)).to.match(new RegExp(`^ {2}Note over p0,p\\d: ${left} more events$`));
    });
  }

  it('with the messages that are asked for alone', () => {
    const frames = select(trace, { messages: ['p1a'] }).filter(isFrame);
    expect(new Set(frames.flatMap(({ messages }) => messages))).to.deep.equal(new Set(['p1a']));
    expect(toMermaid(trace, { messages: ['p1a'] }).text)
      .to.contain(': p1a\n')
      .and.not.contain('p2a\n');
  });
});

function isAtMost(a: Clock, b: Clock): boolean {
  return Object.entries(a).every(([place, count]) => count <= (b[place] ?? 0));
}
