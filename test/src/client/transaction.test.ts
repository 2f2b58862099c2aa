import { expect } from 'chai';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/applications/key-value-bounds.ts';
import { contents, ending, TransactionStage } from './transaction-stage.ts';

/** A stage whose client has its session, and answers to reads by key. */
async function opened(values: Readonly<Record<string, readonly [number, string]>> = {}) {
  const stage = new TransactionStage();
  await stage.open(7);
  /** Lets a read be answered. */
  const get = async (read: () => Promise<unknown>) => {
    const found = ending(read());
    await stage.pass();
    for (const { node, read: asked } of stage.reads()) {
      const [version, value] = values[asked.keys[0]!] ?? [0, null];
      await stage.values(node, asked.id, [version, value]);
    }
    return found.ended;
  };
  return { stage, client: stage.client, get };
}

/** What the client has handed in. */
async function handedIn(stage: TransactionStage) {
  await stage.pass();
  return stage.commits().flatMap(contents);
}

const codeOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a transaction', () => {
  it('sees its own changes, and what is committed as of the first read', async () => {
    const { stage, client, get } = await opened({ a: [3, 'old'], b: [4, 'there'] });
    const transaction = client.begin();
    expect(await get(() => transaction.get('a'))).to.equal('old');
    expect(await get(() => transaction.get('none'))).to.equal(undefined);
    transaction.put('a', 'new');
    expect(await get(() => transaction.get('a'))).to.equal('new');
    transaction.delete('a');
    expect(await get(() => transaction.get('a'))).to.equal(undefined);
    transaction.put('blind', 'x');
    expect(await get(() => transaction.get('b'))).to.equal('there');
    const again = ending(transaction.get('b'));
    await stage.pass();
    expect(again.ended).to.equal('there');
    expect(stage.reads(), 'nobody is asked twice').to.deep.equal([]);
    void transaction.commit();
    expect(await handedIn(stage)).to.deep.equal([
      {
        reads: [
          ['a', 3],
          ['none', 0],
          ['b', 4],
        ],
        conditions: [],
        writes: [
          ['a', null],
          ['blind', 'x'],
        ],
      },
    ]);
  });

  it('takes the first of two answers for both reads of a key', async () => {
    const { stage, client } = await opened();
    const transaction = client.begin();
    const reads = [ending(transaction.get('a')), ending(transaction.get('a'))];
    await stage.pass();
    const [first, second] = stage.reads();
    await stage.values(second!.node, second!.read.id, [9, 'newer']);
    await stage.values(first!.node, first!.read.id, [8, 'older']);
    expect(reads.map(({ ended }) => ended)).to.deep.equal(['newer', 'newer']);
    void transaction.commit();
    expect((await handedIn(stage))[0]?.reads).to.deep.equal([['a', 9]]);
  });

  it('compares with what is committed at the commit, or with what it has written itself', async () => {
    const { stage, client } = await opened();
    const transaction = client.begin();
    transaction.compareAndSet('a', '1', '2');
    transaction.compareAndSet('a', '2', '3');
    transaction.compareAndSet('b', undefined, 'x');
    void transaction.commit();
    expect(await handedIn(stage)).to.deep.equal([
      {
        reads: [],
        conditions: [
          ['a', '1'],
          ['b', null],
        ],
        writes: [
          ['a', '3'],
          ['b', 'x'],
        ],
      },
    ]);
    const contradictory = client.begin();
    contradictory.put('a', '1');
    contradictory.compareAndSet('a', '2', '3');
    const outcome = ending(contradictory.commit());
    expect(await handedIn(stage)).to.deep.equal([]);
    expect(outcome.ended).to.equal('aborted');
    expect(contradictory.abortReason).to.equal('condition');
  });

  it('compares binaries by what they hold, and keeps them as they were', async () => {
    const { stage, client } = await opened();
    const transaction = client.begin();
    const bytes = new Uint8Array([1]);
    transaction.put('a', bytes);
    bytes[0] = 2;
    transaction.compareAndSet('a', new Uint8Array([1]), new Uint8Array([3]));
    void transaction.commit();
    const [{ writes } = { writes: [] }] = await handedIn(stage);
    expect(writes.map(([key, value]) => [key, [...(value as Uint8Array)]])).to.deep.equal([['a', [3]]]);
  });

  it('says why it came to nothing', async () => {
    const { stage, client } = await opened();
    const transaction = client.begin();
    transaction.put('a', '1');
    const outcome = ending(transaction.commit());
    await stage.pass();
    expect(transaction.abortReason).to.equal(undefined);
    await stage.tell(7, [1, 'aborted', 'conflict']);
    expect(outcome.ended).to.equal('aborted');
    expect(transaction.abortReason).to.equal('conflict');
  });

  it('of nothing is committed, and nobody is asked', async () => {
    const { stage, client } = await opened();
    const outcome = ending(client.begin().commit());
    expect(await handedIn(stage)).to.deep.equal([]);
    expect(outcome.ended).to.equal('committed');
  });

  it('is the only one open of its client', async () => {
    const { client } = await opened();
    const first = client.begin();
    expect(codeOf(() => client.begin())).to.equal('SYNOD_TRANSACTION_OPEN');
    first.abort();
    const second = client.begin();
    second.put('a', '1');
    void second.commit();
    expect(second.isOpen).to.equal(false);
    expect(client.begin().isOpen, 'while the last is being decided').to.equal(true);
  });

  it('is unknown once it was committed or aborted', async () => {
    for (const end of ['commit', 'abort'] as const) {
      const { stage, client } = await opened();
      const transaction = client.begin();
      transaction.put('a', '1');
      const reading = ending(transaction.get('b'));
      void transaction[end]();
      const calls = [
        () => transaction.put('a', '1'),
        () => transaction.delete('a'),
        () => transaction.compareAndSet('a', '1', '2'),
        () => transaction.abort(),
      ];
      for (const call of calls) expect(codeOf(call)).to.equal('SYNOD_UNKNOWN_TRANSACTION');
      const late = [ending(transaction.get('a')), ending(transaction.commit())];
      await stage.pass();
      for (const { node, read } of stage.reads()) await stage.values(node, read.id, [1, 'x']);
      for (const { ended } of [...late, reading]) expect(ended).to.equal('SYNOD_UNKNOWN_TRANSACTION');
    }
  });

  const bad: readonly (readonly [what: string, key: unknown, value: unknown, code: string])[] = [
    ['a long key', `${'é'.repeat(KEY_BYTES_MAX / 2)}x`, 'v', 'SYNOD_KEY_TOO_LARGE'],
    ['a large text', 'k', `${'é'.repeat(VALUE_BYTES_MAX / 2)}x`, 'SYNOD_VALUE_TOO_LARGE'],
    ['a large binary', 'k', new Uint8Array(VALUE_BYTES_MAX + 1), 'SYNOD_VALUE_TOO_LARGE'],
    ['an empty key', '', 'v', 'SYNOD_BAD_OPERATION'],
    ['half a character', '\ud800', 'v', 'SYNOD_BAD_OPERATION'],
    ['no text', 'k', 5, 'SYNOD_BAD_OPERATION'],
  ];
  for (const [what, key, value, code] of bad) {
    it(`refuses ${what}, and stays as it was`, async () => {
      const { stage, client } = await opened();
      const transaction = client.begin();
      transaction.put('a', '1');
      expect(codeOf(() => transaction.put(key as string, value as string))).to.equal(code);
      expect(codeOf(() => transaction.compareAndSet(key as string, undefined, value as string))).to.equal(
        code,
      );
      const single = ending(client.put(key as string, value as string));
      await stage.pass();
      expect(single.ended).to.equal(code);
      void transaction.commit();
      expect((await handedIn(stage))[0]?.writes).to.deep.equal([['a', '1']]);
    });
  }

  it('takes the longest key and the largest value', async () => {
    const { stage, client } = await opened();
    const key = 'é'.repeat(KEY_BYTES_MAX / 2);
    void client.put(key, 'é'.repeat(VALUE_BYTES_MAX / 2));
    void client.put(key, new Uint8Array(VALUE_BYTES_MAX));
    expect(await handedIn(stage)).to.have.length(2);
  });

  it('that is too large as a whole is not handed in, and stays open', async () => {
    const { stage, client } = await opened();
    const transaction = client.begin();
    for (let number = 0; number < 9; number++)
      transaction.put(`key-${number}`, new Uint8Array(VALUE_BYTES_MAX));
    const outcome = ending(transaction.commit());
    await stage.pass();
    expect(outcome.ended).to.equal('SYNOD_BAD_TRANSACTION');
    expect(transaction.isOpen).to.equal(true);
    for (let number = 0; number < 5; number++) transaction.delete(`key-${number}`);
    void transaction.commit();
    expect(await handedIn(stage)).to.have.length(1);
  });

  it('of one call is one of its own: put, delete, compare and set', async () => {
    const { stage, client } = await opened();
    const calls = [client.put('a', '1'), client.delete('b'), client.compareAndSet('c', '1', '2')].map(ending);
    expect(await handedIn(stage)).to.deep.equal([
      { reads: [], conditions: [], writes: [['a', '1']] },
      { reads: [], conditions: [], writes: [['b', null]] },
      { reads: [], conditions: [['c', '1']], writes: [['c', '2']] },
    ]);
    await stage.tell(7, [1, 'committed', 1], [2, 'committed', 2], [3, 'aborted', 'condition']);
    expect(calls.map(({ ended }) => ended)).to.deep.equal(['committed', 'committed', 'aborted']);
  });
});
