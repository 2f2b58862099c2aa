import { expect } from 'chai';
import { ACCEPTED_SLOTS_MAX } from '../../../machines/paxos/acceptor-records.ts';
import { HANDED_OUT_MAX, SlottedGroups } from '../../../machines/paxos-commit/slotted-groups.ts';
import { packGroup } from '../../../machines/two-phase-commit/group.ts';
import type { LedGroup } from '../../../machines/two-phase-commit/open-groups.ts';
import { ABORTED } from '../../../machines/two-phase-commit/presumption.ts';
import { noVotes } from '../../../machines/two-phase-commit/votes.ts';

const BALLOT = { round: 1, leader: '0' };
const FOLLOWERS = ['1', '2'];

function group(id: number): LedGroup {
  return {
    id,
    count: 1,
    participants: FOLLOWERS,
    transactions: packGroup([]),
    members: [],
    votes: noVotes(),
    decision: undefined,
    acknowledged: new Set(),
    learner: undefined,
  };
}

function slotted(nextSlot = 1): SlottedGroups {
  const groups = new SlottedGroups(BALLOT);
  groups.beginBallot(BALLOT, nextSlot, 100);
  return groups;
}

describe('groups with slots', () => {
  it('have a slot for each participant, one behind the other', () => {
    const groups = slotted(5);
    groups.add(group(100));
    groups.add(group(101));
    expect(groups.instancesOf(100)).to.deep.equal({ ballot: BALLOT, firstSlot: 5 });
    expect(groups.instancesOf(101).firstSlot).to.equal(7);
    expect(groups.undecidedSlots()).to.deep.equal([5, 6, 7, 8]);
  });

  it('keep the ballot in which they were begun', () => {
    const groups = slotted();
    groups.add(group(100));
    groups.beginBallot({ round: 2, leader: '0' }, 40, 200);
    groups.add(group(200));
    expect(groups.instancesOf(100).ballot).to.deep.equal(BALLOT);
    expect(groups.instancesOf(200)).to.deep.equal({ ballot: { round: 2, leader: '0' }, firstSlot: 40 });
  });

  it('are begun as long as no slot is too far above one that is not chosen', () => {
    const groups = slotted();
    let id = 100;
    while (groups.mayBegin(2)) groups.add(group(id++));
    expect(groups.nextSlot - 1).to.equal(HANDED_OUT_MAX);
    // A later one does not help; the first one does.
    groups.get(101)!.decision = ABORTED;
    expect(groups.mayBegin(2)).to.equal(false);
    groups.get(100)!.decision = ABORTED;
    expect(groups.mayBegin(2)).to.equal(true);
  });

  it('let the acceptors forget what is below the first that is open', () => {
    const groups = slotted();
    groups.add(group(100));
    groups.add(group(101));
    groups.end(101);
    expect(groups.floor).to.equal(1);
    groups.end(100);
    expect(groups.floor).to.equal(5);
  });

  it('have no room where acceptors might have none', () => {
    const groups = slotted();
    groups.add(group(100));
    groups.get(100)!.decision = ABORTED;
    groups.beginBallot(BALLOT, 1 + ACCEPTED_SLOTS_MAX / 2, 200);
    expect(groups.hasRoom({ groupsOpenMax: 10 })).to.equal(false);
    groups.end(100);
    expect(groups.hasRoom({ groupsOpenMax: 10 })).to.equal(true);
  });
});
