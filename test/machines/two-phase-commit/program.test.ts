import { expect } from 'chai';
import { SynodError } from '../../../actors/errors.ts';
import type { Memory } from '../../../actors/memory.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { seededRandom } from '../../../actors/random.ts';
import type { CoordinatorInput } from '../../../machines/two-phase-commit/coordinator.ts';
import { lifeRecord } from '../../../machines/two-phase-commit/leader-records.ts';
import { program, type TwoPhaseCommitOptions } from '../../../machines/two-phase-commit/program.ts';

function load(
  node: string,
  options: TwoPhaseCommitOptions,
  memory: Memory = 'new',
  journal = new MemoryJournal(),
) {
  const clock = { now: () => 0, soon: () => {}, after: () => () => {} };
  return program(
    { node, memory, journal, store: new MemoryJournal(), random: seededRandom(1), clock },
    options,
  );
}

const NODES = { nodes: ['0', '1', '2'] };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SynodError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the program of two-phase commit', () => {
  it('has the first node lead and the others follow', async () => {
    expect((await load('0', NODES)).start.map(({ role }) => role)).to.deep.equal(['coordinator']);
    expect((await load('2', NODES)).start.map(({ role }) => role)).to.deep.equal(['participant']);
  });

  it('begins another life at each start of the leader', async () => {
    const journal = new MemoryJournal();
    journal.commit([lifeRecord(4, 'nothing')], () => {});
    const { start } = await load('0', NODES, 'kept', journal);
    expect((start[0]!.input as CoordinatorInput).life).to.equal(5);
  });

  it('refuses another presumption than the journal was written with', () => {
    const journal = new MemoryJournal();
    journal.commit([lifeRecord(4, 'nothing')], () => {});
    const options = { ...NODES, settings: { presume: 'commit' } } as const;
    expect(codeOf(() => load('0', options, 'kept', journal))).to.equal('SYNOD_WRONG_FOLDER');
  });

  it('refuses to lead without its memory', () => {
    expect(codeOf(() => load('0', NODES, 'lost'))).to.equal('SYNOD_LEADER_FORGOT');
  });

  it('takes a leader and a follower at least', () => {
    expect(() => load('0', { nodes: ['0'] })).to.throw(TypeError);
  });
});
