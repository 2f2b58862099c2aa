import { expect } from 'chai';
import {
  decisionsFrom,
  emptyDecisionLog,
  keep,
  noteAccepted,
  noteDecided,
  prune,
  skipTo,
} from '../../../machines/paxos/decisions.ts';
import { bytesOf } from '../../../machines/replication/batch.ts';
import { ballot, batch, pvalue } from './values.ts';

const B2 = ballot(2, 'a');
const B1 = ballot(1, 'a');
const B3 = ballot(3, 'b');

describe('what a replica knows of decisions', () => {
  it('takes the batch of a decision from what the acceptor beside accepted in that ballot', () => {
    const log = emptyDecisionLog(0);
    noteAccepted(log, pvalue(B2, 1, 7), 0);
    noteDecided(log, B2, 1, undefined, 0);
    expect(log.decided.get(1)).to.deep.equal(batch(7));
    expect(log.accepted.size).to.equal(0);
  });

  it('takes it from a later ballot as well: that can only have the same one (PMMC, C2)', () => {
    const log = emptyDecisionLog(0);
    noteAccepted(log, pvalue(B3, 1, 7), 0);
    noteDecided(log, B2, 1, undefined, 0);
    expect(log.decided.get(1)).to.deep.equal(batch(7));
  });

  it('never takes it from an earlier ballot: that may have had another', () => {
    const log = emptyDecisionLog(0);
    noteAccepted(log, pvalue(B1, 1, 6), 0);
    noteDecided(log, B2, 1, undefined, 0);
    expect(log.decided.has(1)).to.equal(false);
    expect(log.highest, 'but knows that it lacks a decision').to.equal(1);
    noteAccepted(log, pvalue(B2, 1, 7), 0);
    expect(log.decided.get(1)).to.deep.equal(batch(7));
    expect(log.announced.size).to.equal(0);
  });

  it('keeps the first batch that is known to be decided (R1: a slot is decided once)', () => {
    const log = emptyDecisionLog(0);
    noteDecided(log, B2, 1, batch(7), 0);
    noteDecided(log, B3, 1, batch(8), 0);
    keep(log, 1, batch(9));
    expect(log.decided.get(1)).to.deep.equal(batch(7));
    expect(log.decidedBytes).to.equal(bytesOf(batch(7)));
  });

  it('forgets nothing, and keeps nothing, about slots that are applied', () => {
    const log = emptyDecisionLog(5);
    noteAccepted(log, pvalue(B2, 5, 7), 5);
    noteDecided(log, B2, 5, undefined, 5);
    expect([log.accepted.size, log.announced.size, log.decided.size]).to.deep.equal([0, 0, 0]);
  });

  it('keeps no pvalue of a slot that is known to be decided: nobody would ever drop it', () => {
    const log = emptyDecisionLog(0);
    noteDecided(log, B2, 2, batch(7), 0);
    noteAccepted(log, pvalue(B3, 2, 7), 0);
    expect(log.accepted.size).to.equal(0);
  });

  it('lets go of the oldest applied batches, never of one that is still to be applied', () => {
    const log = emptyDecisionLog(0);
    for (const slot of [4, 1, 2, 3]) keep(log, slot, batch(slot));
    prune(log, 3, bytesOf(batch(1)) * 2);
    expect([...log.decided.keys()]).to.deep.equal([4, 3]);
    prune(log, 3, 0);
    expect([...log.decided.keys()]).to.deep.equal([4]);
    expect(log.decidedBytes).to.equal(bytesOf(batch(4)));
  });

  it('hands out consecutive batches, at least one and about so many bytes of them', () => {
    const log = emptyDecisionLog(0);
    for (const slot of [1, 2, 3, 5]) keep(log, slot, batch(slot));
    expect(decisionsFrom(log, 2, 5, 1_000_000)).to.deep.equal([batch(2), batch(3)]);
    expect(decisionsFrom(log, 1, 2, 1_000_000)).to.deep.equal([batch(1), batch(2)]);
    expect(decisionsFrom(log, 1, 5, 1)).to.deep.equal([batch(1)]);
    expect(decisionsFrom(log, 4, 5, 1_000_000)).to.deep.equal([]);
  });

  it('forgets what a snapshot has brought, and nothing beyond it', () => {
    const log = emptyDecisionLog(0);
    keep(log, 3, batch(3));
    keep(log, 6, batch(6));
    noteAccepted(log, pvalue(B2, 4, 4), 0);
    noteAccepted(log, pvalue(B2, 7, 7), 0);
    noteDecided(log, B2, 5, undefined, 0);
    skipTo(log, 5);
    expect([...log.decided.keys(), ...log.accepted.keys(), ...log.announced.keys()]).to.deep.equal([6, 7]);
    expect(log.decidedBytes).to.equal(bytesOf(batch(6)));
    expect(log.highest).to.equal(6);
    skipTo(log, 9);
    expect(log.highest).to.equal(9);
  });
});
