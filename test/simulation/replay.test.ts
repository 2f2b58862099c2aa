import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { FAULT_NAMES, type Strengths } from '../../src/simulation/faults/index.ts';
import { SIMULATED_PROTOCOL_NAMES } from '../../src/simulation/protocols/index.ts';
import { type RecordOptions, recordExperiment } from '../../src/simulation/record.ts';
import { replay } from '../../src/simulation/replay.ts';
import { readTrace } from '../../src/traces/read-trace.ts';
import type { Trace } from '../../src/traces/trace.ts';
import { Workplace } from '../src/cli/synod-process.ts';
import { plantedBug } from './support/planted-bugs.ts';

/** A planted bug, and a seed under which it is found. */
const instruments = [plantedBug('a scout does not look at what was accepted')];
const NONE: Strengths = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0]));
const FAULTY: RecordOptions = {
  protocol: 'paxos',
  seed: 1,
  nodes: 3,
  faults: { ...NONE, crash: 3, bomb: 8, cut: 2 },
};

describe('a recorded experiment', function () {
  this.timeout(60_000);
  const workplace = new Workplace();
  after(() => workplace[Symbol.dispose]());

  async function recorded(options: RecordOptions): Promise<Trace> {
    const path = workplace.file('run.jsonl', '');
    await recordExperiment(path, options);
    return readTrace(path, readFileSync(path, 'utf8'));
  }

  it('is written byte for byte the same in another process', async () => {
    const here = workplace.file('here.jsonl', '');
    const there = workplace.file('there.jsonl', '');
    await recordExperiment(here, { protocol: 'raft', seed: 5 });
    const { status } = await workplace.run([
      'simulate',
      '--protocol',
      'raft',
      '--seed',
      '5',
      '--trace',
      there,
    ]);
    expect(status).to.equal(0);
    const digests = [here, there].map((path) =>
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    );
    expect(digests[1]).to.equal(digests[0]);
  });

  for (const protocol of SIMULATED_PROTOCOL_NAMES) {
    it(`of ${protocol} happens again, event by event`, async () => {
      const trace = await recorded({ protocol, seed: 11 });
      expect(trace.records.filter(({ event }) => event === 'strike').length).to.be.above(3);
      const replayed = await replay(trace);
      expect(replayed).to.deep.include({ kind: 'same', outcome: { violated: false } });
      expect(replayed.events).to.equal(trace.records.length);
    });
  }

  it('in which something was violated is violated again', async () => {
    const trace = await recorded({ ...FAULTY, instruments });
    expect(trace.outcome).to.deep.include({ violated: true, invariant: 'one batch a slot' });
    const replayed = await replay(trace, { instruments });
    expect(replayed).to.deep.include({ kind: 'same', outcome: trace.outcome });
  });

  it('departs where the program was changed, and says where', async () => {
    const trace = await recorded({ ...FAULTY, instruments });
    const replayed = await replay(trace);
    if (replayed.kind !== 'departs') throw new Error(`it is ${replayed.kind}`);
    const { n, recorded: before, now } = replayed.departure;
    expect(n)
      .to.equal(replayed.events + 1)
      .and.to.be.within(2, trace.records.length);
    expect(before).to.deep.equal(trace.records[n - 1]);
    expect(now).to.not.deep.equal(before);
  });

  it('is struck by what is recorded, not by what its seed would draw', async () => {
    const trace = await recorded({ protocol: 'paxos', seed: 11 });
    const indexes = trace.records.flatMap(({ event }, index) => (event === 'strike' ? [index] : []));
    const calm = trace.records.findIndex(({ event }) => event === 'calm');
    const strike = indexes.filter((index) => index < calm).at(-1)!;
    const struck = trace.records.findIndex(({ event }, index) => index > strike && event === 'struck');
    const before = trace.records.findLastIndex(({ event }, index) => index < strike && event === 'struck');
    const spared = trace.records.filter((_, index) => index !== strike && index !== struck);
    const replayed = await replay({ ...trace, records: spared });
    if (replayed.kind !== 'departs') throw new Error(`it is ${replayed.kind}`);
    // By the seed it would wait for the strike that was left out.
    expect(replayed.departure.now?.event).to.equal('calm');
    expect(replayed.events).to.equal(before + 1);
  });

  it('stops where it is told to, and shows what the actors of every node know', async () => {
    const trace = await recorded({ protocol: 'raft', seed: 3, nodes: 3 });
    const begun = trace.records.findIndex(({ event }) => event === 'deliver');
    const replayed = await replay(trace, { until: begun });
    expect(replayed).to.include({ kind: 'stopped' });
    expect(replayed.events).to.be.at.least(begun);
    expect([...replayed.actors.keys()]).to.deep.equal(['0', '1', '2']);
    expect(replayed.actors.get('1')?.map(({ address }) => address)).to.include('1/server');
  });

  it('comes to another end where that is all that differs', async () => {
    const trace = await recorded({ protocol: 'paxos', seed: 11, nodes: 3, stormMs: 50 });
    const outcome = { violated: true, invariant: 'liveness', message: 'liveness: not in time' } as const;
    expect(await replay({ ...trace, outcome })).to.deep.include({ kind: 'differs', recorded: outcome });
  });

  it('ends when it is told to', async () => {
    const trace = await recorded({ protocol: 'paxos', seed: 11, nodes: 3, stormMs: 50 });
    const reason = new Error('enough');
    const ended = await replay(trace, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error);
    expect(ended).to.equal(reason);
  });
});
