import { expect } from 'chai';
import { Quorum } from '../../../src/cluster/quorum.ts';
import { Topology } from '../../../src/cluster/topology.ts';

/** Nodes 0, 1 and so on, all of them live and linked. */
function topologyOf(count: number) {
  const nodes = Array.from({ length: count }, (_, node) => String(node));
  const topology = new Topology(() => nodes);
  for (const node of nodes) topology.setUp(node, true);
  const isolate = (alone: string) => {
    for (const node of nodes) if (node !== alone) topology.setLink(alone, node, false);
  };
  return { topology, quorum: new Quorum(topology), nodes, isolate };
}

describe('a quorum', () => {
  it('has a quorum while some live node reaches a majority of all, itself counted', () => {
    const { topology, quorum } = topologyOf(4);
    topology.setUp('3', false);
    expect(quorum.isConnected()).to.equal(true);
    topology.setLink('0', '1', false);
    expect(quorum.isConnected(), 'node 2 sees both').to.equal(true);
    topology.setLink('0', '2', false);
    expect(quorum.isConnected()).to.equal(false);
    topology.setUp('3', true);
    expect(quorum.isConnected()).to.equal(true);
  });

  it('counts voters alone, as soon as it is said who they are', () => {
    const { topology, quorum } = topologyOf(5);
    for (const node of ['3', '4']) topology.setUp(node, false);
    quorum.setVoters(['2', '3', '4']);
    expect(quorum.isConnected()).to.equal(false);
    quorum.setVoters(['1', '2', '3']);
    expect(quorum.isConnected()).to.equal(true);
    quorum.setVoters(['0']);
    topology.setUp('0', false);
    expect(quorum.isConnected()).to.equal(false);
  });

  it('may have a quorum that a node leads which is no voter', () => {
    const { topology, quorum } = topologyOf(3);
    quorum.setVoters(['1', '2']);
    topology.setLink('1', '2', false);
    expect(quorum.isConnected()).to.equal(true);
  });

  it('does not count live nodes without a vote, and names them', () => {
    const { topology, quorum } = topologyOf(3);
    quorum.setVoting('1', false);
    expect(quorum.isConnected()).to.equal(true);
    topology.setUp('2', false);
    expect(quorum.isConnected()).to.equal(false);
    expect(quorum.mute).to.deep.equal(['1']);
    quorum.setVoting('1', true);
    expect(quorum.isConnected()).to.equal(true);
    expect(quorum.mute).to.deep.equal([]);
  });

  it('names no node that is down, or no voter', () => {
    const { topology, quorum } = topologyOf(3);
    for (const node of ['0', '1', '2']) quorum.setVoting(node, false);
    topology.setUp('0', false);
    quorum.setVoters(['0', '1']);
    expect(quorum.mute).to.deep.equal(['1']);
  });

  it('has on the side of the majority all that reach it, over others if need be', () => {
    const { topology, quorum, isolate } = topologyOf(5);
    isolate('4');
    for (const node of ['0', '1']) topology.setLink(node, '3', false);
    expect(quorum.majoritySide()).to.have.members(['0', '1', '2', '3']);
    isolate('2');
    expect(quorum.majoritySide()).to.deep.equal([]);
  });

  it('has a node without a vote on that side only if it hears all of it: whoever leads must take it in', () => {
    const { topology, quorum } = topologyOf(4);
    quorum.setVoting('3', false);
    expect(quorum.majoritySide()).to.have.members(['0', '1', '2', '3']);
    topology.setLink('3', '0', false);
    expect(quorum.majoritySide()).to.have.members(['0', '1', '2']);
    quorum.setVoting('3', true);
    expect(quorum.majoritySide()).to.have.members(['0', '1', '2', '3']);
  });

  it('forgets a node that is removed, with its links', () => {
    const { topology, quorum } = topologyOf(3);
    quorum.setVoting('2', false);
    topology.setLink('1', '2', false);
    topology.setLink('0', '1', false);
    topology.remove('2');
    quorum.remove('2');
    expect(topology.isUp('2')).to.equal(false);
    expect(quorum.hasVote('2')).to.equal(true);
    expect(topology.cut).to.deep.equal([['0', '1']]);
  });
});
