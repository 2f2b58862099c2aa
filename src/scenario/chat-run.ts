import { setTimeout as sleep } from 'node:timers/promises';
import { ChatStatus } from '../applications/chat-status.ts';
import { type ChatServiceClient, chatServiceThrough } from '../chat-service.ts';
import type { ChatMember, ChatSystem, OpenChatSystem } from './chat-system.ts';
import type { Environment, ScenarioRun } from './grammar.ts';
import { type ScriptStore, type SharedRun, unreachable } from './shared-commands.ts';

/** How often a wait looks at the state that it waits for. */
const LOOK_MS = 2;
/** A script that has sent so many messages at once waits for them before it sends more. */
const OUTSTANDING_MAX = 256;

/**
 * A chat room's script while it runs.
 *
 * A script's outcome must not depend on how fast it is read. So a command that breaks or mends something, or that
 * prints, first lets what earlier lines sent become chosen and known to the clients, as long as a connected
 * majority lives. A time bomb waits for nothing: it is there to go off in the middle of things.
 */
export class ChatRun implements ScenarioRun, SharedRun {
  readonly service = chatServiceThrough(async (work) => {
    const reached = await this.#reached(async () => work(await this.#ownClient()));
    return reached === unreachable ? ChatStatus.failed : reached;
  });
  readonly #environment: Environment;
  readonly #open: OpenChatSystem;
  #system: ChatSystem | undefined;
  #members: ChatMember[] = [];
  /** The client that speaks to the chat service; made when it is needed. */
  #speaker: Promise<ChatServiceClient> | undefined;
  /** Messages and skips that are not known to be chosen. */
  readonly #outstanding = new Set<Promise<void>>();
  /** How many slots of the room are known to be taken. */
  #length = 0;
  #failure: { readonly cause: unknown } | undefined;

  constructor(environment: Environment, open: OpenChatSystem) {
    this.#environment = environment;
    this.#open = open;
  }

  get signal(): AbortSignal {
    return this.#environment.signal;
  }

  print(line: string): void {
    this.#environment.print(line);
  }

  async start(servers: number, clients: number): Promise<void> {
    const { dataDir, journal, trace, warn } = this.#environment;
    this.#system = await this.#open({ servers, dataDir, journal, trace, warn });
    this.#members = await Promise.all(
      Array.from({ length: clients }, (_, client) => this.#cluster.join(String(client))),
    );
    // Else a server that dies at once may still owe an answer, and a Raft leader would count out its messages otherwise.
    await this.#cluster.settled();
  }

  sendMessage(client: number, text: string): void | Promise<void> {
    this.#track(this.#member(client).room.send(text), 1);
    if (this.#outstanding.size >= OUTSTANDING_MAX) return this.#quiet();
  }

  async crashServer(server: number): Promise<void> {
    await this.#quiet();
    await this.#cluster.crash(server);
  }

  async restartServer(server: number): Promise<void> {
    await this.#quiet();
    await this.#cluster.restart(server);
  }

  async disconnect(serverA: number, serverB: number): Promise<void> {
    await this.#quiet();
    await this.#cluster.disconnect(serverA, serverB);
  }

  async connect(serverA: number, serverB: number): Promise<void> {
    await this.#quiet();
    await this.#cluster.connect(serverA, serverB);
  }

  async timeBombLeader(messages: number): Promise<void> {
    if (messages === 0) await this.#quiet();
    await this.#cluster.crashLeaderAfter(messages);
  }

  async allClear(): Promise<void> {
    const system = this.#cluster;
    // A bomb may go off while the room comes to rest; then another leader has to bring it there.
    do {
      await this.#quiet();
      await system.settled();
      await this.#quiet();
      while (!(await this.#everyoneKnows())) await sleep(LOOK_MS);
    } while (this.#outstanding.size > 0 && system.hasQuorum());
  }

  async printChatLog(client: number): Promise<void> {
    await this.#quiet();
    for (const { slot, sender, text } of this.#member(client).room.log())
      this.print(`${slot} ${sender}: ${text}`);
  }

  async skipSlots(count: number): Promise<void> {
    await this.allClear();
    if (count === 0) return;
    const { room } = this.#members[0] ?? (await this.#cluster.join('skipper'));
    this.#track(room.skip(count), count);
    await this.#quiet();
  }

  store(client: number): ScriptStore {
    const { store } = this.#member(client);
    return {
      get: (key) => this.#reached(() => store.get(key)),
      put: (key, value) => this.#reached(() => store.put(key, value)),
      delete: (key) => this.#reached(() => store.delete(key)),
    };
  }

  async describe(): Promise<string> {
    return (await this.#system?.describe()) ?? 'nothing started';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system?.[Symbol.asyncDispose]();
  }

  get #cluster(): ChatSystem {
    if (this.#system === undefined) throw new Error('the script has started no servers');
    return this.#system;
  }

  #member(client: number): ChatMember {
    const member = this.#members[client];
    if (member === undefined) throw new Error(`the script has no client ${client}`);
    return member;
  }

  #ownClient(): Promise<ChatServiceClient> {
    if (this.#speaker !== undefined) return this.#speaker;
    const speaker = this.#cluster.client();
    this.#speaker = speaker;
    // Made again for the next command.
    speaker.catch(() => {
      this.#speaker = undefined;
    });
    return speaker;
  }

  #track(placed: Promise<number>, slots: number): void {
    const done = placed.then(
      (first) => {
        this.#length = Math.max(this.#length, first + slots);
        this.#outstanding.delete(done);
      },
      (cause: unknown) => {
        this.#outstanding.delete(done);
        this.#failure ??= { cause };
      },
    );
    this.#outstanding.add(done);
  }

  /** Waits until all that was sent is chosen and known to every client, or no connected majority is left. */
  async #quiet(): Promise<void> {
    await this.#whileQuorum(async () => {
      await Promise.all(this.#outstanding);
      await Promise.all(this.#members.map(({ room }) => room.caughtUp(this.#length)));
    });
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** Whether every client's copy holds all that any live server knows: so it is in the end, majority or not. */
  async #everyoneKnows(): Promise<boolean> {
    const [anyone] = this.#members;
    if (anyone === undefined) return true;
    const length = await anyone.room.latestLength();
    return this.#members.every(({ room }) => room.length >= length);
  }

  async #reached<Value>(work: () => Promise<Value>): Promise<Value | typeof unreachable> {
    if (!this.#cluster.hasQuorum()) return unreachable;
    const reached = await this.#whileQuorum(work);
    return reached === undefined ? unreachable : reached.value;
  }

  /** The outcome of work that needs a majority; undefined when the majority is lost meanwhile. */
  async #whileQuorum<Value>(work: () => Promise<Value>): Promise<{ readonly value: Value } | undefined> {
    let waiting = true;
    const ended = work().finally(() => {
      waiting = false;
    });
    // Work that is given up may still fail later, when the system is gone.
    ended.catch(() => undefined);
    while (waiting && !this.signal.aborted && this.#cluster.hasQuorum())
      await Promise.race([ended, sleep(LOOK_MS)]);
    return waiting ? undefined : { value: await ended };
  }
}
