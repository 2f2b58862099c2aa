import { expect } from 'chai';
import { createLink, LINK_BYTES_MAX, Link } from '../../../actors/threads/link.ts';

type Note = { readonly note: number };

/** Two ends in one thread. What arrives at the far one is listed. */
function connect(): {
  near: Link<Note, Note>;
  far: Link<Note, Note>;
  arrived: (number | string)[];
  closed: Promise<void>;
} {
  const [end, otherEnd] = createLink();
  const arrived: (number | string)[] = [];
  const nothing = { frame: () => {}, message: () => {}, closed: () => {} };
  const near = new Link<Note, Note>(end, nothing);
  let far: Link<Note, Note> | undefined;
  const closed = new Promise<void>((resolve) => {
    far = new Link<Note, Note>(otherEnd, {
      frame: (frame) => arrived.push(frame.byteLength),
      message: ({ note }) => arrived.push(`note ${note}`),
      closed: resolve,
    });
  });
  return { near, far: far!, arrived, closed };
}

describe('a link between threads', () => {
  it('keeps frames and messages in their order', async () => {
    const { near, arrived, closed } = connect();
    near.send(new Uint8Array(1));
    near.post({ note: 1 });
    near.send(new Uint8Array(2));
    near.post({ note: 2 });
    near.close();
    await closed;
    expect(arrived).to.deep.equal([1, 'note 1', 2, 'note 2']);
  });

  it('takes in what has arrived when it is drained, without waiting for its event', () => {
    const { near, far, arrived } = connect();
    near.send(new Uint8Array(1));
    near.post({ note: 1 });
    far.drain();
    expect(arrived).to.deep.equal([1, 'note 1']);
    near.close();
  });

  it('loses frames when too much waits, and takes them again when that was taken in', () => {
    const { near, far, arrived } = connect();
    const frameBytes = 1024 * 1024;
    let waiting = 0;
    while (near.send(new Uint8Array(frameBytes))) waiting += 1;
    expect(waiting * frameBytes)
      .to.be.at.most(LINK_BYTES_MAX)
      .and.greaterThan(LINK_BYTES_MAX / 2);
    expect(far.send(new Uint8Array(frameBytes))).to.equal(true);
    near.post({ note: 1 });
    far.drain();
    expect(arrived).to.have.length(waiting + 1);
    expect(near.send(new Uint8Array(frameBytes))).to.equal(true);
    near.close();
  });

  it('takes one frame of any size while nothing waits', () => {
    const { near } = connect();
    expect(near.send(new Uint8Array(LINK_BYTES_MAX + 1))).to.equal(true);
    expect(near.send(new Uint8Array(1))).to.equal(false);
    near.close();
  });
});
