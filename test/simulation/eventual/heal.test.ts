import { expect } from 'chai';
import type { TraceRecord } from '../../../actors/simulated/index.ts';
import { type TestClient, World } from './world.ts';

/** Bytes of all frames between servers, by the types of messages in them, while it listens. */
class Meter {
  isOn = false;
  bytes = 0;
  readonly byType = new Map<string, number>();

  readonly trace = (record: TraceRecord) => {
    if (!this.isOn || !('bytes' in record) || record.from === 'clients' || record.to === 'clients') return;
    if (record.event !== 'deliver' && record.event !== 'drop') return;
    this.bytes += record.bytes;
    const types = [...new Set(record.messages)].sort().join('+');
    this.byType.set(types, (this.byType.get(types) ?? 0) + record.bytes);
  };
}

const KEY_BYTES = 6;

/** Writes so many values of so many bytes each, in batches. */
async function fill(
  client: TestClient,
  first: number,
  count: number,
  valueBytes: number,
  batch: number,
): Promise<void> {
  for (let at = first; at < first + count; at += batch) {
    await client.write(
      Array.from({ length: batch }, (_, place) => ({
        key: `k${String(at + place).padStart(KEY_BYTES - 1, '0')}`,
        value: 'x'.repeat(valueBytes),
      })),
    );
  }
}

describe('after a split is healed', () => {
  for (const [name, links] of [
    ['a mesh', undefined],
    [
      'a chain',
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ] as const,
    ],
  ] as const) {
    for (const [valueBytes, count, batch] of [
      [100, 500, 1],
      [100, 4000, 20],
      [800, 300, 1],
    ] as const) {
      it(`at most 1.5 bytes are sent for each that is missing: ${name}, ${valueBytes} bytes a value, ${batch} at once`, async function () {
        this.timeout(60_000);
        const meter = new Meter();
        await using world = await World.start({
          servers: [0, 1, 2, 3, 4],
          trace: meter.trace,
          ...(links === undefined ? {} : { links }),
        });
        await world.stabilize();
        const [some, others] = [
          [0, 1],
          [2, 3, 4],
        ] as const;
        const [left, right]: readonly (readonly number[])[] =
          links === undefined ? [some, others] : [[1], [2]];
        await world.split(left!, right!);
        await fill(world.client('left', 0), 0, count, valueBytes, batch);
        await fill(world.client('right', 3), 50_000, count, valueBytes, batch);
        await world.stabilize();
        meter.isOn = true;
        await world.split(left!, right!, true);
        const ms = await world.stabilize();
        const missing = (some.length + others.length) * count * (KEY_BYTES + valueBytes);
        const ratio = meter.bytes / missing;
        if (process.env.SYNOD_PRINT) console.log(ratio, [...meter.byType]);
        expect(ratio, `${JSON.stringify([...meter.byType])} of ${missing}, in ${ms} ms`).to.be.within(1, 1.5);
      });
    }
  }

  it('writes that go on meanwhile are not sent twice, either', async function () {
    this.timeout(60_000);
    const meter = new Meter();
    await using world = await World.start({ servers: [0, 1, 2], trace: meter.trace });
    await world.stabilize();
    await world.split([0], [1, 2]);
    const [left, right] = [world.client('left', 0), world.client('right', 1)];
    await fill(left, 0, 1000, 100, 20);
    await fill(right, 10_000, 1000, 100, 20);
    await world.stabilize();
    meter.isOn = true;
    await world.split([0], [1, 2], true);
    for (let round = 0; round < 50; round++) {
      await fill(left, 20_000 + 20 * round, 20, 100, 20);
      await fill(right, 30_000 + 20 * round, 20, 100, 20);
      await world.run(8);
    }
    await world.stabilize();
    const missing = (3 * 1000 + 4 * 1000) * (KEY_BYTES + 100);
    expect(meter.bytes / missing, JSON.stringify([...meter.byType])).to.be.within(1, 1.5);
  });

  it('what was written over and over is sent once', async () => {
    const meter = new Meter();
    await using world = await World.start({ servers: [0, 1], trace: meter.trace });
    await world.stabilize();
    await world.split([0], [1]);
    const client = world.client('a', 0);
    for (let round = 0; round < 100; round++) await client.put('k', 'x'.repeat(1000));
    await world.run(300);
    meter.isOn = true;
    await world.split([0], [1], true);
    await world.stabilize();
    expect(meter.bytes).to.be.below(6000);
    expect(await world.dump(1)).to.deep.equal({ k: 'x'.repeat(1000) });
  });
});
