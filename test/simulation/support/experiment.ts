import type { Random } from '../../../actors/random.ts';
import type { TraceRecord } from '../../../actors/simulated/index.ts';
import { derivedRandom } from '../../../actors/simulated/seed.ts';
import type { PaxosSettings } from '../../../machines/paxos/settings.ts';
import type { RaftSettings } from '../../../machines/raft/settings.ts';
import { chatQuery, chatroom } from '../../../src/applications/chatroom.ts';
import { kv, kvQuery } from '../../../src/applications/kv.ts';
import type { Client } from '../../../src/client/client.ts';
import type { ProtocolName, ProtocolSettings } from '../../../src/cluster/protocols.ts';
import { checkExactlyOnceInOrder } from '../invariants/exactly-once-in-order.ts';
import { Administrator } from './administrator.ts';
import type { Instrument } from './instrumented-program.ts';
import { type LedgerEntry, ledger } from './ledger.ts';
import { findNonlinearizable } from './linearizability.ts';
import { type MemoryWatch, memoryWatch } from './memory-watch.ts';
import { RaftMemory } from './raft-memory.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { Storm } from './storm.ts';
import { Violation } from './violation.ts';
import { Workload } from './workload.ts';

export interface ExperimentOptions {
  readonly protocol: ProtocolName;
  readonly seed: number;
  readonly nodes?: number;
  readonly stormMs?: number;
  /** Where they are to differ from the defaults, or from small bounds, as chance will have it. */
  readonly settings?: Partial<PaxosSettings & RaftSettings>;
  /** Whether an administrator changes members and leaders while the storm rages. */
  readonly changes?: boolean;
  /** How fast the clocks of nodes run, by name. */
  readonly clockRates?: Readonly<Record<string, number>>;
  readonly instruments?: readonly Instrument[];
  /** Nodes lose their memory: with every crash, or now and then. */
  readonly amnesia?: 'crashed' | 'sometimes';
  readonly trace?: (record: TraceRecord) => void;
}

export interface ExperimentResult {
  readonly nodes: number;
  readonly decided: number;
  readonly calls: number;
  readonly entries: number;
  /** How long all that was asked for took, once everything was well again. */
  readonly recoveryMs: number;
  /** Changes of members, or of the leader, that were seen done, or given up; and nodes that were removed and ran on. */
  readonly changesDone: number;
  readonly changesGivenUp: number;
  readonly ghosts: number;
  readonly endMs: number;
}

/** Within this time of calm everything asked for is answered, and all replicas are equal. */
export const RECOVERY_MS_MAX = 8000;
/** In so much time without work everything that was done reaches the disks, and is let go of. */
const PEACE_MS = 1200;
const CLIENTS_MAX = 4;
const PATIENCE_MS = 600_000;

/** Small bounds, so that short runs meet them. */
const SMALL_SETTINGS: { readonly [Name in ProtocolName]: Partial<ProtocolSettings[Name]> } = {
  paxos: {
    windowSlots: 4,
    slotBytesMax: 200,
    decisionBytesMax: 600,
    catchUpBytesMax: 400,
    writeBehindMs: 20,
    snapshotIdleMs: 300,
  },
  raft: {
    uncommittedMax: 4,
    slotBytesMax: 200,
    inFlightMessagesMax: 3,
    inFlightBytesMax: 1200,
    logKeptBytes: 600,
    logBytesMax: 8000,
    catchUpBytesMax: 400,
    writeBehindMs: 20,
    snapshotIdleMs: 300,
  },
};

/**
 * One life of a cluster: clients work while a storm rages; then all is well, everything must be answered and equal;
 * then the power fails everywhere at once, or everywhere in turn where that costs memory, and everything must still be
 * there. One seed decides all of it.
 */
export async function experiment(options: ExperimentOptions): Promise<ExperimentResult> {
  const {
    protocol,
    seed,
    stormMs = 1500,
    settings,
    changes = false,
    clockRates,
    instruments = [],
    amnesia,
    trace,
  } = options;
  const random = derivedRandom(seed, 'experiment');
  const sizes = amnesia !== undefined ? [3, 3, 3, 4, 5] : changes ? [1, 2, 3, 3, 5] : [1, 3, 3, 3, 5];
  const nodes = options.nodes ?? sizes[random.integer(0, 4)]!;
  const ghostRandom = derivedRandom(seed, 'ghosts');
  const keptUnflushedProbability = random.integer(0, 1) * random.next();
  const memory = memoryWatch(protocol);
  await using simulated = new SimulatedCluster({
    protocol,
    seed,
    nodes,
    disk: { flushMsMin: 0.2, flushMsMax: random.next() < 0.3 ? 8 : 1, keptUnflushedProbability },
    settings: { ...(random.next() < 0.6 ? SMALL_SETTINGS[protocol] : {}), ...settings },
    ...(clockRates === undefined ? {} : { clockRates }),
    journal: amnesia === 'crashed' ? 'memory' : 'lmdb',
    keepsRemoved: () => ghostRandom.next() < 0.5,
    instruments: [...instruments, memory.instrument],
    ...(trace === undefined ? {} : { trace }),
  });
  const { cluster, host } = simulated;
  await simulated.runWhile(cluster.start(), 5000);

  let ticks = 0;
  const keys = Array.from({ length: random.integer(1, 4) }, (_, key) => `key-${key}`);
  const clients: Client[] = [];
  const workloads: Workload[] = [];
  for (let count = random.integer(1, CLIENTS_MAX); count > 0; count--) {
    const isDistant = random.next() < 0.5;
    const opening = isDistant ? simulated.distantClient() : cluster.client();
    const client = await simulated.runWhile(opening, 5000);
    clients.push(client);
    workloads.push(
      new Workload({
        client,
        random: derivedRandom(seed, 'workload', client.name),
        tick: () => ++ticks,
        pause: (ms) => new Promise((resolve) => host.clock.after(ms, resolve)),
        keys,
        readsOnly: isDistant && random.next() < 0.4,
        timeoutMs: random.next() < 0.2 ? random.integer(50, 500) : PATIENCE_MS,
        burstMax: random.integer(1, 6),
        pauseMsMax: random.integer(1, 60),
      }),
    );
  }
  const work = Promise.all(workloads.map((workload) => workload.run()));
  work.catch(() => {});
  const storm = new Storm(simulated, derivedRandom(seed, 'storm'), {
    ms: stormMs,
    // Now fault upon fault, now each with time to show what follows from it.
    calmMsMax: random.next() < 0.4 ? 600 : random.integer(5, 150),
    lossMax: 0.2,
    clientLoss: random.next() < 0.5,
    ghosts: changes,
    ...(amnesia === undefined
      ? {}
      : { amnesia: { when: amnesia, hasVote: (node: string) => memory.hasVote(node) } }),
  });
  const administrator = new Administrator({
    simulated,
    random: derivedRandom(seed, 'administrator'),
    pauseMsMax: random.integer(1, 200),
    timeoutMsMax: random.next() < 0.5 ? 200 : 2000,
  });
  const administration = changes ? administrator.run() : Promise.resolve();
  administration.catch(() => {});
  await storm.rage();

  const calmMs = host.clock.now();
  for (const workload of workloads) workload.stop();
  administrator.stop();
  await simulated.runWhile(administration, RECOVERY_MS_MAX);
  if (changes) await removeNonMembers(simulated);
  await simulated.runWhile(work, RECOVERY_MS_MAX);
  // What nobody waits for any more is still to happen, each in its turn.
  for (const client of clients) await simulated.runWhile(client.idle(), RECOVERY_MS_MAX);
  const reader = await simulated.runWhile(cluster.client(), RECOVERY_MS_MAX);
  await simulated.runWhile(cluster.settled(), RECOVERY_MS_MAX);
  await everybodyVotes(simulated, memory);
  const recoveryMs = host.clock.now() - calmMs;

  if (changes) await completeChanges(simulated, random);
  const before = await checkEverything(simulated, reader, workloads);
  await checkPeace(simulated, memory);
  // One restarts, and nothing new is written that would bring it news of what was.
  const one = simulated.names[seed % simulated.names.length]!;
  await storm.crash(one);
  await storm.restart(one);
  await checkEverything(simulated, reader, workloads);
  await everybodyVotes(simulated, memory);
  if (amnesia === 'crashed') {
    for (const name of simulated.names) {
      await storm.crash(name);
      await storm.mend();
      await everybodyVotes(simulated, memory);
    }
  } else {
    for (const name of simulated.names) await storm.crash(name);
    await simulated.run(1);
    await storm.mend();
  }
  const after = await checkEverything(simulated, reader, workloads);
  if (before.join(' ') !== after.join(' ')) throw new Violation('nothing is lost', 'the power failed');

  const calls = workloads.flatMap((workload) => workload.calls);
  const broken = findNonlinearizable(calls);
  if (broken !== undefined) {
    throw new Violation('linearizable', broken.map((call) => JSON.stringify(call)).join('\n'));
  }
  return {
    nodes,
    decided: simulated.agreement.decided,
    calls: calls.length,
    entries: before.length,
    recoveryMs,
    changesDone: administrator.done,
    changesGivenUp: administrator.givenUp,
    ghosts: simulated.ghosts.names.length,
    endMs: host.clock.now(),
  };
}

/** Nodes that have lost their memory are taken in again. */
async function everybodyVotes(simulated: SimulatedCluster, memory: MemoryWatch): Promise<void> {
  const { host } = simulated;
  const untilMs = host.clock.now() + RECOVERY_MS_MAX;
  for (;;) {
    const mute = simulated.names.filter((name) => !memory.hasVote(name));
    if (mute.length === 0) return;
    if (host.clock.now() > untilMs)
      throw new Violation('everybody has a vote', `in peace, these do not get theirs again: ${mute}`);
    await simulated.run(10);
  }
}

/** Nodes that were to be members, and were given up on the way. */
async function removeNonMembers(simulated: SimulatedCluster): Promise<void> {
  const { cluster } = simulated;
  const untilMs = simulated.host.clock.now() + RECOVERY_MS_MAX;
  const look = () => simulated.runWhile(cluster.status(), RECOVERY_MS_MAX);
  let status = await look();
  while (status.leader === undefined) {
    if (simulated.host.clock.now() > untilMs) throw new Violation('recovery', 'nobody leads');
    await simulated.run(10);
    status = await look();
  }
  for (const { node, member } of status.nodes) {
    if (member === 'voter') continue;
    await simulated.runWhile(cluster.removeNode(node, { timeoutMs: RECOVERY_MS_MAX }), RECOVERY_MS_MAX);
  }
}

/** Once all is well, members change as they are told to, whatever was left half done. */
async function completeChanges(simulated: SimulatedCluster, random: Random): Promise<void> {
  const { cluster } = simulated;
  const see = <Result>(change: Promise<Result>) => simulated.runWhile(change, RECOVERY_MS_MAX);
  const limit = { timeoutMs: RECOVERY_MS_MAX };
  const added = await see(cluster.addNode(limit));
  const { leader } = await see(cluster.status());
  for (const node of cluster.nodes) {
    const isSpared = node === added || (node !== leader && random.next() < 0.4);
    if (!isSpared) await see(cluster.removeNode(node, limit));
  }
  await see(cluster.replaceNode(cluster.nodes[0]!, limit));
  await see(cluster.addNode(limit));
  await see(cluster.transferLeadership(cluster.nodes[0], limit));
  await see(cluster.transferLeadership(undefined, limit));
}

/** Once nothing is asked for, one leader goes on leading, and nobody keeps what is done with. */
async function checkPeace(simulated: SimulatedCluster, memory: MemoryWatch): Promise<void> {
  const reigns = memory.reigns.length;
  const termBefore = termIn(simulated, memory);
  await simulated.run(PEACE_MS);
  if (memory.reigns.length > reigns) {
    const taken = memory.reigns.slice(reigns).map(({ number, leader }) => `${number}.${leader}`);
    throw new Violation('a stable leader', `in peace, these took over: ${taken.join(', ')}`);
  }
  const term = termIn(simulated, memory);
  if (term !== termBefore)
    throw new Violation('a stable leader', `from term ${termBefore} to ${term} in peace`);
  const leftovers = Object.fromEntries(
    Object.entries(memory.leftovers()).filter(([what]) => simulated.names.includes(what.split(' ')[0]!)),
  );
  if (Object.keys(leftovers).length > 0) throw new Violation('bounded memory', JSON.stringify(leftovers));
}

function termIn(simulated: SimulatedCluster, memory: MemoryWatch): number {
  return memory instanceof RaftMemory ? memory.termOf(simulated.names) : 0;
}

/** Whether all nodes hold the same, and everything that was acknowledged, in order. The entries of the ledger. */
async function checkEverything(
  simulated: SimulatedCluster,
  reader: Client,
  workloads: readonly Workload[],
): Promise<readonly LedgerEntry[]> {
  const { cluster } = simulated;
  const whole = await simulated.runWhile(reader.query(ledger, null), RECOVERY_MS_MAX);
  checkExactlyOnceInOrder(
    whole,
    workloads.map(({ entries }) => entries),
  );
  const log = await simulated.runWhile(reader.query(chatroom, chatQuery.log()), RECOVERY_MS_MAX);
  if ('entries' in log) {
    checkExactlyOnceInOrder(
      log.entries.map(({ sender, text }) => [sender, Number(text)] as const),
      workloads.map(({ messages }) => messages),
    );
  }
  await simulated.runWhile(cluster.settled(), RECOVERY_MS_MAX);
  const views = new Set<string>();
  for (const node of cluster.nodes) {
    const stale = { consistency: 'stale', node } as const;
    const view = [
      await simulated.runWhile(reader.query(kv, kvQuery.scan(''), stale), RECOVERY_MS_MAX),
      await simulated.runWhile(reader.query(ledger, null, stale), RECOVERY_MS_MAX),
      await simulated.runWhile(reader.query(chatroom, chatQuery.log(), stale), RECOVERY_MS_MAX),
    ];
    views.add(JSON.stringify(view));
  }
  if (views.size > 1)
    throw new Violation('equal states', `nodes answer differently:\n${[...views].join('\n')}`);
  return whole;
}
