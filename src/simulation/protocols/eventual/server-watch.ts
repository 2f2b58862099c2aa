import type { ClientAnswer } from '../../../../machines/eventual/client-messages.ts';
import { digestOf, Held } from '../../../../machines/eventual/held.ts';
import { countOperations } from '../../../../machines/eventual/operations.ts';
import type { ReplicaContext } from '../../../../machines/eventual/replica-context.ts';
import type { ServerState } from '../../../../machines/eventual/server-state.ts';
import { checkHeld } from '../../invariants/held-versions-are-there.ts';
import { checkKept } from '../../invariants/kept-versions-are-concurrent.ts';
import { checkAcknowledged } from '../../invariants/logs-keep-what-others-lack.ts';
import { OneWriteADot } from '../../invariants/one-write-a-dot.ts';
import { OrdersAreTransitive } from '../../invariants/orders-are-transitive.ts';
import { checkReceipt } from '../../invariants/receipts-rest-on-disk.ts';
import { checkStart } from '../../invariants/starts-from-disk.ts';
import { ToldWritesAreOnDisk } from '../../invariants/told-writes-are-on-disk.ts';
import { checkCollected } from '../../invariants/tombstones-wait-for-all.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import type { Look } from '../../watch/witness.ts';
import { LostWrites } from './lost-writes.ts';
import { forEventual } from './open-eventual.ts';
import type { ServerDisk } from './server-disk.ts';
import { type ServerDiskListener, ServerDisks } from './server-disks.ts';
import { type Write, WriteHistory, writesIn } from './write-history.ts';

/** Between these a server's memory has changed, or is about to be spoken of. */
const LOOKED_AT = ['read', 'gather', 'takePiece', 'tellOthers', 'collect'];
/** What servers say and do when there is anything to do beside gossip. */
const BUSY = [
  'write',
  'takeEntries',
  'noteReceipt',
  'answerProbe',
  'beginSending',
  'passOnNext',
  'takePiece',
];
const NOTHING = new Held();

/** What must hold of the eventually consistent store while it runs, and what its servers have in memory. */
export class ServerWatch {
  readonly history = new WriteHistory();
  readonly disks: ServerDisks;
  readonly lost: LostWrites;
  /** As they were seen last, by server. */
  readonly contexts = new Map<string, ReplicaContext>();
  readonly #told = new ToldWritesAreOnDisk();
  readonly #look: Look;
  readonly #members: () => readonly string[];
  /** Own writes that are not on disk yet. */
  readonly #pending = new Map<string, Map<string, Write>>();
  readonly #seen = new Map<string, string>();
  #busy = 0;
  #collected = 0;

  /** `members` are all servers that there are. */
  constructor(look: Look, members: () => readonly string[]) {
    this.#look = look;
    this.#members = members;
    this.lost = new LostWrites(this.history, () => this.disks.all);
    const onDisk: ServerDiskListener = {
      changed: (node, { held, versions, siblings }) => {
        checkHeld(`${node} on disk`, this.history.all, held, versions);
        checkKept(`the store of ${node}`, siblings);
      },
    };
    this.disks = new ServerDisks(this.history, [
      new OneWriteADot(this.history),
      new OrdersAreTransitive(this.history),
      this.#told,
      this.lost,
      onDisk,
    ]);
  }

  /** How often servers had something to do beside gossip. */
  get busy(): number {
    return this.#busy;
  }

  /** How many tombstones were forgotten. */
  get collected(): number {
    return this.#collected;
  }

  /** A client hears from a server. */
  heard(node: string, answer: ClientAnswer): void {
    if (answer.type === 'written') this.#told.told(node, answer.attachment, answer.number, this.disks);
  }

  readonly instrument = forEventual((program) => {
    const { node, inputs } = program;
    const { state } = inputs.replica;
    this.#pending.set(node, new Map());
    this.#seen.delete(node);
    // Of its own, for the server may have been loaded with another copy of that class.
    this.#look(() => checkStart(node, new Held(state.held.ranges), this.disks.of(node).held));
    this.#watchState(node, state);
    const watch = (actions: readonly string[], check: Parameters<typeof watchActions>[3]) =>
      watchActions(program, 'replica', actions, (args) => this.#look(() => check(args)));
    watch(['introduce'], ({ context }) => this.contexts.set(node, context));
    watch(BUSY, () => {
      this.#busy += 1;
    });
    watch(LOOKED_AT, () => this.#checkMemory(node, state));
    watch(['gather'], ({ context }) => this.#noteTaken(node, context));
    watch(['noteReceipt'], ({ event }) => {
      if (this.#members().includes(String(event.sender)))
        checkReceipt(String(event.sender), event.held, this.disks.of(String(event.sender)));
    });
  });

  #watchState(node: string, state: ServerState): void {
    const { log } = state;
    const write = state.write.bind(state);
    state.write = (writes) => {
      const taken = write(writes);
      for (const { run } of taken.runs)
        for (const own of writesIn(run)) this.#pending.get(node)?.set(`${own.origin}:${own.counter}`, own);
      return taken;
    };
    const acknowledged = log.acknowledged.bind(log);
    log.acknowledged = (counter) => {
      const { first } = log;
      acknowledged(counter);
      if (first === undefined) return;
      const last = (log.first ?? state.counter + 1) - 1;
      this.#look(() => checkAcknowledged(node, state.origin, { first, last }, this.#disksOfOthers(node)));
    };
    const collect = state.collect.bind(state);
    state.collect = (stable) => {
      const before = this.#keptBy(node, state);
      const collected = collect(stable);
      const after = this.#keptBy(node, state);
      for (const [key, versions] of before) {
        if (after.has(key)) continue;
        this.#collected += 1;
        for (const gone of versions) this.#look(() => checkCollected(node, gone, this.#disksOfOthers(node)));
      }
      return collected;
    };
  }

  /** Which writes the messages of clients are about to become. */
  #noteTaken(node: string, { state, waiting }: ReplicaContext): void {
    let { counter } = state;
    for (const { attachment, number, operations } of waiting) {
      const first = counter + 1;
      counter += countOperations(operations);
      this.#told.becomes(node, attachment, number, { origin: state.origin, first, last: counter });
    }
  }

  #checkMemory(node: string, state: ServerState): void {
    const digest = `${digestOf(state.held.ranges)} ${state.versions.digests.versions}`;
    if (this.#seen.get(node) === digest) return;
    this.#seen.set(node, digest);
    const pending = [...(this.#pending.get(node)?.values() ?? [])].filter(
      ({ origin, counter }) => this.history.find(origin, counter) === undefined,
    );
    const kept = this.#keptBy(node, state);
    checkHeld(node, [...this.history.all, ...pending], state.held, kept);
    checkKept(node, kept);
  }

  /** The versions in a server's memory, by key. */
  #keptBy(node: string, { versions }: ServerState): Map<string, Write[]> {
    const { origins, counters } = versions.index.notIn(NOTHING);
    const kept = new Map<string, Write[]>();
    for (const [place, origin] of origins.entries()) {
      const counter = counters[place]!;
      const write =
        this.history.find(origin, counter) ?? this.#pending.get(node)?.get(`${origin}:${counter}`);
      if (write === undefined) continue;
      const ofKey = kept.get(write.key);
      if (ofKey === undefined) kept.set(write.key, [write]);
      else ofKey.push(write);
    }
    return kept;
  }

  #disksOfOthers(node: string): ReadonlyMap<string, ServerDisk> {
    const others = this.#members().filter((member) => member !== node);
    return new Map(others.map((other) => [other, this.disks.of(other)]));
  }
}
