import { expect } from 'chai';
import type { Clock } from '../../../actors/clock.ts';
import type { Memory } from '../../../actors/memory.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { loadProgram, type Program } from '../../../actors/program.ts';
import { seededRandom } from '../../../actors/random.ts';
import { acceptedRecord, floorRecords, promiseRecord } from '../../../machines/paxos/acceptor-records.ts';
import { LOWEST_BALLOT } from '../../../machines/paxos/ballot.ts';
import type { LeaderInput } from '../../../machines/paxos/leader-context.ts';
import { type PaxosOptions, paxosProgram } from '../../../machines/paxos/program.ts';
import { ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import { counter, openChunk } from '../replication/counter.ts';
import { ballot, NODES, pvalue } from './values.ts';

const OPTIONS: PaxosOptions = {
  nodes: NODES,
  applications: [{ module: counter.module, name: counter.name }],
};

const CLOCK: Clock = { now: () => 0, soon: () => {}, after: () => () => {} };

function load(
  node: string,
  journal = new MemoryJournal(),
  options = OPTIONS,
  memory: Memory = 'kept',
): Promise<Program> {
  const context = { node, memory, journal, store: journal, random: seededRandom(1), clock: CLOCK };
  return loadProgram(paxosProgram(options), context);
}

async function leaderInput(...given: Parameters<typeof load>): Promise<LeaderInput> {
  const { start } = await load(...given);
  return start.find(({ role }) => role === 'leader')!.input as LeaderInput;
}

describe('the program of a node', () => {
  it('has an acceptor, a replica and a leader from the start, and every role that these start', async () => {
    const { roles, start } = await load('a');
    expect(start.map(({ role }) => role)).to.deep.equal(['acceptor', 'replica', 'leader']);
    expect(Object.keys(roles)).to.include.members(['scout', 'commander', 'snapshotSender']);
  });

  it('lets the first node lead a new cluster, and nobody else', async () => {
    expect(await leaderInput('a')).to.deep.include({ leadsFirst: true, promised: LOWEST_BALLOT });
    expect(await leaderInput('b')).to.include({ leadsFirst: false });
  });

  it('lets the first node lead no cluster that has had a leader', async () => {
    const journal = new MemoryJournal();
    journal.commit([promiseRecord(ballot(3, 'b'))], () => {});
    expect(await leaderInput('a', journal)).to.deep.include({ leadsFirst: false, promised: ballot(3, 'b') });
  });

  it('gives the roles what their former lives had on disk', async () => {
    const journal = new MemoryJournal();
    const state = new ReplicatedState(journal, [counter]);
    state.apply(1, [openChunk()]);
    journal.commit(
      [
        ...state.takeDirty()!,
        promiseRecord(ballot(3, 'b')),
        acceptedRecord(pvalue(ballot(2, 'b'), 2, 7)),
        ...floorRecords(2, []),
      ],
      () => {},
    );
    expect(await leaderInput('b', journal)).to.deep.include({ applied: 1, floor: 2 });
    const { start } = await load('b', journal);
    const [acceptor] = start as unknown as [{ input: { records: { accepted: unknown[]; floor: number } } }];
    expect(acceptor.input.records.accepted).to.deep.equal([pvalue(ballot(2, 'b'), 2, 7)]);
    expect(acceptor.input.records.floor).to.equal(2);
  });

  it('changes the settings that it is told to, and leaves the others', async () => {
    const { settings } = await leaderInput('a', new MemoryJournal(), {
      ...OPTIONS,
      settings: { heartbeatMs: 7 },
    });
    expect(settings).to.include({ heartbeatMs: 7, windowSlots: 64 });
  });
});
