import { expect } from 'chai';
import type { Members } from '../../../machines/replication/client-messages.ts';
import { Membership } from '../../../src/cluster/membership.ts';
import { TimeoutError } from '../../../src/errors.ts';

/** What a leader says of its members, look by look, and what it is told. */
async function changed(
  looks: readonly Partial<Members>[],
  goalOf: (voters: readonly string[]) => readonly string[],
): Promise<string[]> {
  const told: string[] = [];
  let look = 0;
  const membership = new Membership({
    clock: {
      now: () => look,
      soon: queueMicrotask,
      after: (_, run) => {
        queueMicrotask(run);
        return () => {};
      },
    },
    reign: async () => {
      const members = {
        voters: [],
        learners: [],
        changing: false,
        ...looks[Math.min(look, looks.length - 1)],
      };
      look += 1;
      return { leader: '0', members };
    },
    setMembers: (_, voters) => told.push(voters.join(' ')),
    transferLeadership: () => {},
    unanswered: (what, timeoutMs) => new TimeoutError(what, timeoutMs),
  });
  await membership.set(goalOf, 100);
  return told;
}

describe('a change of members', () => {
  it('goes on from where another one ends that is under way: it takes nothing of that back', async () => {
    const told = await changed(
      [
        // A joint configuration: node 0 is on its way out.
        { voters: ['0', '1', '2'], changing: true },
        { voters: ['1', '2'], changing: true },
        { voters: ['1', '2'] },
        { voters: ['1', '2', '3'] },
      ],
      (voters) => [...voters, '3'],
    );
    expect(told).to.deep.equal(['1 2 3']);
  });

  it('is said again until it is so, and settled', async () => {
    const told = await changed(
      [
        { voters: ['0', '1'] },
        { voters: ['0', '1'], learners: ['2'], changing: true },
        { voters: ['0', '1', '2'], changing: true },
        { voters: ['0', '1', '2'] },
      ],
      (voters) => [...voters.filter((voter) => voter !== '2'), '2'],
    );
    expect(told).to.deep.equal(['0 1 2', '0 1 2', '0 1 2']);
  });
});
