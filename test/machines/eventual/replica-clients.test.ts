import { expect } from 'chai';
import type { EventualStatus } from '../../../machines/eventual/client-messages.ts';
import { KEY_BYTES_MAX } from '../../../machines/eventual/operations.ts';
import { persisted, sent } from '../role-driver.ts';
import { answered, CLIENT, posted, ReplicaDriver, SETTINGS } from './replica-driver.ts';

const put = (key: string, value: unknown = 'v') => [{ key, value }];

describe('a replica and its clients', () => {
  it('has a write on disk before it answers, and before the others hear of it', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    const effects = driver.write(put('k'));
    expect(persisted(effects)).to.have.length(1);
    const [entries] = posted(effects, 'entries');
    expect([entries!.to, entries!.when]).to.deep.equal([[2, 3], 'durable']);
    expect(answered(effects)).to.deep.equal([
      {
        type: 'written',
        attachment: driver.attachmentOf('a'),
        number: 1,
        session: { order: [1, 1], past: [1, 1] },
      },
    ]);
    expect(effects.every((effect) => effect.effect !== 'send' || effect.when === 'durable')).to.equal(true);
    expect(driver.server.value('k')).to.equal('v');
  });

  it('takes all that a turn brings as one: one record, one message to the others', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    const write = (attachment: string, key: string) =>
      driver.role.receive(writeOf(driver, key, attachment), `clients/${attachment}`);
    const [first, second] = [write('a', 'k'), write('b', 'l')];
    expect(
      sent([...first, ...second]).map(([, { type }]) => type),
      'one note to itself',
    ).to.deep.equal(['gather']);
    const effects = driver.settle(first);
    expect(persisted(effects)).to.have.length(1);
    expect(posted(effects, 'entries')).to.have.length(1);
    expect(sent(effects, 'written').map(([to, { type }]) => [to, type])).to.deep.equal([
      ['clients/a', 'written'],
      ['clients/b', 'written'],
    ]);
    expect(driver.server.values()).to.deep.equal({ k: 'v', l: 'v' });
  });

  it('takes a write that is sent again no second time, and answers as before', () => {
    const driver = new ReplicaDriver();
    const first = answered(driver.write(put('k', 1)));
    const again = driver.write(put('k', 1));
    expect(answered(again)).to.deep.equal(first);
    expect(persisted(again)).to.deep.equal([]);
    expect(driver.server.state.counter).to.equal(1);
    driver.write(put('k', 2), { number: 2 });
    expect(answered(driver.write(put('k', 1)))).to.deep.equal([
      {
        type: 'written',
        attachment: driver.attachmentOf('a'),
        number: 1,
        session: { order: [1, 2], past: [1, 2] },
      },
    ]);
    expect(driver.server.value('k')).to.equal(2);
  });

  it('does not answer one that is sent again while it still waits', () => {
    const driver = new ReplicaDriver();
    const first = driver.role.receive(writeOf(driver, 'k'), CLIENT);
    expect(driver.role.receive(writeOf(driver, 'k'), CLIENT)).to.deep.equal([]);
    expect(answered(driver.settle(first))).to.have.length(1);
  });

  it('says where to go on when one is missing, and when it does not know the client', () => {
    const driver = new ReplicaDriver();
    driver.write(put('k'));
    expect(answered(driver.write(put('l'), { number: 3 }))).to.deep.equal([
      { type: 'writeGap', attachment: driver.attachmentOf('a'), expected: 2 },
    ]);
    // The first one comes later.
    expect(answered(driver.write(put('l'), { attachment: 'b', number: 2 }))).to.deep.equal([
      { type: 'writeGap', attachment: driver.attachmentOf('b'), expected: 1 },
    ]);
    const stranger = { ...writeOf(driver, 'l'), attachment: 'another life' };
    expect(answered(driver.receive(stranger, CLIENT))).to.deep.equal([
      { type: 'unattached', attachment: 'another life', number: 1 },
    ]);
    driver.receive({ type: 'detach', attachment: driver.attachmentOf('a') }, CLIENT);
    for (const number of [1, 2]) {
      expect(answered(driver.write(put('l'), { number }))).to.deep.equal([
        { type: 'unattached', attachment: driver.attachmentOf('a'), number },
      ]);
    }
    expect(driver.server.values()).to.deep.equal({ k: 'v' });
  });

  it('gives each that attaches a name of its own, another one in each life', () => {
    const [driver, other] = [new ReplicaDriver(), new ReplicaDriver({}, [1, 2, 3], false, 2)];
    const names = ['a', 'b'].flatMap((client) => [driver.attachmentOf(client), other.attachmentOf(client)]);
    expect(new Set(names).size).to.equal(4);
  });

  it('forgets the clients that have not written for longest', () => {
    const driver = new ReplicaDriver({ attachmentsMax: 2 });
    for (const attachment of ['a', 'b']) driver.write(put('k'), { attachment });
    driver.write(put('k'), { attachment: 'a', number: 2 });
    driver.write(put('k'), { attachment: 'c' });
    const types = ['a', 'b'].map(
      (attachment) => answered(driver.write(put('k'), { attachment, number: 3 }))[0]!.type,
    );
    expect(types).to.deep.equal(['written', 'unattached']);
  });

  it('refuses what cannot be written, and takes what comes after', () => {
    const driver = new ReplicaDriver();
    const refused = (message: Record<string, unknown>) => {
      const [answer] = answered(driver.receive({ ...writeOf(driver, 'k'), ...message }, CLIENT));
      expect(answer!.type).to.equal('writeRefused');
      return (answer as unknown as { code: string }).code;
    };
    const long = Buffer.concat([
      Buffer.from([0x81, 0x06]),
      Buffer.alloc(KEY_BYTES_MAX + 1),
      Buffer.from([0]),
    ]);
    expect(refused({ number: 1, operations: Uint8Array.of(9, 9) })).to.equal('SYNOD_BAD_OPERATION');
    expect(refused({ number: 2, operations: long })).to.equal('SYNOD_KEY_TOO_LARGE');
    expect(refused({ number: 3, operations: Uint8Array.of(1, 107, 1, 1, 0xc1) })).to.equal(
      'SYNOD_BAD_OPERATION',
    );
    expect(refused({ number: 4, session: { order: [9, 1], past: [] } })).to.equal('SYNOD_UNKNOWN_MEMBER');
    expect(answered(driver.write(put('k'), { number: 5 }))[0]!.type).to.equal('written');
    expect(driver.server.values()).to.deep.equal({ k: 'v' });
    for (const message of [{ attachment: 1 }, { number: 'x' }, { session: {} }, { operations: 'x' }]) {
      expect(
        driver.receive({ ...writeOf(driver, 'k'), ...message }, CLIENT),
        'no message of a client',
      ).to.deep.equal([]);
    }
  });

  it('answers a read when it holds what the session rests on, and only then', () => {
    const driver = new ReplicaDriver();
    driver.write(put('k', { deep: [1] }));
    const read = (past: readonly number[], ...keys: string[]) =>
      answered(driver.receive({ type: 'read', id: 7, past, keys }, CLIENT))[0];
    expect(read([1, 1], 'k', 'none')).to.deep.equal({
      type: 'values',
      id: 7,
      values: [{ deep: [1] }, undefined],
      session: { order: [1, 1], past: [1, 1] },
    });
    expect(read([1, 2], 'none')).to.deep.equal({ type: 'behind', id: 7 });
    expect(read([2, 1], 'k')).to.deep.equal({ type: 'behind', id: 7 });
    expect(read([9, 1], 'k')).to.include({ type: 'readRefused', code: 'SYNOD_UNKNOWN_MEMBER' });
    expect(read([0], 'k')).to.include({ type: 'readRefused', code: 'SYNOD_BAD_OPERATION' });
  });

  it('notes members, durably, before it says so', () => {
    const driver = new ReplicaDriver();
    const effects = driver.receive({ type: 'members', id: 3, members: [3, 9] }, CLIENT);
    expect(persisted(effects)).to.have.length(1);
    expect(answered(effects)).to.deep.equal([{ type: 'membersNoted', id: 3, members: [1, 2, 3, 9] }]);
    expect(sent(effects, 'knownMembers')).to.have.length(1);
    const again = driver.receive({ type: 'members', id: 4, members: [9] }, CLIENT);
    expect(persisted(again)).to.deep.equal([]);
    expect(answered(again)).to.have.length(1);
  });

  it('says how it stands', () => {
    const driver = new ReplicaDriver();
    const status = () => answered(driver.receive({ type: 'status', id: 1 }, CLIENT))[0] as EventualStatus;
    expect(status()).to.include({ server: 1, keys: 0, isQuiet: true, logEntries: 0 });
    driver.reach(2);
    driver.write(put('k'));
    driver.write([{ key: 'l', value: undefined }], { number: 2 });
    expect(status()).to.deep.include({
      held: [1, 2],
      keys: 1,
      tombstones: 1,
      logEntries: 2,
      neighbours: [2],
      reachable: [2],
      nextHops: [2],
      isQuiet: false,
    });
    driver.pass(SETTINGS.exchangeMs);
    driver.hear({ type: 'receipt', origin: 2, held: [[1, 1, 2]], isSyncing: false, probe: 0 });
    expect(status(), 'member 3 cannot be reached, but the log waits for it').to.include({
      isQuiet: true,
      logEntries: 2,
    });
    driver.hear({ type: 'receipt', origin: 3, held: [[1, 1, 2]], isSyncing: false, probe: 0 }, 3);
    expect(status()).to.include({ logEntries: 0, logBytes: 0 });
  });

  it('keeps no log when it is the only member', () => {
    const driver = new ReplicaDriver({}, [1]);
    driver.write(put('k'));
    expect(driver.server.state.log.size).to.equal(0);
  });

  it('gives out all that it shows, in pieces, in the order of the keys', () => {
    const driver = new ReplicaDriver({ pieceBytesMax: 150 });
    const keys = ['b', 'a', 'ä', 'c', 'd', 'gone', 'e'];
    keys.forEach((key, at) => void driver.write(put(key, 'x'.repeat(50)), { number: at + 1 }));
    driver.write([{ key: 'gone', value: undefined }], { number: keys.length + 1 });
    const pieces: string[][] = [];
    let after: string | undefined;
    for (;;) {
      const [answer] = answered(driver.receive({ type: 'dump', id: 1, after }, CLIENT));
      const { entries, hasMore } = answer as unknown as { entries: [string, unknown][]; hasMore: boolean };
      pieces.push(entries.map(([key]) => key));
      if (!hasMore) break;
      after = entries.at(-1)![0];
    }
    expect(pieces).to.deep.equal([
      ['a', 'b', 'c'],
      ['d', 'e', 'ä'],
    ]);
  });
});

function writeOf(driver: ReplicaDriver, key: string, client = 'a') {
  const attachment = driver.attachmentOf(client);
  const operations = Uint8Array.of(1, key.charCodeAt(0), 1, 2, 0xa1, 'v'.charCodeAt(0));
  return { type: 'write', attachment, number: 1, session: { order: [], past: [] }, operations };
}
