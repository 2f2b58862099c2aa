import { expect } from 'chai';
import { CLIENTS } from '../../../actors/host.ts';
import { Workbench } from './workbench.ts';

const SOUND = { connected: true, lossProbability: 0, delayMs: 0 };

describe('links between threads', () => {
  it('are cut one way, and mended', async () => {
    await using bench = new Workbench(undefined);
    await bench.host.start(['a', 'b']);
    await bench.host.changeLink('a', 'b', { connected: false });
    const [lost] = forward(bench, 'a', 'b', 'lost');
    const [heard] = forward(bench, 'b', 'a', 'heard');
    expect((await heard)?.text).to.equal('heard0');
    await bench.host.changeLink('a', 'b', SOUND);
    const [next] = forward(bench, 'a', 'b', 'next');
    expect((await next)?.text).to.equal('next0');
    expect(await Promise.race([lost, 'never'])).to.equal('never');
  });

  it('that are slow keep the order, also of what comes once they are quick again', async () => {
    await using bench = new Workbench(undefined);
    await bench.host.start(['a', 'b']);
    await bench.host.changeLink('a', 'b', { delayMs: 100 });
    const beganMs = bench.host.clock.now();
    const texts: unknown[] = [];
    const slow = forward(bench, 'a', 'b', 'slow', 2);
    await taken(bench);
    await bench.host.changeLink('a', 'b', SOUND);
    const quick = forward(bench, 'a', 'b', 'quick');
    await Promise.all([...slow, ...quick].map((answer) => answer.then(({ text }) => texts.push(text))));
    expect(texts).to.deep.equal(['slow0', 'slow1', 'quick0']);
    expect(bench.host.clock.now() - beganMs).to.be.at.least(100);
  });

  it('deliver what is on its way though its sender has ended, and lose it when they are cut', async () => {
    await using bench = new Workbench(undefined);
    await bench.host.start(['a', 'b']);
    await bench.host.changeLink('a', 'b', { delayMs: 50 });
    const [outlives] = forward(bench, 'a', 'b', 'outlives');
    await taken(bench);
    await bench.host.kill('a');
    expect((await outlives)?.text).to.equal('outlives0');
    await bench.host.start(['a']);
    const [lost] = forward(bench, 'a', 'b', 'lost');
    await taken(bench);
    await bench.host.changeLink('a', 'b', { connected: false });
    await new Promise<void>((resolve) => bench.host.clock.after(60, resolve));
    await bench.host.changeLink('a', 'b', SOUND);
    const [next] = forward(bench, 'a', 'b', 'next');
    expect((await next)?.text).to.equal('next0');
    expect(await Promise.race([lost, 'never'])).to.equal('never');
  });

  it('lose frames as the seed has it, through restarts', async () => {
    const first = await arrivals(7);
    expect(first).to.have.length.within(8, 32);
    expect(await arrivals(7)).to.deep.equal(first);
    expect(await arrivals(8)).not.to.deep.equal(first);
  });

  it('to clients are cut one way, and slow, like any', async () => {
    await using bench = new Workbench(undefined);
    await bench.host.start(['a', 'b']);
    await bench.host.changeLink(CLIENTS, 'a', { connected: false });
    const unheard = ask(bench, 'a');
    await bench.host.changeLink(CLIENTS, 'a', SOUND);
    await bench.host.changeLink('a', CLIENTS, { connected: false });
    const unanswered = ask(bench, 'a');
    // What a passes on, b answers.
    const [heard] = forward(bench, 'a', 'b', 'heard');
    expect((await heard)?.text).to.equal('heard0');
    await bench.host.changeLink('a', CLIENTS, { connected: true, delayMs: 40 });
    const beganMs = bench.host.clock.now();
    await ask(bench, 'a');
    expect(bench.host.clock.now() - beganMs).to.be.at.least(40);
    expect(await Promise.race([unheard, unanswered, 'never'])).to.equal('never');
  });

  it('of a node that was removed are whole for the next one of its name', async () => {
    await using bench = new Workbench(undefined);
    await bench.host.start(['a', 'b', 'c']);
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
      ['b', CLIENTS],
      [CLIENTS, 'b'],
    ] as const)
      await bench.host.changeLink(from, to, { lossProbability: 1 });
    await bench.host.remove('b');
    await bench.host.add('b');
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const)
      expect((await forward(bench, from, to, 'x')[0])?.text).to.equal('x0');
  });
});

/** Lets a node pass texts on to another one, which tells us, in a frame. */
function forward(bench: Workbench, from: string, to: string, text: string, times = 1) {
  return bench.listen(from, { type: 'forward', to: `${to}/bench`, text, times } as never, times);
}

function ask(bench: Workbench, node: string) {
  return bench.ask(node, { type: 'ping', text: '' } as never);
}

/** Resolves when b's end of the link has what a was told to send before: each takes in all there is before it answers. */
async function taken(bench: Workbench): Promise<void> {
  await ask(bench, 'a');
  // Of a turn clients are answered first.
  await ask(bench, 'a');
  await ask(bench, 'b');
}

/** Which of forty frames arrive at a node that half of them is lost to. */
async function arrivals(seed: number): Promise<number[]> {
  await using bench = new Workbench(undefined, { seed });
  await bench.host.start(['a', 'b']);
  await bench.host.changeLink('a', 'b', { lossProbability: 0.5 });
  await bench.host.kill('b');
  await bench.host.start(['b']);
  const arrived: number[] = [];
  for (let number = 0; number < 40; number++) {
    void forward(bench, 'a', 'b', 'x')[0]?.then(() => arrived.push(number));
    // When a has answered, what it was told before has left.
    await ask(bench, 'a');
  }
  await taken(bench);
  await bench.host.changeLink('a', 'b', SOUND);
  await forward(bench, 'a', 'b', 'last')[0];
  return arrived;
}
