import { expect } from 'chai';
import fc from 'fast-check';
import {
  firstUnanswered,
  noteMatch,
  noteSent,
  type Progress,
  probeFrom,
  unknownProgress,
} from '../../../machines/raft/progress.ts';

/** Messages of three entries each, ten bytes an entry, sent one after the other. */
function pipelined(messages: number): Progress {
  const progress = unknownProgress(0);
  noteMatch(progress, 0);
  for (let message = 1; message <= messages; message++) noteSent(progress, message * 3, 30);
  return progress;
}

describe('what a leader knows of a follower (thesis, sections 3.5 and 10.2.2)', () => {
  it('is nothing at first: it asks where the own log ends', () => {
    expect(unknownProgress(7)).to.deep.include({ next: 8, match: 0, probing: true });
  });

  it('counts what is on its way, until it is acknowledged', () => {
    const progress = pipelined(3);
    expect([progress.next, progress.inFlight.length, progress.inFlightBytes]).to.deep.equal([10, 3, 90]);
    noteMatch(progress, 6);
    expect([progress.match, progress.inFlight.length, progress.inFlightBytes]).to.deep.equal([6, 1, 30]);
    expect(progress.next).to.equal(10);
  });

  it('takes an acknowledgement of one message for that of all before it', () => {
    const progress = pipelined(3);
    noteMatch(progress, 9);
    expect([progress.inFlight.length, progress.inFlightBytes]).to.deep.equal([0, 0]);
  });

  it('does not go back for an acknowledgement that comes late', () => {
    const progress = pipelined(3);
    noteMatch(progress, 9);
    noteMatch(progress, 3);
    expect([progress.match, progress.next]).to.deep.equal([9, 10]);
  });

  it('counts everything on its way as lost when it has to ask again, and sends nothing that is known to be there', () => {
    const progress = pipelined(3);
    noteMatch(progress, 3);
    expect(firstUnanswered(progress)).to.equal(4);
    probeFrom(progress, 2);
    expect([progress.next, progress.probing, progress.inFlightBytes]).to.deep.equal([4, true, 0]);
    expect(firstUnanswered(progress), 'with nothing on its way').to.equal(4);
  });

  it('never sends what is acknowledged, nor loses count, whatever comes back', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('match' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ do: fc.constant('probe' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (given) => {
        const progress = unknownProgress(0);
        let furthest = 0;
        for (const one of given) {
          if (one.do === 'send') {
            const last = progress.next + one.count - 1;
            noteSent(progress, last, one.count);
            furthest = Math.max(furthest, last);
          } else if (one.do === 'match') noteMatch(progress, Math.round(one.part * furthest));
          else probeFrom(progress, Math.round(one.part * progress.next));
          expect(progress.next).to.be.above(progress.match);
          const bytes = progress.inFlight.reduce((sum, message) => sum + message.bytes, 0);
          expect(progress.inFlightBytes).to.equal(bytes);
          for (const { last } of progress.inFlight) expect(last).to.be.below(progress.next);
        }
      }),
    );
  });
});
