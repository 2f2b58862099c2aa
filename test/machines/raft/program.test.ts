import { expect } from 'chai';
import type { Clock } from '../../../actors/clock.ts';
import type { Memory } from '../../../actors/memory.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { loadProgram, type Program } from '../../../actors/program.ts';
import { seededRandom } from '../../../actors/random.ts';
import { type RaftOptions, raftProgram } from '../../../machines/raft/program.ts';
import { entryRecord, memberRecord, voteRecord } from '../../../machines/raft/records.ts';
import type { ReplicaInput } from '../../../machines/raft/replica.ts';
import type { ServerInput } from '../../../machines/raft/server-context.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import { counter, openChunk } from '../replication/counter.ts';
import { configuration, entry } from './values.ts';

const OPTIONS: RaftOptions = {
  nodes: ['0', '1', '2'],
  applications: [{ module: counter.module, name: counter.name }],
};

const CLOCK: Clock = { now: () => 0, soon: () => {}, after: () => () => {} };

interface Given {
  readonly node?: string;
  readonly journal?: MemoryJournal;
  readonly store?: MemoryJournal;
  readonly options?: RaftOptions;
  readonly memory?: Memory;
}

function load({ node = '0', journal, store, options = OPTIONS, memory = 'new' }: Given): Promise<Program> {
  return loadProgram(raftProgram(options), {
    node,
    journal: journal ?? new MemoryJournal(),
    store: store ?? new MemoryJournal(),
    random: seededRandom(1),
    clock: CLOCK,
    memory,
  });
}

async function inputOf<Input>(role: string, given: Given): Promise<Input> {
  const { start } = await load(given);
  return start.find((started) => started.role === role)!.input as Input;
}

function server(given: Given): Promise<ServerInput> {
  return inputOf('server', given);
}

describe('the program of a Raft node', () => {
  it('has a server and a replica from the start, and every role that these start', async () => {
    const { roles, start } = await load({});
    expect(start.map(({ role }) => role)).to.deep.equal(['server', 'replica']);
    expect(Object.keys(roles)).to.include.members(['snapshotSender']);
  });

  it('lets the first node lead a new cluster, and nobody else', async () => {
    expect(await server({ node: '0' })).to.include({ leadsFirst: true, isNew: true });
    expect(await server({ node: '1' })).to.include({ leadsFirst: false, isNew: true });
  });

  it('lets the first node lead no cluster that has had a leader', async () => {
    const journal = new MemoryJournal();
    journal.commit([voteRecord(3, '1')], () => {});
    expect(await server({ journal, memory: 'kept' })).to.include({ leadsFirst: false, isNew: false });
  });

  it('takes a server for new that has never run, and not one whose disk is empty: it may have sworn loyalty', async () => {
    expect(await server({ memory: 'new' })).to.include({ isNew: true });
    expect(await server({ memory: 'kept' })).to.include({ isNew: false, leadsFirst: false });
  });

  it('begins with the nodes that founded the cluster, for them and for those that come later', async () => {
    for (const node of ['1', '3']) {
      const { records } = await server({ node });
      expect(records.log.configurations[0]!.configuration).to.deep.equal(configuration(['0', '1', '2']));
      const { founded } = await inputOf<ReplicaInput>('replica', { node });
      expect(founded).to.deep.equal(configuration(['0', '1', '2']));
    }
  });

  it('gives the roles what their former lives had on disk', async () => {
    const journal = new MemoryJournal();
    const store = new MemoryJournal();
    const state = new ReplicatedState(store, [counter]);
    state.apply(1, [openChunk()], { term: 2, configuration: configuration(['0']) });
    store.commit(state.takeDirty()!, () => {});
    journal.commit([voteRecord(3, '1'), entryRecord(1, entry(2, 1)), entryRecord(2, entry(3, 2))], () => {});
    const { records, applied } = await server({ journal, store, memory: 'kept' });
    expect(applied).to.equal(1);
    expect(records).to.include({ term: 3, votedFor: '1' });
    expect(records.log.entries.map(({ term }) => term)).to.deep.equal([2, 3]);
    const replica = await inputOf<ReplicaInput>('replica', { journal, store, memory: 'kept' });
    expect(replica.state.applied).to.equal(1);
  });

  it('tells a server that has lost its memory so, also when the one before had not been taken in again', async () => {
    expect(await server({})).to.include({ isForgetful: false });
    expect(await server({ memory: 'lost' })).to.include({ isForgetful: true });
    const journal = new MemoryJournal();
    journal.commit([memberRecord(undefined)], () => {});
    expect(await server({ journal, memory: 'kept' })).to.include({ isForgetful: true });
  });

  it('changes the settings that it is told to, and leaves the others', async () => {
    const { settings } = await server({ options: { ...OPTIONS, settings: { heartbeatMs: 7 } } });
    expect(settings).to.include({ heartbeatMs: 7, uncommittedMax: 256 });
  });
});
