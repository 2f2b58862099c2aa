import { BadTraceError } from './errors.ts';
import {
  type RunOutcome,
  TRACE_VERSION,
  type Trace,
  type TraceFileRecord,
  type TraceHeader,
} from './trace.ts';
import { TraceLines } from './trace-lines.ts';
import { isObject, isOutcome, isRecord, isRun } from './trace-shape.ts';

/** Reads a trace. `file` is how messages call it. @throws BadTraceError: no trace, another version, edited, cut off. */
export function readTrace(file: string, content: string): Trace {
  const fail = (line: number, what: string): never => {
    throw new BadTraceError(file, line, what);
  };
  const lines = content.split('\n');
  const header = readHeader(lines[0] ?? '', (what) => fail(1, what));
  const checked = new TraceLines();
  const records: TraceFileRecord[] = [];
  let outcome: RunOutcome | undefined;
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    const isLast = line === lines.length;
    if (isLast && text === '') break;
    if (outcome !== undefined) fail(line, 'the trace has ended above; nothing may follow');
    // Every line is written with its end.
    if (isLast) fail(line, 'the trace is cut off here; record it again');
    const value = checkedValue(checked, text, (what) => fail(line, what));
    if (index === 0) continue;
    if (isObject(value) && value.event === 'end') {
      if (value.events !== records.length || !isOutcome(value)) fail(line, 'is no end of this trace');
      else outcome = toOutcome(value);
      continue;
    }
    const { n, ...record } = isObject(value) ? value : {};
    if (n !== index || !isRecord(record)) fail(line, 'is no event that this version knows');
    else records.push(record);
  }
  if (outcome !== undefined) return { file, header, records, outcome };
  return fail(lines.length, 'the trace is cut off: its last line is missing. Record it again');
}

function readHeader(line: string, fail: (what: string) => never): TraceHeader {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return fail('this is no trace: its first line is no JSON object');
  }
  if (!isObject(value) || value.trace !== 'synod') return fail('this is no trace of Synod');
  const { version, program, run } = value;
  if (version !== TRACE_VERSION)
    return fail(
      `a trace of version ${String(version)}, written by Synod ${String(program)}; this one reads version ` +
        `${TRACE_VERSION}: record it again, or read it with that one`,
    );
  if (typeof program !== 'string' || !isRun(run)) return fail('the trace does not say what was run');
  return { trace: 'synod', version: TRACE_VERSION, program, run };
}

function checkedValue(lines: TraceLines, text: string, fail: (what: string) => never): unknown {
  try {
    return lines.read(text);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function toOutcome(outcome: RunOutcome): RunOutcome {
  if (!outcome.violated) return { violated: false };
  const { invariant, message } = outcome;
  return { violated: true, invariant, message };
}
