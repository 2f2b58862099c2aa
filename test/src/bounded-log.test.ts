import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createCluster, kv, openKeyValueStore } from 'synod';

const VALUE = 'v'.repeat(4096);
const IN_FLIGHT = 64;
/** What a round of writes brings into every log. */
const ROUND_BYTES = 8 * 1024 * 1024;

describe('the log on disk', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synod-log-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const protocol of ['paxos', 'raft'] as const) {
    it(`of ${protocol} stays bounded, however much is written`, async () => {
      const kept = protocol === 'raft' ? { logKeptBytes: 1024 * 1024 } : { decisionBytesMax: 1024 * 1024 };
      await using cluster = await createCluster({
        protocol,
        nodes: 3,
        application: kv,
        dataDir: folder,
        settings: kept,
      });
      const store = openKeyValueStore(await cluster.client());
      const fileBytes = () =>
        Math.max(
          ...cluster.nodes.map((node) => statSync(join(folder, String(node), 'journal', 'data.mdb')).size),
        );
      const round = async () => {
        for (let written = 0; written < ROUND_BYTES; written += IN_FLIGHT * VALUE.length) {
          await Promise.all(Array.from({ length: IN_FLIGHT }, (_, key) => store.put(`key-${key}`, VALUE)));
        }
        await cluster.settled();
      };
      await round();
      const first = fileBytes();
      for (let count = 0; count < 4; count++) await round();
      // What a bound is: five times as much was written, and the file is as large as after the first.
      expect(fileBytes()).to.be.below(first + ROUND_BYTES);
    }).timeout(60_000);
  }
});
