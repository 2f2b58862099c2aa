import { expect } from 'chai';
import type { Message } from '../../../actors/envelope.ts';
import type { Open, Opened, Outcome, Outcomes } from '../../../machines/two-phase-commit/client-messages.ts';
import { contents, ending, TransactionStage } from './transaction-stage.ts';

const committed = (number: number) => [number, 'committed', 1] as const;

/** A stage whose client has its session. */
async function opened(options = {}): Promise<TransactionStage> {
  const stage = new TransactionStage(options);
  await stage.open(7);
  return stage;
}

describe("a client's commits", () => {
  it('open a session before there is anything to hand in', async () => {
    const stage = new TransactionStage();
    await stage.pass();
    const [opening] = stage.sent();
    expect(opening).to.deep.include({ node: '0', to: '0/coordinator' });
    expect(opening?.message).to.include({ type: 'open' });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass(200);
    expect(stage.sent()).to.deep.equal([]);
    expect(put.ended).to.equal(undefined);
    await stage.pass(100);
    expect(stage.sent('open')).to.have.length(1);
  });

  it('of one moment travel in one message, numbered from 1', async () => {
    const stage = await opened();
    const puts = ['a', 'b', 'c'].map((key) => ending(stage.client.put(key, key)));
    await stage.pass();
    const [message, ...others] = stage.commits();
    expect(others).to.deep.equal([]);
    expect(message).to.include({ session: 7, first: 1, below: 1 });
    expect(message && contents(message).map(({ writes }) => writes)).to.deep.equal([
      [['a', 'a']],
      [['b', 'b']],
      [['c', 'c']],
    ]);
    await stage.tell(7, committed(3), [1, 'aborted', 'vote']);
    expect(puts.map(({ ended }) => ended)).to.deep.equal(['aborted', undefined, 'committed']);
    void stage.client.put('d', 'd');
    await stage.pass();
    expect(stage.commits()[0], 'all below 2 are answered').to.include({ first: 4, below: 2 });
    await stage.tell(7, committed(2));
    expect(puts[1]?.ended).to.equal('committed');
    void stage.client.put('e', 'e');
    await stage.pass();
    expect(stage.commits()[0]).to.include({ first: 5, below: 4 });
  });

  it('travel in more messages when they are large', async () => {
    const stage = await opened();
    for (const key of ['a', 'b', 'c']) void stage.client.put(key, 'x'.repeat(600_000));
    await stage.pass();
    expect(stage.commits().map(({ first, transactions }) => [first, transactions.length])).to.deep.equal([
      [1, 2],
      [3, 1],
    ]);
  });

  it('are sent again when they are late, and those alone', async () => {
    const stage = await opened();
    for (const key of ['a', 'b', 'c', 'd']) void stage.client.put(key, key);
    await stage.pass();
    stage.sent();
    await stage.tell(7, committed(2));
    await stage.pass(200);
    void stage.client.put('e', 'e');
    await stage.pass(0);
    stage.sent();
    await stage.pass(100);
    expect(stage.commits().map(({ first, transactions }) => [first, transactions.length])).to.deep.equal([
      [1, 1],
      [3, 2],
    ]);
  });

  it('are sent ever more seldom while nothing comes back', async () => {
    const stage = await opened({ timeoutMs: 60_000 });
    void stage.client.put('a', '1');
    await stage.pass();
    stage.sent();
    const atMs: number[] = [];
    while (stage.nowMs < 9000) {
      await stage.pass(25);
      if (stage.commits().length > 0) atMs.push(stage.nowMs);
    }
    const waits = atMs.map((ms, index) => ms - (atMs[index - 1] ?? 0));
    expect(waits).to.deep.equal([250, 500, 1000, 2000, 2000, 2000]);
  });

  it('are unknown when the leader dies, once its last words are heard', async () => {
    const stage = await opened();
    const puts = ['a', 'b'].map((key) => ending(stage.client.put(key, key)));
    await stage.pass();
    await stage.kill('0');
    await stage.tell(7, committed(2));
    expect(puts.map(({ ended }) => ended)).to.deep.equal([undefined, 'committed']);
    await stage.pass(50);
    expect(puts.map(({ ended }) => ended)).to.deep.equal(['SYNOD_UNKNOWN_OUTCOME', 'committed']);
    await stage.tell(7, committed(1));
    expect(stage.client.inFlight).to.equal(0);
  });

  it('that were not handed in wait for the next life of the leader, in a session of their own', async () => {
    const stage = await opened();
    await stage.kill('0');
    const put = ending(stage.client.put('a', '1'));
    await stage.pass(1000);
    expect(stage.sent()).to.deep.equal([]);
    await stage.start('0');
    await stage.open(8);
    expect(stage.commits()[0]).to.include({ session: 8, first: 1, below: 1 });
    await stage.tell(7, committed(1));
    expect(put.ended, 'of another session').to.equal(undefined);
    await stage.tell(8, committed(1));
    expect(put.ended).to.equal('committed');
  });

  it('are unknown when the leader does not know the session, and later ones go into another', async () => {
    const stage = await opened();
    const puts = ['a', 'b'].map((key) => ending(stage.client.put(key, key)));
    await stage.pass();
    await stage.tell(7, [1, 'unknown']);
    const later = ending(stage.client.put('c', 'c'));
    await stage.pass(50);
    expect(puts.map(({ ended }) => ended)).to.deep.equal(['SYNOD_UNKNOWN_OUTCOME', 'SYNOD_UNKNOWN_OUTCOME']);
    await stage.open(9);
    await stage.tell(9, committed(1));
    expect(later.ended).to.equal('committed');
  });

  it('are sent again soon to a leader that had no room', async () => {
    const stage = await opened();
    void stage.client.put('a', '1');
    await stage.pass();
    stage.sent();
    stage.receive('0', { type: 'refused' });
    await stage.pass(10);
    expect(stage.commits()).to.deep.equal([]);
    await stage.pass(40);
    expect(stage.commits()).to.have.length(1);
  });

  it('fail when no answer comes in time: they may happen yet, or were not handed in', async () => {
    const stage = await opened({ timeoutMs: 1000 });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass(1100);
    expect(put.ended).to.equal('SYNOD_TIMEOUT');
    await stage.tell(7, committed(1));
    expect(stage.client.inFlight).to.equal(0);
    await stage.kill('0');
    const late = ending(stage.client.put('a', '1'));
    await stage.pass(1100);
    expect(late.ended).to.equal('SYNOD_NO_LEADER');
    stage.sent();
    await stage.start('0');
    await stage.pass(1000);
    expect(stage.commits()).to.deep.equal([]);
  });

  it('are not begun when too many are under way', async () => {
    const stage = await opened({ inFlightMax: 2 });
    for (const key of ['a', 'b']) void stage.client.put(key, key);
    await stage.pass();
    const third = ending(stage.client.put('c', 'c'));
    await stage.pass();
    expect(third.ended).to.equal('SYNOD_OVERLOADED');
    await stage.tell(7, committed(1));
    void stage.client.put('c', 'c');
    await stage.pass();
    expect(stage.client.inFlight).to.equal(2);
  });

  it('fail when the client is closed, wherever they are', async () => {
    const stage = await opened();
    const handedIn = ending(stage.client.put('a', '1'));
    await stage.pass();
    await stage.kill('0');
    const waiting = ending(stage.client.put('b', '1'));
    await stage.client[Symbol.asyncDispose]();
    const after = ending(stage.client.put('c', '1'));
    await stage.pass();
    for (const put of [handedIn, waiting, after]) expect(put.ended).to.equal('SYNOD_CLOSED');
  });
});

describe("a client's commits, where several nodes may lead", () => {
  const leaders = ['0', '1', '2', '3'];
  const openAt = async (stage: TransactionStage, node: string, session: number) => {
    await stage.pass();
    const opening = stage.sent('open').find((sent) => sent.node === node);
    stage.receive(node, {
      type: 'opened',
      nonce: (opening?.message as Open).nonce,
      session,
      life: 1,
    } as Opened);
    await stage.pass();
  };
  const tellFrom = async (node: string, stage: TransactionStage, session: number, ...outcomes: Outcome[]) => {
    stage.receive(node, { type: 'outcomes', session, outcomes } as Outcomes);
    await stage.pass();
  };

  it('are asked for again at the next one when the leader dies, and new ones take a session there', async () => {
    const stage = await opened({ leaders });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass();
    stage.sent();
    await stage.kill('0');
    const [again] = stage.sent('commit');
    expect(again).to.include({ node: '1' });
    expect(again?.message).to.include({ session: 7, first: 1 });
    const next = ending(stage.client.put('b', '2'));
    await openAt(stage, '1', 9);
    expect(stage.commits()[0]).to.include({ session: 9, first: 1 });
    await tellFrom('1', stage, 7, committed(1));
    expect(put.ended).to.equal('committed');
    await tellFrom('1', stage, 9, [1, 'aborted', 'vote']);
    expect(next.ended).to.equal('aborted');
  });

  it('are unknown where the next leader knows nothing of them', async () => {
    const stage = await opened({ leaders });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass();
    await stage.kill('0');
    await tellFrom('1', stage, 7, [1, 'unknown']);
    expect(put.ended).to.equal('SYNOD_UNKNOWN_OUTCOME');
  });

  it('go where they are sent to, unless nobody lives there', async () => {
    const stage = new TransactionStage({ leaders });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass();
    stage.sent();
    await stage.kill('3');
    stage.receive('0', { type: 'redirect', leader: '3' } as Message);
    await stage.pass();
    expect(stage.sent()).to.deep.equal([]);
    stage.receive('0', { type: 'redirect', leader: '2' } as Message);
    await openAt(stage, '2', 9);
    expect(stage.commits()[0]).to.include({ session: 9 });
    await tellFrom('2', stage, 9, committed(1));
    expect(put.ended).to.equal('committed');
  });

  it('go to another one when the leader is silent', async () => {
    const stage = await opened({ leaders });
    void stage.client.put('a', '1').catch(() => {});
    await stage.pass();
    stage.sent();
    await stage.pass(300);
    expect(stage.sent('commit').map(({ node }) => node)).to.deep.equal(['1']);
  });

  it('fail in time where nobody answers', async () => {
    const stage = await opened({ leaders, timeoutMs: 1000 });
    const put = ending(stage.client.put('a', '1'));
    await stage.pass();
    await stage.kill('0');
    await stage.pass(1100);
    expect(put.ended).to.equal('SYNOD_TIMEOUT');
    stage.sent();
    await stage.pass(1000);
    expect(stage.sent('commit'), 'nobody waits for it any more').to.deep.equal([]);
  });
});
