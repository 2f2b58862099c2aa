import { expect } from 'chai';
import { originOf } from '../../../machines/eventual/origin.ts';
import { Peer } from '../../../machines/eventual/peer.ts';

const receipt = (ranges: readonly (readonly number[])[], origin = 2) => ({
  origin,
  held: ranges,
  isSyncing: false,
});

/** A peer of server 1 that was sent its writes from `from` on. */
function sent(from: number): Peer {
  const peer = new Peer(1);
  peer.note(receipt([]));
  peer.sentFrom = from;
  return peer;
}

describe('another server, as one knows it', () => {
  it('has acknowledged what it has said that it holds', () => {
    const peer = sent(1);
    peer.note(receipt([[1, 1, 5]]));
    peer.note(receipt([[1, 7, 8]]));
    peer.note(receipt([[1, 1, 3]]));
    expect(peer.held.ranges).to.deep.equal([[1, 1, 5, 7, 8]]);
    expect(peer.acknowledged).to.equal(5);
  });

  it('holds nothing any more that it held in a memory before', () => {
    const peer = sent(1);
    peer.note(receipt([[1, 1, 5]]));
    peer.note(receipt([[1, 2, 2]], originOf(2, 9)));
    expect(peer.held.ranges).to.deep.equal([[1, 2, 2]]);
  });

  it('is asked when it has not acknowledged what it was sent, ever more seldom', () => {
    const peer = sent(1);
    const asked: number[] = [];
    for (let ms = 50; ms <= 3000; ms += 50) if (peer.isDue(50, 3, 1000)) asked.push(ms);
    expect(asked).to.deep.equal([100, 300, 700, 1500, 2500]);
    peer.note(receipt([[1, 1, 1]]));
    expect([peer.isDue(50, 3, 1000), peer.isDue(50, 3, 1000)], 'it goes on').to.deep.equal([false, true]);
    peer.note(receipt([[1, 1, 3]]));
    expect([1, 2, 3, 4].map(() => peer.isDue(50, 3, 1000))).to.deep.equal([false, false, false, false]);
  });

  it('is not asked for what it was never sent', () => {
    const peer = sent(4);
    expect([1, 2, 3].some(() => peer.isDue(50, 3, 1000))).to.equal(false);
    expect(peer.unacknowledged(5).ranges).to.deep.equal([[1, 4, 5]]);
    peer.lose();
    expect(peer.unacknowledged(5).isEmpty).to.equal(true);
  });

  it('has lost what it does not hold when it answers, of what it was sent before it was asked', () => {
    const peer = sent(2);
    while (!peer.isDue(50, 6, 1000));
    peer.note(receipt([[1, 3, 4]]));
    expect(peer.lost.ranges).to.deep.equal([[1, 2, 2, 5, 6]]);
    expect(peer.unacknowledged(9).ranges, 'what came after is not lost').to.deep.equal([[1, 2, 2, 5, 9]]);
  });
});
