import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { PaxosCommitOptions } from '../../machines/paxos-commit/program.ts';
import type { Transaction } from '../../machines/two-phase-commit/transaction.ts';
import { forTwoPhaseCommit } from '../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import { ROOT } from '../files.ts';
import { PaxosCommitWorld } from './support/paxos-commit/paxos-commit-world.ts';

const FOLLOWERS = 3;
/** All that anybody waits for is over, and nothing has been tidied up. */
const UNTIL_MS = 14;
/** Of many that come at once. */
const MANY = 100;

interface Case {
  readonly what: string;
  readonly settings: PaxosCommitOptions['settings'];
  /** A follower votes no. */
  readonly votesNo?: boolean;
  readonly transactions?: readonly Partial<Transaction>[];
}

const WRITING: Partial<Transaction> = { writes: [['a', 'value']] };
const MANY_WRITING = Array.from(
  { length: MANY },
  (_, key): Partial<Transaction> => ({ writes: [[`key ${key}`, 'v']] }),
);

const CASES: readonly Case[] = [
  { what: 'replicated: commit', settings: {} },
  { what: 'replicated: abort, one votes no', settings: {}, votesNo: true },
  { what: `replicated: each of ${MANY}, \`groupCommit\` on`, settings: {}, transactions: MANY_WRITING },
];

/** What belongs to transactions; heartbeats go on whatever happens. */
const COUNTED = ['VOTE-REQ', 'VOTE-YES', 'VOTE-NO', 'COMMIT', 'ABORT', 'ACK', 'p2a', 'p2b'];

/** Runs a case; what was counted, and after how long the client was answered. */
async function run(
  { settings = {}, votesNo, transactions = [WRITING] }: Case,
  latencyMs: number,
  flushMs: number,
) {
  let messages = 0;
  let frames = 0;
  const flushes = new Map<string, number>();
  await using world = new PaxosCommitWorld({
    followers: FOLLOWERS,
    settings,
    network: { latencyMsMin: latencyMs, latencyMsMax: latencyMs },
    disk: { flushMsMin: flushMs, flushMsMax: flushMs },
    trace: (record) => {
      if (record.event !== 'deliver' || record.from === 'clients' || record.to === 'clients') return;
      const counted = record.messages.filter((type) => COUNTED.includes(type)).length;
      messages += counted;
      if (counted > 0) frames += 1;
    },
    instruments: [
      forTwoPhaseCommit(({ node }, { journal }) => {
        const commit = journal.commit.bind(journal);
        journal.commit = (writes, durable) => {
          flushes.set(node, (flushes.get(node) ?? 0) + 1);
          commit(writes, durable);
        };
      }),
    ],
  });
  await world.start();
  await world.runWhile(world.client('a').commit({}), 1000);
  await world.run(200);
  if (votesNo) world.send('2', 'participant', { type: 'voteNo', id: 1 });
  await world.run(5);
  messages = 0;
  frames = 0;
  flushes.clear();
  const startMs = world.host.clock.now();
  const client = world.client('a');
  await world.runWhile(Promise.all(transactions.map((transaction) => client.commit(transaction))), 1000);
  const answeredMs = world.host.clock.now() - startMs;
  await world.run(startMs + UNTIL_MS - world.host.clock.now());
  return { messages, frames, leader: flushes.get('0') ?? 0, follower: flushes.get('1') ?? 0, answeredMs };
}

function per(count: number, transactions: number): string {
  return String(Math.round((count / transactions) * 100) / 100);
}

async function rowOf(each: Case): Promise<string> {
  const count = each.transactions?.length ?? 1;
  const { messages, frames, leader, follower } = await run(each, 0.1, 0.1);
  // Where one of the two takes no time, what it takes until the client is answered counts the other.
  const hops = Math.round((await run(each, 1, 0)).answeredMs);
  const inARow = Math.round((await run(each, 0, 1)).answeredMs);
  const cells = [
    per(messages, count),
    per(frames, count),
    per(leader, count),
    per(follower, count),
    inARow,
    hops,
  ];
  return `| ${[each.what, ...cells].join(' | ')} |`;
}

describe('what a transaction costs with Paxos Commit', () => {
  const documented = readFileSync(new URL('docs/paxos-commit.md', ROOT), 'utf8');
  for (const each of CASES) {
    it(`is documented: ${each.what}`, async () => {
      expect(documented.split('\n')).to.include(await rowOf(each));
    });
  }
});
