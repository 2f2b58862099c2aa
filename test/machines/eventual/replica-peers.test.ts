import { expect } from 'chai';
import { persisted, sent } from '../role-driver.ts';
import { answered, CLIENT, posted, ReplicaDriver, SETTINGS, warnings } from './replica-driver.ts';
import { TestServer } from './values.ts';

const put = (key: string, value: unknown = 'v') => [{ key, value }];
const { exchangeMs, retryMsMin, gossipMs, syncRetryMs } = SETTINGS;

/** What another server has written, as it sends it. */
function runsOf(server: TestServer): Uint8Array[] {
  return server.state.log.between(1, server.state.counter).map(({ run }) => run);
}

function writer(origin: number, ...keys: readonly string[]): TestServer {
  const server = new TestServer(origin);
  for (const key of keys) server.put(key, `${key} of ${origin}`);
  return server;
}

describe('a replica and the others', () => {
  it('takes in what others write at once, and acknowledges it when it is on disk', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    const [two, three] = [writer(2, 'k', 'l'), writer(3, 'm')];
    const effects = [
      ...runsOf(two).flatMap((run) => driver.hear({ type: 'entries', runs: [run] })),
      ...runsOf(three).flatMap((run) => driver.hear({ type: 'entries', runs: [run] }, 3)),
    ];
    expect(driver.server.values()).to.deep.equal({ k: 'k of 2', l: 'l of 2', m: 'm of 3' });
    expect(effects, 'nothing is said of it').to.deep.equal([]);
    const later = driver.pass(exchangeMs);
    expect(persisted(later), 'one flush for all').to.have.length(1);
    const [receipt] = posted(later, 'receipt');
    expect(receipt).to.deep.include({ to: [2, 3], when: 'durable' });
    expect(receipt!.message.held).to.deep.equal([
      [2, 1, 2],
      [3, 1, 1],
    ]);
  });

  it('says nothing of what it holds that is not in the same transaction, whatever it is asked', () => {
    for (const ask of [
      (driver: ReplicaDriver) => driver.hear({ type: 'probe', number: 4 }, 3),
      (driver: ReplicaDriver) => driver.reach(2, 3),
    ]) {
      const driver = new ReplicaDriver();
      driver.reach(2);
      driver.hear({ type: 'entries', runs: runsOf(writer(2, 'k')).slice(0, 1) });
      const effects = ask(driver);
      const [receipt] = posted(effects, 'receipt');
      expect(receipt!.message.held).to.deep.include([2, 1, 1]);
      expect(receipt!.when).to.not.equal('early');
      expect(persisted(effects).some((write) => 'key' in write && write.key[0] === 'redo')).to.equal(true);
    }
  });

  it('writes what others have written with what its own clients write', () => {
    const driver = new ReplicaDriver();
    driver.reach(2);
    driver.hear({ type: 'entries', runs: runsOf(writer(2, 'k')) });
    const records = persisted(driver.write(put('own'))).map((write) => 'key' in write && write.key[0]);
    expect(records).to.have.members(['log', 'redo']);
    const later = driver.pass(exchangeMs);
    expect(persisted(later), 'it is on disk').to.deep.equal([]);
    expect(posted(later, 'receipt')[0]!.message.held).to.deep.include([2, 1, 1]);
  });

  it('sends the first write at once, and those of the next moment together', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    expect(posted(driver.write(put('k')), 'entries')).to.have.length(1);
    expect(posted(driver.write(put('l'), { number: 2 }), 'entries')).to.deep.equal([]);
    expect(posted(driver.write(put('m'), { number: 3 }), 'entries')).to.deep.equal([]);
    const [entries, ...others] = posted(driver.pass(exchangeMs), 'entries');
    expect(others).to.deep.equal([]);
    expect(entries!.to).to.deep.equal([2, 3]);
    expect(entries!.message.runs).to.deep.equal(runsOf(driver.server).slice(1));
    driver.pass(exchangeMs);
    expect(posted(driver.write(put('n'), { number: 4 }), 'entries'), 'all is calm').to.have.length(1);
  });

  it('does not keep much waiting for others to go with', () => {
    const driver = new ReplicaDriver({ sendBytes: 100 });
    driver.reach(2);
    driver.write(put('k'));
    const [entries] = posted(driver.write(put('l'.repeat(100)), { number: 2 }), 'entries');
    expect(entries!.message.runs).to.have.length(1);
  });

  it('refuses a clock that names a server which is no member, unless who sends it knows it', () => {
    const driver = new ReplicaDriver();
    driver.reach(2);
    const two = writer(2);
    two.hear(writer(9, 'of a stranger'));
    two.put('k', 1);
    const [run] = runsOf(two);
    const effects = driver.hear({ type: 'entries', runs: [run!] });
    expect(warnings(effects)).to.deep.equal(['SYNOD_UNKNOWN_MEMBER']);
    expect(driver.server.values()).to.deep.equal({});
    expect(posted(driver.pass(exchangeMs), 'receipt'), 'nor acknowledged').to.deep.equal([]);
    expect(
      warnings(driver.hear({ type: 'receipt', origin: 2, held: [[9, 1, 1]], isSyncing: false, probe: 0 })),
    ).to.deep.equal(['SYNOD_UNKNOWN_MEMBER']);

    const known = driver.hear({ type: 'entries', runs: [run!], members: [1, 2, 3, 9] });
    expect(warnings(known)).to.deep.equal([]);
    expect(persisted(known), 'the members').to.have.length(1);
    expect(sent(known, 'knownMembers')).to.have.length(1);
    expect(driver.server.values()).to.deep.equal({ k: 1 });
  });

  it('drops what does not decode, and says so', () => {
    const driver = new ReplicaDriver();
    driver.reach(2);
    for (const message of [
      { type: 'entries', runs: [Uint8Array.of(0, 1)] },
      { type: 'entries', runs: ['x'] },
      { type: 'entries', runs: [new Uint8Array()], sender: 'x' },
      { type: 'entries', runs: [new Uint8Array()], members: [-1] },
      { type: 'receipt', origin: 2, held: [[1, 5, 2]], isSyncing: false, probe: 0 },
      { type: 'probe', number: -1 },
      { type: 'digest', digest: 'x' },
      { type: 'syncRequest', sync: 1, held: 7 },
      { type: 'syncNext', sync: 1, piece: 0.5 },
    ]) {
      const effects = driver.hear(message);
      expect(warnings(effects), JSON.stringify(message)).to.deep.equal(['SYNOD_BAD_GOSSIP']);
      expect(effects).to.have.length(1);
    }
  });

  it('asks who has not acknowledged, and sends again what that one says it lacks', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    driver.write(put('k'));
    driver.write(put('l'), { number: 2 });
    driver.hear({ type: 'receipt', origin: 3, held: [[1, 1, 2]], isSyncing: false, probe: 0 }, 3);
    const [probe, ...others] = posted(driver.pass(2 * retryMsMin), 'probe');
    expect(others).to.deep.equal([]);
    expect(probe!.to).to.deep.equal([2]);
    driver.write(put('m'), { number: 3 });
    const answer = { type: 'receipt', origin: 2, held: [[1, 2, 2]], isSyncing: false };
    expect(posted(driver.hear({ ...answer, probe: 0 }), 'entries'), 'no answer to it').to.deep.equal([]);
    const again = posted(driver.hear({ ...answer, probe: probe!.message.number }), 'entries');
    expect(again.map(({ to }) => to)).to.deep.equal([[2]]);
    expect(again[0]!.message.runs[0]).to.deep.equal(runsOf(driver.server)[0]);
  });

  it('does not send again what is on its way to the other by anti-entropy', () => {
    const driver = new ReplicaDriver();
    driver.reach(2);
    driver.write(put('k'));
    const [probe] = posted(driver.pass(2 * retryMsMin), 'probe');
    const answer = { type: 'receipt', origin: 2, held: [], isSyncing: true, probe: probe!.message.number };
    expect(posted(driver.hear(answer), 'entries')).to.deep.equal([]);
  });

  it('neither asks nor sends anything to a server that there is no way to', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    driver.reach(2);
    expect(posted(driver.write(put('k')), 'entries')[0]!.to).to.deep.equal([2]);
    driver.reach();
    expect(posted(driver.write(put('l'), { number: 2 }), 'entries')).to.deep.equal([]);
    const effects = driver.pass(5000);
    expect(sent(effects, 'post')).to.deep.equal([]);
    // Back again, it is told what there is, and asks for it; it is not flooded.
    const back = driver.reach(2);
    expect(posted(back, 'receipt')[0]!.to).to.deep.equal([2]);
    expect(posted(back, 'entries')).to.deep.equal([]);
    expect(posted(driver.pass(3000), 'probe')).to.deep.equal([]);
  });

  it('tells all what it holds when that has changed, else a digest; who knows otherwise asks', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    driver.write(put('k'));
    expect(posted(driver.pass(gossipMs), 'receipt')[0]!.to).to.deep.equal([2, 3]);
    const effects = driver.pass(gossipMs);
    expect(posted(effects, 'receipt')).to.deep.equal([]);
    const [digest] = posted(effects, 'digest');
    const other = new ReplicaDriver();
    other.reach(2);
    expect(posted(other.hear({ ...digest!.message }), 'probe')[0]!.to, 'it knows of nothing').to.deep.equal([
      1,
    ]);
    const { ranges } = driver.server.state.held;
    other.hear({ type: 'receipt', sender: 1, origin: 1, held: ranges, isSyncing: false, probe: 0 });
    expect(posted(other.hear({ ...digest!.message }), 'probe')).to.deep.equal([]);
  });

  describe('what it lacks', () => {
    const receipt = (held: readonly (readonly number[])[], origin: number) => ({
      type: 'receipt',
      origin,
      held,
      isSyncing: false,
      probe: 0,
    });

    /** A replica that lacks writes of server 2, and has asked for them. */
    function lacking(changed = {}) {
      const driver = new ReplicaDriver(changed);
      const two = writer(2, 'k', 'l', 'm');
      driver.reach(2, 3);
      driver.hear(receipt([[2, 1, 2]], 3), 3);
      driver.hear(receipt([[2, 1, 3]], 2));
      driver.pass(gossipMs);
      const [request] = posted(driver.pass(gossipMs), 'syncRequest');
      return { driver, two, request: request!, sync: request!.message.sync, run: runsOf(two) };
    }

    it('it asks one neighbour for, that has most, once it has lacked it for a while', () => {
      const driver = new ReplicaDriver();
      driver.reach(2, 3);
      driver.hear(receipt([[2, 1, 2]], 3), 3);
      driver.hear(receipt([[2, 1, 3]], 2));
      expect(posted(driver.pass(gossipMs), 'syncRequest'), 'it may be on its way').to.deep.equal([]);
      const requests = posted(driver.pass(gossipMs), 'syncRequest');
      expect(requests.map(({ to }) => to)).to.deep.equal([[2]]);
      expect(requests[0]!.message.held).to.deep.equal([]);
    });

    it('it does not ask for when it has come meanwhile, nor of one that is no neighbour', () => {
      const driver = new ReplicaDriver();
      driver.receive({
        type: 'topology',
        routes: [
          [2, 3],
          [3, 3],
        ],
      });
      const two = writer(2, 'k');
      driver.hear(receipt([[2, 1, 1]], 2));
      driver.pass(gossipMs);
      expect(posted(driver.pass(gossipMs), 'syncRequest')).to.deep.equal([]);
      driver.hear(receipt([[2, 1, 1]], 3), 3);
      driver.pass(gossipMs);
      driver.hear({ type: 'entries', runs: runsOf(two).slice(0, 1) });
      expect(posted(driver.pass(gossipMs), 'syncRequest')).to.deep.equal([]);
    });

    it('it holds when all pieces have come, and not before', () => {
      const { driver, run, sync } = lacking();
      const read = () =>
        answered(driver.receive({ type: 'read', id: 1, past: [2, 1], keys: ['k'] }, CLIENT))[0]!.type;
      const first = driver.hear({ type: 'syncPiece', sync, piece: 0, run: run[0]! });
      expect(driver.server.value('k'), 'it is here').to.equal('k of 2');
      expect(read(), 'but others that follow it may not be').to.equal('behind');
      expect(persisted(first)).to.have.length(1);
      expect(posted(first, 'syncNext')[0]).to.deep.include({ to: [2], when: 'durable' });
      driver.hear({ type: 'syncPiece', sync, piece: 1, run: run[1]! });
      const end = { held: [[2, 1, 3]], seen: [2, 3] };
      const last = driver.hear({ type: 'syncPiece', sync, piece: 2, run: run[2]!, end });
      expect(read()).to.equal('values');
      expect(driver.server.state.held.ranges).to.deep.equal([[2, 1, 3]]);
      expect(posted(last, 'receipt')[0]!.to, 'others may want it').to.deep.equal([2, 3]);
      driver.server.restart();
      expect(driver.server.state.held.ranges).to.deep.equal([[2, 1, 3]]);
      expect(driver.server.values()).to.deep.equal({ k: 'k of 2', l: 'l of 2', m: 'm of 2' });
    });

    it('it does not hold after a crash before the last piece', () => {
      const { driver, run, sync } = lacking();
      driver.hear({ type: 'syncPiece', sync, piece: 0, run: run[0]! });
      driver.server.writeBehind();
      driver.server.restart();
      expect(driver.server.state.held.ranges).to.deep.equal([]);
      expect(driver.server.value('k')).to.equal('k of 2');
    });

    it('takes no piece twice, nor out of order, nor of another sync or server', () => {
      const { driver, run, sync } = lacking();
      for (const [piece, number, sender] of [
        [1, sync, 2],
        [0, sync + 1, 2],
        [0, sync, 3],
      ] as const) {
        expect(driver.hear({ type: 'syncPiece', sync: number, piece, run: run[0]! }, sender)).to.deep.equal(
          [],
        );
      }
      driver.hear({ type: 'syncPiece', sync, piece: 0, run: run[0]! });
      expect(driver.hear({ type: 'syncPiece', sync, piece: 0, run: run[0]! })).to.deep.equal([]);
    });

    it('asks again for a piece that does not come, then another neighbour', () => {
      const { driver, sync } = lacking();
      expect(posted(driver.pass(syncRetryMs), 'syncRequest')[0]!.message.sync).to.equal(sync);
      driver.reach(3);
      const requests = posted(driver.pass(3 * syncRetryMs), 'syncRequest');
      expect(requests[0]!.to).to.deep.equal([3]);
      expect(requests[0]!.message.sync).to.not.equal(sync);
    });

    it('begins anew when the other side has forgotten', () => {
      const { driver, sync, run } = lacking();
      driver.hear({ type: 'syncPiece', sync, piece: 0, run: run[0]! });
      driver.hear({ type: 'syncGone', sync });
      const [request] = posted(driver.pass(2 * gossipMs), 'syncRequest');
      expect(request!.message.sync).to.not.equal(sync);
    });

    it('says that it is on its way', () => {
      const { driver } = lacking();
      expect(posted(driver.hear({ type: 'probe', number: 1 }), 'receipt')[0]!.message.isSyncing).to.equal(
        true,
      );
    });
  });

  describe('without a memory', () => {
    const SEEN = { type: 'seen', seen: [2, 7], isIgnorant: false };

    it('waits with its first writes until another has told it what they must follow', () => {
      const driver = new ReplicaDriver({}, [1, 2, 3], true);
      expect(answered(driver.write(put('k')))).to.deep.equal([]);
      expect(answered(driver.write(put('l'), { attachment: 'b' }))).to.deep.equal([]);
      expect(posted(driver.reach(2), 'askSeen').map(({ to, when }) => [to, when])).to.deep.equal([
        [[2], 'early'],
      ]);
      const effects = driver.hear(SEEN);
      expect(answered(effects).map(({ type }) => type)).to.deep.equal(['written', 'written']);
      expect(driver.server.state.seen).to.deep.equal([1, 2, 2, 7]);
      driver.server.restart();
      expect(driver.server.state.seen, 'durably').to.deep.equal([1, 2, 2, 7]);
      expect(posted(driver.reach(2, 3), 'askSeen'), 'it knows').to.deep.equal([]);
    });

    it('does not take it from one that has none either, if there is another', () => {
      const driver = new ReplicaDriver({}, [1, 2, 3], true);
      driver.write(put('k'));
      driver.reach(2, 3);
      const ignorant = { type: 'seen', seen: [], isIgnorant: true };
      expect(answered(driver.hear(ignorant))).to.deep.equal([]);
      expect(answered(driver.hear(ignorant, 3)), 'nobody knows anything').to.have.length(1);
    });

    it('does not wait for ever', () => {
      const driver = new ReplicaDriver({}, [1, 2, 3], true);
      driver.write(put('k'));
      expect(answered(driver.pass(SETTINGS.learnMs - 1))).to.deep.equal([]);
      expect(answered(driver.pass(1))).to.have.length(1);
    });

    it('answers who asks, and says that it has none', () => {
      const driver = new ReplicaDriver();
      driver.reach(2);
      driver.hear({ type: 'entries', runs: runsOf(writer(3, 'k')).slice(0, 1) });
      const effects = driver.hear({ type: 'askSeen' });
      expect(posted(effects, 'seen')[0]!.message).to.deep.include({ seen: [3, 1], isIgnorant: false });
      expect(persisted(effects), 'what it says is on disk').to.have.length(1);
      const ignorant = new ReplicaDriver({}, [1, 2, 3], true);
      ignorant.reach(2);
      expect(posted(ignorant.hear({ type: 'askSeen' }), 'seen')[0]!.message.isIgnorant).to.equal(true);
    });
  });

  it('sends others what they lack by an actor for each; a new request takes the place of an old one', () => {
    const driver = new ReplicaDriver();
    driver.reach(2, 3);
    driver.write(put('k'));
    const effects = driver.hear({ type: 'syncRequest', sync: 5, held: [] });
    expect(effects.map(({ effect }) => effect)).to.deep.equal(['stop', 'spawn']);
    expect(sent(driver.hear({ type: 'syncNext', sync: 5, piece: 1 })).map(([to]) => to)).to.deep.equal([
      '1/syncSender/2',
    ]);
    expect(driver.hear({ type: 'syncRequest', sync: 6, held: [] }).map(({ effect }) => effect)).to.deep.equal(
      ['stop', 'spawn'],
    );
    expect(posted(driver.hear({ type: 'syncNext', sync: 5, piece: 1 }), 'syncGone')).to.have.length(1);
    driver.receive({ type: 'done', output: undefined }, '1/syncSender/2');
    expect(posted(driver.hear({ type: 'syncNext', sync: 6, piece: 1 }), 'syncGone')).to.have.length(1);
  });
});
