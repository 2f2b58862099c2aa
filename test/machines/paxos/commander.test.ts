import { expect } from 'chai';
import type { Ballot } from '../../../machines/paxos/ballot.ts';
import { commander } from '../../../machines/paxos/commander.ts';
import type { P2b } from '../../../machines/paxos/messages.ts';
import { early, RoleDriver, receivers, sent } from '../role-driver.ts';
import { ballot, batch, NODES, pvalue } from './values.ts';

const MINE = ballot(5, 'a');
const OLDER = ballot(4, 'b');
const HIGHER = ballot(5, 'b');
const RETRY_MS = 60;

function commanding(nodes: readonly string[] = NODES) {
  const input = { node: 'a', nodes, pvalue: pvalue(MINE, 3, 7), retryMs: RETRY_MS };
  const role = new RoleDriver(commander, 'a/commander/5.a.3', input);
  return {
    role,
    p2b: (node: string, number: Ballot = MINE) =>
      role.receive<P2b>({ type: 'p2b', ballot: number, slot: 3 }, `${node}/acceptor`),
  };
}

describe('the commander (PMMC, figure 6)', () => {
  it('proposes one pvalue to every acceptor, before the disk: it was adopted by a durable majority', () => {
    const { role } = commanding();
    const p2a = { type: 'p2a', ballot: MINE, slot: 3, batch: batch(7) };
    expect(sent(role.started)).to.deep.equal([
      ['a/acceptor', p2a],
      ['b/acceptor', p2a],
      ['c/acceptor', p2a],
    ]);
    expect(early(role.started)).to.have.length(3);
  });

  it('ends decided once a majority has accepted (C1), and tells every replica after the flush', () => {
    const { role, p2b } = commanding();
    expect(p2b('b')).to.deep.equal([]);
    const effects = p2b('a');
    expect(role.output).to.deep.equal({ kind: 'decided', slot: 3 });
    expect(early(effects), 'the own acceptance may not be on disk yet').to.deep.equal([]);
    expect(receivers(effects, 'decision')).to.deep.equal(['a/replica', 'b/replica', 'c/replica']);
    expect(role.timersMs).to.deep.equal([]);
  });

  it('sends the batch to the replica beside alone: the others have it from their acceptors', () => {
    const { p2b } = commanding();
    p2b('b');
    const [own, ...others] = sent(p2b('c')).map(([, message]) => message);
    expect(own).to.deep.equal({ type: 'decision', ballot: MINE, slot: 3, batch: batch(7) });
    for (const other of others) expect(other).to.deep.equal({ type: 'decision', ballot: MINE, slot: 3 });
  });

  it('counts an acceptor once, however often it answers', () => {
    const { role, p2b } = commanding();
    p2b('b');
    p2b('b');
    expect(role.state).to.equal('gathering');
  });

  it('needs three of five', () => {
    const { role, p2b } = commanding(['a', 'b', 'c', 'd', 'e']);
    p2b('a');
    p2b('b');
    expect(role.state).to.equal('gathering');
    p2b('e');
    expect(role.state).to.equal('decided');
  });

  it('ends preempted by the first acceptor that follows a higher ballot, and tells nobody', () => {
    const { role, p2b } = commanding();
    p2b('a');
    expect(p2b('b', HIGHER)).to.deep.equal([]);
    expect(role.output).to.deep.equal({ kind: 'preempted', ballot: HIGHER });
  });

  it('takes an answer of a lower ballot for no acceptance', () => {
    const { role, p2b } = commanding();
    p2b('a');
    p2b('b', OLDER);
    expect(role.state).to.equal('gathering');
  });

  it('asks again, only those who are silent, for as long as it takes', () => {
    const { role, p2b } = commanding();
    p2b('c');
    expect(receivers(role.pass(RETRY_MS), 'p2a')).to.deep.equal(['a/acceptor', 'b/acceptor']);
    expect(receivers(role.pass(RETRY_MS), 'p2a')).to.deep.equal(['a/acceptor', 'b/acceptor']);
  });
});
