import { expect } from 'chai';
import type { ClientAnswer, ClientMessage, Read, Write } from '../../../machines/eventual/client-messages.ts';
import { packOperations } from '../../../machines/eventual/operations.ts';
import type { Session } from '../../../machines/eventual/session.ts';
import type { ClientOptions } from '../../../src/client/client.ts';
import { EventualClient } from '../../../src/client/eventual-client.ts';
import { Gateway } from '../../../src/client/gateway.ts';
import { WriteOrder } from '../../../src/client/write-order.ts';
import { type Arrived, StageHost } from './stage-host.ts';

/** A clock of one server's writes. */
const clockOf = (server: number, counter: number): Session => ({
  order: [server, counter],
  past: [server, counter],
});

/** Two clients before a stage of two servers. */
class Stage {
  readonly host = new StageHost(['0', '1']);
  readonly gateway = new Gateway(this.host, 'replica');
  readonly #order = new WriteOrder(this.gateway);
  #clients = 0;

  constructor() {
    this.host.attach({
      receive: (envelopes, from) => this.gateway.receive(envelopes, from),
      ended: (node) => this.gateway.nodeEnded(node),
      warn: () => {},
    });
    for (const node of this.host.nodes) this.gateway.nodeStarted(node);
  }

  client(server = '0', options: ClientOptions = {}): EventualClient {
    return new EventualClient(`client-${this.#clients++}`, this.gateway, {
      ...options,
      server,
      order: this.#order,
      nameOf: String,
      closed: () => {},
    });
  }

  /** What has arrived since the last look, when so much time has passed. */
  async arrivals(ms = 1): Promise<Arrived[]> {
    await this.host.pass(ms);
    return this.host.arrived.splice(0);
  }

  /** The writes among it. */
  async writes(ms?: number): Promise<(Arrived & { readonly message: Write })[]> {
    return (await this.arrivals(ms)).filter((arrived) => isOf(arrived, 'write'));
  }

  async reads(ms?: number): Promise<(Arrived & { readonly message: Read })[]> {
    return (await this.arrivals(ms)).filter((arrived) => isOf(arrived, 'read'));
  }

  async answer(to: Arrived, message: ClientAnswer): Promise<void> {
    this.host.answer(to, message);
    await this.host.pass(1);
  }

  written(to: Arrived & { readonly message: Write }, session: Session): Promise<void> {
    const { attachment, number } = to.message;
    return this.answer(to, { type: 'written', attachment, number, session });
  }
}

function isOf<Type extends ClientMessage['type']>(
  arrived: Arrived,
  type: Type,
): arrived is Arrived & { readonly message: Extract<ClientMessage, { type: Type }> } {
  return arrived.message.type === type;
}

/** What has become of a promise so far. */
function watch<Value>(promise: Promise<Value>): { readonly outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'waits' };
  promise.then(
    (value) => {
      watched.outcome = value;
    },
    (error: { code?: string; name: string }) => {
      watched.outcome = error.code ?? error.name;
    },
  );
  return watched;
}

const puts = (...entries: readonly (readonly [string, string])[]) =>
  Buffer.from(packOperations(entries.map(([key, value]) => ({ key, value })))).toString('hex');
const operationsOf = ({ message }: { readonly message: Write }) =>
  Buffer.from(message.operations).toString('hex');

describe('a client of the eventually consistent store', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });

  it('sends writes of one moment as one message, and resolves them when that is answered', async () => {
    const client = stage.client();
    const outcomes = [watch(client.put('a', '1')), watch(client.put('b', '2'))];
    const [write, ...rest] = await stage.writes();
    expect(rest).to.deep.equal([]);
    expect(operationsOf(write!)).to.equal(puts(['a', '1'], ['b', '2']));
    expect(write!.message).to.include({ number: 1 });
    expect(client.inFlight).to.equal(2);
    await stage.written(write!, clockOf(0, 2));
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal([undefined, undefined]);
    expect(client.inFlight).to.equal(0);
  });

  it('has many messages under way, each told of what was known when it left', async () => {
    const client = stage.client();
    void client.put('a', '1');
    const [first] = await stage.writes();
    void client.put('b', '2');
    const [second] = await stage.writes();
    await stage.written(first!, clockOf(0, 1));
    void client.put('c', '3');
    const [third] = await stage.writes();
    expect([second, third].map((write) => write?.message.number)).to.deep.equal([2, 3]);
    expect(second!.message.session).to.deep.equal({ order: [], past: [] });
    expect(third!.message.session).to.deep.equal(clockOf(0, 1));
    expect(new Set([first, second, third].map((write) => write?.message.attachment)).size).to.equal(1);
  });

  it('keeps the order of the calls of several clients at one server, also within one moment', async () => {
    const [first, second, elsewhere] = [stage.client(), stage.client(), stage.client('1')];
    void first.put('k', '1');
    void elsewhere.put('k', 'x');
    void second.put('k', '2');
    void elsewhere.put('k', 'y');
    void first.put('k', '3');
    const writes = await stage.writes();
    const at = (node: string) => writes.filter((write) => write.node === node).map(operationsOf);
    expect(at('0')).to.deep.equal([puts(['k', '1']), puts(['k', '2']), puts(['k', '3'])]);
    expect(at('1')).to.deep.equal([puts(['k', 'x'], ['k', 'y'])]);
  });

  it('reads only when what it wrote before is answered, and takes along what it has read', async () => {
    const client = stage.client();
    void client.put('a', '1');
    const value = watch(client.get('a'));
    const other = watch(client.get('b'));
    const after = watch(client.put('c', '3'));
    const [write, ...early] = await stage.arrivals();
    expect(early).to.deep.equal([]);
    await stage.written(write as Arrived & { message: Write }, clockOf(0, 1));
    const [read, ...more] = await stage.reads();
    expect(more).to.deep.equal([]);
    expect(read!.message).to.deep.include({ keys: ['a', 'b'], past: [0, 1] });
    await stage.answer(read!, {
      type: 'values',
      id: read!.message.id,
      values: ['1', undefined],
      session: clockOf(1, 7),
    });
    expect([value.outcome, other.outcome, after.outcome]).to.deep.equal(['1', undefined, 'waits']);
    const [last] = await stage.writes();
    expect(last!.message.session.order).to.deep.equal([0, 1, 1, 7]);
  });

  it('is told where the server lacks its past', async () => {
    const client = stage.client();
    const value = watch(client.get('a'));
    const [read] = await stage.reads();
    await stage.answer(read!, { type: 'behind', id: read!.message.id });
    expect(value.outcome).to.equal('SYNOD_DEPENDENCY');
  });

  it('moves when what it wrote is answered, with its session and under another name', async () => {
    const client = stage.client();
    void client.put('a', '1');
    const moved = watch(client.moveTo(1));
    void client.put('b', '2');
    const [before, ...early] = await stage.writes();
    expect(early).to.deep.equal([]);
    expect([moved.outcome, client.node]).to.deep.equal(['waits', 0]);
    await stage.written(before!, clockOf(0, 1));
    const [goodbye, write] = await stage.arrivals();
    expect(moved.outcome).to.equal(undefined);
    expect(goodbye).to.deep.include({
      node: '0',
      message: { type: 'detach', attachment: before!.message.attachment },
    });
    expect(write).to.include({ node: '1' });
    expect(write!.message).to.deep.include({ number: 1, session: clockOf(0, 1) });
    expect((write!.message as Write).attachment).not.to.equal(before!.message.attachment);
  });

  it('fails at once where it stands at no server, or at a dead one, and works again when that is back', async () => {
    const client = stage.client();
    stage.gateway.nodeEnded('0');
    const outcomes = [watch(client.put('a', '1')), watch(client.get('a')), watch(client.delete('a'))];
    await stage.host.pass(1);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal(Array(3).fill('SYNOD_UNREACHABLE'));
    stage.gateway.nodeStarted('0');
    void client.put('a', '2');
    const [write] = await stage.writes();
    expect(operationsOf(write!)).to.equal(puts(['a', '2']));
    await stage.written(write!, clockOf(0, 1));
    const left = watch(client.leave());
    const put = watch(client.put('a', '3'));
    await stage.host.pass(1);
    expect([left.outcome, client.node, put.outcome]).to.deep.equal([
      undefined,
      undefined,
      'SYNOD_UNREACHABLE',
    ]);
  });

  it('does not send a write to another life of the server: nobody knows whether it happened', async () => {
    const client = stage.client();
    const sent = watch(client.put('a', '1'));
    const [write] = await stage.writes();
    stage.gateway.nodeEnded('0');
    await stage.host.pass(1);
    expect(sent.outcome).to.equal('SYNOD_UNKNOWN_OUTCOME');
    stage.gateway.nodeStarted('0');
    void client.put('b', '2');
    const [next, ...rest] = await stage.writes(5000);
    expect(rest.every(({ message }) => message.attachment === next!.message.attachment)).to.equal(true);
    expect(next!.message.attachment).not.to.equal(write!.message.attachment);
    expect(next!.message.number).to.equal(1);
    expect(operationsOf(next!)).to.equal(puts(['b', '2']));
  });

  it('does not send again what the server has forgotten', async () => {
    const client = stage.client();
    const sent = watch(client.put('a', '1'));
    const [write] = await stage.writes();
    const { attachment, number } = write!.message;
    await stage.answer(write!, { type: 'unattached', attachment, number });
    expect(sent.outcome).to.equal('SYNOD_UNKNOWN_OUTCOME');
    expect(await stage.writes(5000)).to.deep.equal([]);
  });

  it('sends again as it was what is not answered, more and more seldom', async () => {
    const client = stage.client();
    const sent = watch(client.put('a', '1'));
    const [write] = await stage.writes();
    const again = await stage.writes(9000);
    expect(again).to.have.length.within(3, 8);
    for (const other of again) expect(other.message).to.deep.equal(write!.message);
    expect(sent.outcome).to.equal('waits');
  });

  it('sends again from a gap on, once for all who tell of it', async () => {
    const client = stage.client();
    const writes = [];
    for (const key of ['a', 'b', 'c', 'd']) {
      void client.put(key, '');
      writes.push(...(await stage.writes()));
    }
    const { attachment } = writes[0]!.message;
    for (let told = 0; told < 2; told++) {
      stage.host.answer(writes[0]!, { type: 'writeGap', attachment, expected: 2 } satisfies ClientAnswer);
    }
    expect((await stage.writes()).map(({ message }) => message.number)).to.deep.equal([2, 3, 4]);
  });

  it('tries soon again where the server has no room', async () => {
    const client = stage.client();
    void client.put('a', '1');
    const [write] = await stage.writes();
    stage.host.answer(write!, { type: 'refused' });
    expect(await stage.writes(60)).to.have.length(1);
  });

  it('fails a write that is not answered in time, and still takes along that it happened', async () => {
    const client = stage.client('0', { timeoutMs: 100 });
    const late = watch(client.put('a', '1'));
    const [write] = await stage.writes(200);
    expect(late.outcome).to.equal('SYNOD_TIMEOUT');
    await stage.written(write!, clockOf(0, 1));
    void client.get('a');
    expect((await stage.reads())[0]?.message.past).to.deep.equal([0, 1]);
  });

  it('fails a read that is not answered in time, and goes on', async () => {
    const client = stage.client('0', { timeoutMs: 100 });
    const late = watch(client.get('a'));
    await stage.host.pass(200);
    expect(late.outcome).to.equal('SYNOD_TIMEOUT');
    const put = watch(client.put('a', '1'));
    const [write] = await stage.writes();
    await stage.written(write!, clockOf(0, 1));
    expect(put.outcome).to.equal(undefined);
  });

  it('moves on from a server that does not answer once its calls are given up', async () => {
    const client = stage.client('0', { timeoutMs: 100 });
    const late = watch(client.put('a', '1'));
    const moved = watch(client.moveTo(1));
    await stage.host.pass(50);
    expect(moved.outcome).to.equal('waits');
    await stage.host.pass(200);
    expect([late.outcome, moved.outcome, client.node]).to.deep.equal(['SYNOD_TIMEOUT', undefined, 1]);
  });

  it('is told why a message was refused, and goes on with the next number', async () => {
    const client = stage.client();
    const refused = watch(client.put('a', '1'));
    const [write] = await stage.writes();
    const { attachment, number } = write!.message;
    const code = 'SYNOD_BAD_OPERATION';
    await stage.answer(write!, { type: 'writeRefused', attachment, number, code, message: 'no' });
    expect(refused.outcome).to.equal(code);
    void client.put('b', '2');
    expect((await stage.writes()).map(({ message }) => message.number)).to.deep.equal([2]);
  });

  it('refuses keys and values that cannot be stored, and more calls than may be under way', async () => {
    const client = stage.client('0', { inFlightMax: 2 });
    const outcomes = [
      watch(client.put('k'.repeat(10_000), '')),
      watch(client.put('k', 'v'.repeat(1024 * 1024))),
      watch(client.put('k', Symbol('no data') as never)),
    ];
    await stage.host.pass(1);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal([
      'SYNOD_KEY_TOO_LARGE',
      'SYNOD_VALUE_TOO_LARGE',
      'TypeError',
    ]);
    expect(client.inFlight).to.equal(0);
    void client.put('a', '1');
    void client.put('b', '2');
    const refused = watch(client.put('c', '3'));
    await stage.host.pass(1);
    expect(refused.outcome).to.equal('SYNOD_OVERLOADED');
  });

  it('splits what is too much for one message, and stores what its values were when it was called', async () => {
    const client = stage.client();
    const value = new Uint8Array(60_000);
    for (let key = 0; key < 5; key++) void client.put(`${key}`, value);
    value.fill(1);
    const writes = await stage.writes();
    expect(writes.map(({ message }) => message.number)).to.deep.equal([1, 2]);
    const ones = writes.flatMap(({ message }) => [...message.operations].filter((byte) => byte === 1));
    expect(ones.length).to.be.lessThan(100);
  });

  it('fails all that is under way when it is closed, and what comes after', async () => {
    const client = stage.client();
    const outcomes = [watch(client.put('a', '1')), watch(client.get('a')), watch(client.put('b', '2'))];
    await stage.host.pass(1);
    const idle = watch(client.idle());
    await client[Symbol.asyncDispose]();
    outcomes.push(watch(client.get('a')), watch(client.moveTo(1)));
    await stage.host.pass(1);
    expect(outcomes.map(({ outcome }) => outcome)).to.deep.equal(Array(5).fill('SYNOD_CLOSED'));
    expect(idle.outcome).to.equal(undefined);
  });
});
