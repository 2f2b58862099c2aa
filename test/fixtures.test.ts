// As a user has it, from the built package: node threads start quicker than from the sources.
import { scenarios } from 'synod/mocha';

// What a script must print does not depend on the protocol.
for (const protocol of ['paxos', 'raft']) {
  for (const folder of ['chat', 'chat-service']) {
    scenarios(new URL(`../fixtures/${folder}/`, import.meta.url), { protocol });
  }
}

scenarios(new URL('../fixtures/two-phase-commit/', import.meta.url));
scenarios(new URL('../fixtures/paxos-commit/', import.meta.url));
scenarios(new URL('../fixtures/eventual/', import.meta.url));
