import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { kv, kvOperation } from '../../../src/applications/kv.ts';
import type { Client } from '../../../src/client/client.ts';
import { createCluster } from '../../../src/cluster/create-cluster.ts';
import { replay } from '../../../src/simulation/replay.ts';
import { NotReplayableError } from '../../../src/traces/errors.ts';
import { toChrome } from '../../../src/traces/exports/chrome.ts';
import { placeOf, select } from '../../../src/traces/exports/selection.ts';
import { vectorClocks } from '../../../src/traces/exports/vector-clocks.ts';
import { readTrace } from '../../../src/traces/read-trace.ts';
import type { Trace, TraceFileRecord } from '../../../src/traces/trace.ts';
import { Workplace } from '../cli/synod-process.ts';

describe('the trace of a cluster on threads', function () {
  this.timeout(60_000);
  const workplace = new Workplace();
  after(() => workplace[Symbol.dispose]());

  async function traced(
    protocol: 'paxos' | 'raft',
    work: (cluster: Awaited<ReturnType<typeof open>>, client: Client) => Promise<void>,
  ): Promise<Trace> {
    const trace = workplace.file(`${protocol}.jsonl`, '');
    {
      await using cluster = await open(protocol, trace);
      await work(cluster, await cluster.client());
    }
    return readTrace(trace, readFileSync(trace, 'utf8'));
  }

  function open(protocol: 'paxos' | 'raft', trace: string) {
    return createCluster({ protocol, nodes: 3, application: kv, journal: 'memory', trace });
  }

  function of<Kind extends TraceFileRecord['event']>(
    { records }: Trace,
    event: Kind,
  ): Extract<TraceFileRecord, { readonly event: Kind }>[] {
    return records.filter(
      (record): record is Extract<TraceFileRecord, { readonly event: Kind }> => record.event === event,
    );
  }

  it('has frames from where they leave to where they arrive, turns, flushes and states', async () => {
    const trace = await traced('paxos', async (_, client) => {
      for (let put = 0; put < 20; put++) await client.execute(kv, kvOperation.put('key', String(put)));
    });
    expect(trace.header.run).to.deep.equal({
      world: 'threads',
      protocol: 'paxos',
      nodes: ['0', '1', '2'],
      journal: 'memory',
    });
    const sent = new Map(of(trace, 'send').map((frame) => [frame.id, frame]));
    expect(sent.size).to.equal(of(trace, 'send').length);
    const delivered = of(trace, 'deliver').filter(({ id }) => sent.has(id));
    expect(delivered.length).to.be.above(60);
    for (const { atMs, event: _, ...frame } of delivered) {
      const { atMs: sentMs, event: __, ...before } = sent.get(frame.id)!;
      expect(frame).to.deep.equal(before);
      expect(atMs).to.be.at.least(sentMs);
    }
    expect(new Set(delivered.flatMap(({ messages }) => messages))).to.include.all.keys('p2a', 'p2b', 'reply');
    const leading = of(trace, 'state').find(({ actor, on }) => actor === '0/leader' && on !== 'xstate.init');
    expect(leading).to.include({ node: '0', before: 'scouting' });
    for (const { atMs, sinceMs } of [...of(trace, 'flush'), ...of(trace, 'turn')])
      expect(atMs).to.be.at.least(sinceMs!);
    expect(of(trace, 'flush').length).to.be.above(20);
    expect(trace.outcome).to.deep.equal({ violated: false });
  });

  it('has crashes, restarts and cut links', async () => {
    const trace = await traced('raft', async (cluster, client) => {
      await cluster.disconnect(0, 1);
      await client.execute(kv, kvOperation.put('key', 'a'));
      await cluster.connect(0, 1);
      await cluster.crash(2);
      await cluster.restart(2);
    });
    expect(of(trace, 'link').map(({ from, to, connected }) => [from, to, connected])).to.deep.equal([
      ['0', '1', false],
      ['1', '0', false],
      ['0', '1', true],
      ['1', '0', true],
    ]);
    expect(of(trace, 'drop').filter(({ reason }) => reason === 'cut')).to.not.deep.equal([]);
    const [crash] = of(trace, 'crash');
    expect(crash).to.include({ node: '2', life: 1, reason: 'killed' });
    expect(of(trace, 'start').map(({ node, life }) => [node, life])).to.deep.include.members([
      ['2', 1],
      ['2', 2],
    ]);
  });

  it('is exported as any other, and not replayed', async () => {
    const trace = await traced('raft', async (_, client) => {
      await client.execute(kv, kvOperation.put('key', 'a'));
    });
    const records = select(trace, {});
    const counts = new Map<string, number>();
    for (const [index, clock] of vectorClocks(records).entries()) {
      const place = placeOf(records[index]!);
      counts.set(place, (counts.get(place) ?? 0) + 1);
      expect(clock[place]).to.equal(counts.get(place));
    }
    expect(JSON.parse(toChrome(trace, {})).traceEvents.length).to.be.above(records.length / 2);
    const refused = await replay(trace).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(NotReplayableError);
  });

  it('is written by synod run, for a script', async () => {
    const script = workplace.file('script.test', 'start 3 1\nsendMessage 0 hello\nprintChatLog 0\n');
    const trace = `${workplace.path}/run.jsonl`;
    const { status, stdout, stderr } = await workplace.run([
      'run',
      script,
      '--journal',
      'memory',
      '--trace',
      trace,
    ]);
    expect([stdout, stderr, status]).to.deep.equal(['0 0: hello\n', '', 0]);
    expect(of(readTrace(trace, readFileSync(trace, 'utf8')), 'deliver').length).to.be.above(10);
    const folder = await workplace.run(['run', workplace.path, '--trace', trace]);
    expect(folder.stderr).to.equal('synod: --trace goes with one script, not with a folder\n');
    const nowhere = await workplace.run(['run', script, '--trace', `${workplace.path}/no/where`]);
    expect(nowhere.stderr).to.match(/SYNOD_BAD_OPTION/);
    expect([folder.status, nowhere.status === 0]).to.deep.equal([2, false]);
  });
});
