import type { Address } from '../../../actors/address.ts';
import type { Envelope, Message } from '../../../actors/envelope.ts';
import { ThreadHost, type ThreadHostOptions } from '../../../actors/threads/thread-host.ts';
import { moduleBeside } from '../../files.ts';

export const WORKBENCH = moduleBeside('./fixtures/workbench-program', import.meta.url).href;

/** A host of benches, and a client that talks to them. */
export class Workbench implements AsyncDisposable {
  readonly host: ThreadHost;
  /** What ended by itself, in order. */
  readonly ended: { node: string; error: Error | undefined }[] = [];
  readonly warnings: Error[] = [];
  readonly #answers = new Map<Address, (message: Message) => void>();
  #waiting: { readonly node: string; readonly resolve: (error: Error | undefined) => void }[] = [];
  #lastClient = 0;

  constructor(dataDir: string | undefined, options: Partial<ThreadHostOptions> = {}) {
    const program = { module: WORKBENCH, options: undefined };
    this.host = new ThreadHost({
      nodes: ['a', 'b', 'c'],
      program,
      ...(dataDir === undefined ? { journal: 'memory' } : { dataDir }),
      identity: { protocol: 'bench' },
      ...options,
    });
    this.host.attach({
      receive: (envelopes) => {
        for (const { to, message } of envelopes) this.#answers.get(to)?.(message);
      },
      ended: (node, error) => {
        this.ended.push({ node, error });
        for (const { resolve } of this.#waiting.filter((waiting) => waiting.node === node)) resolve(error);
        this.#waiting = this.#waiting.filter((waiting) => waiting.node !== node);
      },
      warn: (error) => this.warnings.push(error),
    });
  }

  /** Says something to a node's bench and does not wait. */
  tell(node: string, message: Message, from: Address = 'clients/nobody'): void {
    const envelope: Envelope = { to: `${node}/bench`, from, message };
    this.host.send(node, [envelope]);
  }

  /** Resolves with the first answer. */
  ask(node: string, message: Message): Promise<Message & Record<string, unknown>> {
    const [answers] = this.listen(node, message, 1);
    return answers!;
  }

  /** Says something once, and gives promises of that many answers. */
  listen(node: string, message: Message, count: number): Promise<Message & Record<string, unknown>>[] {
    this.#lastClient += 1;
    const client: Address = `clients/${this.#lastClient}`;
    const settle: ((message: Message) => void)[] = [];
    const answers = Array.from(
      { length: count },
      () =>
        new Promise<Message & Record<string, unknown>>((resolve) =>
          settle.push((answer) => resolve({ ...answer })),
        ),
    );
    this.#answers.set(client, (answer) => settle.shift()?.(answer));
    this.tell(node, message, client);
    return answers;
  }

  /** Resolves with the reason when a node ends by itself. */
  end(node: string): Promise<Error | undefined> {
    return new Promise((resolve) => this.#waiting.push({ node, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
  }
}
