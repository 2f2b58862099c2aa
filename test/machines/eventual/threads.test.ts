import { expect } from 'chai';
import type { Envelope, Message } from '../../../actors/envelope.ts';
import { ThreadHost } from '../../../actors/threads/thread-host.ts';
import type { ClientMessage, Dumped, EventualStatus } from '../../../machines/eventual/client-messages.ts';
import { packOperations } from '../../../machines/eventual/operations.ts';
import { eventualProgram } from '../../../machines/eventual/program.ts';
import { NEW_SESSION } from '../../../machines/eventual/session.ts';
import { useTemporaryFolder } from '../../actors/threads/temporary-folder.ts';

const NODES = ['0', '1', '2'];
const POLL_MS = 5;

/** Servers on threads of their own, with their files in a folder. */
class Servers implements AsyncDisposable {
  readonly host: ThreadHost;
  readonly problems: Error[] = [];
  readonly #answers = new Map<string, (message: Message) => void>();
  #asked = 0;

  constructor(dataDir: string) {
    const program = eventualProgram({ nodes: NODES });
    this.host = new ThreadHost({ nodes: NODES, program, dataDir, identity: { protocol: 'eventual' } });
    this.host.attach({
      receive: (envelopes) => {
        for (const { to, message } of envelopes) this.#answers.get(to)?.(message);
      },
      ended: (node, error) => void this.problems.push(error ?? new Error(`${node} ended`)),
      warn: (error) => void this.problems.push(error),
    });
  }

  ask<Answer extends Message>(node: string, message: ClientMessage): Promise<Answer> {
    this.#asked += 1;
    const from = `clients/${this.#asked}` as const;
    const envelope: Envelope = { to: `${node}/replica`, from, message };
    return new Promise((resolve) => {
      this.#answers.set(from, (answer) => {
        this.#answers.delete(from);
        resolve(answer as Answer);
      });
      this.host.send(node, [envelope]);
    });
  }

  async put(node: string, key: string, value: unknown): Promise<void> {
    const operations = packOperations([{ key, value }]);
    const attachment = `for ${key}`;
    await this.ask(node, { type: 'write', attachment, number: 1, session: NEW_SESSION, operations });
  }

  async dump(node: string): Promise<unknown> {
    const { entries } = await this.ask<Dumped>(node, { type: 'dump', id: 0, after: undefined });
    return Object.fromEntries(entries);
  }

  /** Until all are alike. */
  async stabilize(): Promise<readonly EventualStatus[]> {
    for (;;) {
      const statuses = await Promise.all(
        NODES.map((node) => this.ask<EventualStatus>(node, { type: 'status', id: 0 })),
      );
      const [{ shown, held }] = statuses as [EventualStatus];
      if (
        statuses.every(
          (status) =>
            status.isQuiet &&
            status.reachable.length === NODES.length - 1 &&
            status.shown === shown &&
            String(status.held) === String(held),
        )
      )
        return statuses;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}

describe('the eventually consistent store on threads and disks', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();

  it('converges, and has all that it answered when its servers were killed, and when its process began anew', async () => {
    const expected: Record<string, unknown> = {};
    {
      await using servers = new Servers(folder());
      await servers.host.start(NODES);
      for (const node of NODES) {
        for (let at = 0; at < 10; at++) {
          await servers.put(node, `k${node}.${at}`, { from: node, at });
          expected[`k${node}.${at}`] = { from: node, at };
        }
      }
      await servers.stabilize();
      for (const node of NODES) expect(await servers.dump(node)).to.deep.equal(expected);
      await servers.put('0', 'last', 1);
      for (const node of NODES) await servers.host.kill(node);
      await servers.host.start(NODES);
      expect(await servers.dump('0')).to.deep.equal({ ...expected, last: 1 });
      await servers.put('0', 'last', 2);
      const [status] = await servers.stabilize();
      expect(status!.held.slice(0, 2), 'its clock went on').to.deep.equal([0, 12]);
      expect(servers.problems).to.deep.equal([]);
    }
    await using servers = new Servers(folder());
    await servers.host.start(NODES);
    for (const node of NODES) expect(await servers.dump(node)).to.deep.equal({ ...expected, last: 2 });
    await servers.stabilize();
    expect(servers.problems).to.deep.equal([]);
  });
});
