import { expect } from 'chai';
import { latestOf, nextLifeOf, nodeOfMember } from '../../../machines/raft/member.ts';

describe('a member', () => {
  it('is a node in one of its memories', () => {
    expect(nextLifeOf('2')).to.equal('2#1');
    expect(nextLifeOf('2#9')).to.equal('2#10');
    expect(['2', '2#1', '12#3'].map(nodeOfMember)).to.deep.equal(['2', '2', '12']);
  });

  it('that is the latest of its node is found among others', () => {
    const members = ['1', '2', '2#10', '2#9', '12#11'];
    expect(latestOf(members, '2')).to.equal('2#10');
    expect(latestOf(members, '1')).to.equal('1');
    expect(latestOf(members, '3')).to.equal(undefined);
    expect(members, 'in the order that they were in').to.deep.equal(['1', '2', '2#10', '2#9', '12#11']);
  });
});
