import { expect } from 'chai';
import type { ProtocolName } from '../../src/cluster/protocols.ts';
import { itInLongRuns } from '../long.ts';
import { chaos } from './support/chaos.ts';
import { LogSystem } from './support/log-system.ts';

const SEEDS_MAX = 20;
const DURATION_MS = 10_000;

/** Bugs that one process can show: what was handed to the disk is written there, whoever ends. */
const BUGS: readonly (readonly [ProtocolName, string])[] = [
  ['paxos', 'an acceptor forgets what it has accepted when it restarts'],
  ['raft', 'a server forgets entries when it restarts'],
];

describe('chaos on threads finds a planted bug', () => {
  for (const [protocol, bug] of BUGS) {
    itInLongRuns(`${protocol}: ${bug}`, async function () {
      this.timeout(SEEDS_MAX * (DURATION_MS + 60_000));
      let found: unknown;
      for (let seed = 1; seed <= SEEDS_MAX && found === undefined; seed++) {
        await chaos((options) => LogSystem.start(protocol, options), {
          seed,
          durationMs: DURATION_MS,
          bug,
        }).catch((error: unknown) => {
          found = error;
        });
      }
      expect(found, `in ${SEEDS_MAX} seeds`).to.be.instanceOf(Error);
    });
  }
});
