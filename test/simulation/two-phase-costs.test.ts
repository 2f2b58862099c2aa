import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Presume, TwoPhaseCommitSettings } from '../../machines/two-phase-commit/settings.ts';
import type { Transaction } from '../../machines/two-phase-commit/transaction.ts';
import { forTwoPhaseCommit } from '../../src/simulation/protocols/two-phase-commit/open-two-phase-commit.ts';
import { ROOT } from '../files.ts';
import { TwoPhaseWorld } from './support/two-phase/two-phase-world.ts';

const FOLLOWERS = 3;
/** All that anybody waits for is over, and nothing has been tidied up. */
const UNTIL_MS = 15;
/** Of many that come at once. */
const MANY = 100;

interface Case {
  readonly what: string;
  readonly settings: Partial<TwoPhaseCommitSettings>;
  /** A follower votes no. */
  readonly votesNo?: boolean;
  readonly transactions?: readonly Partial<Transaction>[];
}

const WRITING: Partial<Transaction> = { writes: [['a', 'value']] };
const READING: Partial<Transaction> = { reads: [['a', 0]] };
const MANY_WRITING = Array.from(
  { length: MANY },
  (_, key): Partial<Transaction> => ({ writes: [[`key ${key}`, 'v']] }),
);

function presuming(presume: Presume): Case[] {
  return [
    { what: `presume ${presume}: commit`, settings: { presume } },
    { what: `presume ${presume}: abort, one votes no`, settings: { presume }, votesNo: true },
  ];
}

const CASES: readonly Case[] = [
  ...presuming('nothing'),
  ...presuming('abort'),
  ...presuming('commit'),
  { what: 'read-only, `readOnlyVotes` on', settings: {}, transactions: [READING] },
  { what: 'read-only, `readOnlyVotes` off', settings: { readOnlyVotes: false }, transactions: [READING] },
  { what: `each of ${MANY}, \`groupCommit\` on`, settings: {}, transactions: MANY_WRITING },
  {
    what: `each of ${MANY}, \`groupCommit\` off`,
    settings: { groupCommit: false },
    transactions: MANY_WRITING,
  },
];

/** What is counted at a node: records of groups, and the flushes that they were forced with. */
interface Forced {
  records: number;
  flushes: number;
}

/** A world with what it counts: messages between nodes, and what is forced to disk at each node. */
class CountingWorld {
  readonly world: TwoPhaseWorld;
  messages = 0;
  readonly forced = new Map<string, Forced>();

  constructor(settings: Partial<TwoPhaseCommitSettings>, latencyMs: number, flushMs: number) {
    this.world = new TwoPhaseWorld({
      followers: FOLLOWERS,
      settings,
      network: { latencyMsMin: latencyMs, latencyMsMax: latencyMs },
      disk: { flushMsMin: flushMs, flushMsMax: flushMs },
      trace: (record) => {
        if (record.event !== 'deliver' || record.from === 'clients' || record.to === 'clients') return;
        this.messages += record.messages.length;
      },
      instruments: [
        forTwoPhaseCommit(({ node }, { journal }) => {
          const commit = journal.commit.bind(journal);
          journal.commit = (writes, durable) => {
            // One record takes the place of another: that is one.
            const groups = new Set(
              writes.flatMap((write) => ('key' in write && write.key[0] === 'group' ? [write.key[1]] : [])),
            );
            const { records, flushes } = this.forcedAt(node);
            if (groups.size > 0)
              this.forced.set(node, { records: records + groups.size, flushes: flushes + 1 });
            commit(writes, durable);
          };
        }),
      ],
    });
  }

  forcedAt(node: string): Forced {
    return this.forced.get(node) ?? { records: 0, flushes: 0 };
  }
}

/** Runs a case; what was counted, and after how long the last client was answered. */
async function run(
  { settings, votesNo, transactions = [WRITING] }: Case,
  latencyMs: number,
  flushMs: number,
) {
  const counting = new CountingWorld(settings, latencyMs, flushMs);
  await using world = counting.world;
  await world.start();
  await world.runWhile(world.client('a').commit({}), 1000);
  await world.run(100);
  if (votesNo) world.send('2', 'participant', { type: 'voteNo', id: 1 });
  await world.run(5);
  counting.messages = 0;
  counting.forced.clear();
  const startMs = world.host.clock.now();
  const client = world.client('a');
  await world.runWhile(Promise.all(transactions.map((transaction) => client.commit(transaction))), 1000);
  const answeredMs = world.host.clock.now() - startMs;
  await world.run(startMs + UNTIL_MS - world.host.clock.now());
  // The one that votes no has less to do than the others.
  return {
    messages: counting.messages,
    leader: counting.forcedAt('0'),
    follower: counting.forcedAt('1'),
    answeredMs,
  };
}

function per(count: number, transactions: number): string {
  return String(Math.round((count / transactions) * 100) / 100);
}

async function rowOf(each: Case): Promise<string> {
  const count = each.transactions?.length ?? 1;
  const { messages, leader, follower } = await run(each, 0.1, 0.1);
  // Where one of the two takes no time, what it takes until the client is answered counts the other.
  const hops = Math.round((await run(each, 1, 0)).answeredMs);
  const flushes = Math.round((await run(each, 0, 1)).answeredMs);
  const cells = [
    per(messages, count),
    per(leader.records, count),
    per(follower.records, count),
    per(leader.flushes, count),
    per(follower.flushes, count),
    flushes,
    hops,
  ];
  return `| ${[each.what, ...cells].join(' | ')} |`;
}

describe('what a transaction costs', () => {
  const documented = readFileSync(new URL('docs/two-phase-commit.md', ROOT), 'utf8');
  for (const each of CASES) {
    it(`is documented: ${each.what}`, async () => {
      expect(documented.split('\n')).to.include(await rowOf(each));
    });
  }
});
