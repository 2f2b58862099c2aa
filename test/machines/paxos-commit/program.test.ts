import { expect } from 'chai';
import type { Memory } from '../../../actors/memory.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { seededRandom } from '../../../actors/random.ts';
import { promiseRecord } from '../../../machines/paxos/acceptor-records.ts';
import type { CoordinatorInput } from '../../../machines/paxos-commit/coordinator-context.ts';
import { ForgetfulNodeError } from '../../../machines/paxos-commit/errors.ts';
import { program } from '../../../machines/paxos-commit/program.ts';
import { HANDED_OUT_MAX } from '../../../machines/paxos-commit/slotted-groups.ts';

const NODES = ['0', '1', '2'];

function load(node: string, nodes = NODES, memory: Memory = 'new', journal = new MemoryJournal()) {
  const clock = { now: () => 0, soon: () => {}, after: () => () => {} };
  return program(
    { node, memory, journal, store: new MemoryJournal(), random: seededRandom(1), clock },
    { nodes },
  );
}

describe('the program of Paxos Commit', () => {
  it('has an acceptor and a coordinator on each node, and a participant on all but the first', async () => {
    expect((await load('0')).start.map(({ role }) => role)).to.deep.equal(['acceptor', 'coordinator']);
    expect((await load('2')).start.map(({ role }) => role)).to.deep.equal([
      'acceptor',
      'coordinator',
      'participant',
    ]);
  });

  it('has the first node lead first, and no more once it has promised anything', async () => {
    const leadsFirst = async (...options: Parameters<typeof load>) =>
      ((await load(...options)).start[1]!.input as CoordinatorInput).leadsFirst;
    expect(await leadsFirst('0')).to.equal(true);
    expect(await leadsFirst('1')).to.equal(false);
    const journal = new MemoryJournal();
    journal.commit([promiseRecord({ round: 3, leader: '1' })], () => {});
    expect(await leadsFirst('0', NODES, 'kept', journal)).to.equal(false);
  });

  it('starts no node without its memory', () => {
    for (const node of NODES) expect(() => load(node, NODES, 'lost')).to.throw(ForgetfulNodeError);
  });

  it('takes two nodes at least, and no more followers than slots are handed out at once', () => {
    expect(() => load('0', ['0'])).to.throw(TypeError);
    const many = Array.from({ length: HANDED_OUT_MAX + 2 }, (_, node) => String(node));
    expect(() => load('0', many)).to.throw(TypeError);
  });
});
