import { lastIndex } from '../../../../machines/raft/log.ts';
import { type Member, nodeOfMember } from '../../../../machines/raft/member.ts';
import { hasVote, type ServerContext } from '../../../../machines/raft/server-context.ts';
import type { ReplicaContext } from '../../../../machines/replication/replica-context.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import type { MemoryWatch, Reign } from '../replicated-log/memory-watch.ts';
import { forRaft } from './open-raft.ts';

/** Looks into the contexts of the roles of all nodes of Raft. */
export class RaftMemory implements MemoryWatch {
  readonly replicas = new Map<string, ReplicaContext>();
  readonly servers = new Map<string, ServerContext>();
  readonly reigns: Reign[] = [];
  readonly snapshots: string[] = [];

  readonly instrument = forRaft((program) => {
    const { node } = program;
    // The first actions of their lives; the contexts are changed in place from then on.
    watchActions(program, 'server', ['repair'], ({ context }) => this.servers.set(node, context));
    watchActions(program, 'replica', ['askHandOver'], ({ context }) => this.replicas.set(node, context));
    watchActions(program, 'replica', ['goOnFromSnapshot'], () => this.snapshots.push(node));
    watchActions(program, 'server', ['takeOffice'], ({ context }) =>
      this.reigns.push({ number: context.term, leader: node }),
    );
  });

  get watched(): number {
    return this.servers.size;
  }

  hasVote(node: string): boolean {
    const server = this.servers.get(node);
    return server === undefined || hasVote(server);
  }

  quorums(nodes: readonly string[]): readonly (readonly string[])[] {
    const servers = nodes.flatMap((node) => this.servers.get(node) ?? []);
    const commit = Math.max(0, ...servers.map((server) => server.commit));
    const known = servers.flatMap(({ log }) => log.configurations);
    const inForce = Math.max(0, ...known.map(({ index }) => index).filter((index) => index <= commit));
    return known
      .filter(({ index }) => index >= inForce)
      .flatMap(({ configuration }) => [configuration.voters, configuration.nextVoters])
      .filter((members) => members.length > 0)
      .map((members) => members.map((member) => this.#nodeOf(member)));
  }

  highestTerm(nodes: readonly string[]): number {
    return Math.max(...nodes.map((node) => this.servers.get(node)?.term ?? 0));
  }

  readsAt(node: string): number {
    return this.servers.get(node)?.reads.length ?? 0;
  }

  /** Nobody's name for a member that its node is no more. */
  #nodeOf(member: Member): string {
    const node = nodeOfMember(member);
    return (this.servers.get(node)?.member ?? member) === member ? node : `former ${member}`;
  }

  leftovers(): Record<string, number> {
    const found: Record<string, number> = {};
    const note = (node: string, what: string, size: number) => {
      if (size > 0) found[`${node} ${what}`] = size;
    };
    const commit = Math.max(...[...this.servers.values()].map((server) => server.commit));
    for (const [node, server] of this.servers) {
      const { log, settings, pending, reads, roundsMs, progress } = server;
      note(node, 'uncommitted', lastIndex(log) - server.commit);
      note(node, 'not known to be committed', commit - server.commit);
      note(node, 'not handed over', server.commit - server.handed);
      note(node, 'log over the bound', log.bytes - settings.logKeptBytes);
      note(node, 'pending', pending.chunks.length + pending.bytes);
      note(node, 'reads', reads.length);
      // The round under way, and the one before it.
      note(node, 'rounds', roundsMs.size - 2);
      for (const [other, { inFlight, inFlightBytes }] of progress) {
        note(node, `in flight to ${other}`, inFlight.length + inFlightBytes);
      }
    }
    for (const [node, replica] of this.replicas) {
      note(node, 'held', replica.held.size);
      note(node, 'heldBytes', replica.heldBytes);
      note(node, 'heldQueries', replica.heldQueries.length);
      note(node, 'passedOn', replica.passedOn.flat().length);
      note(node, 'unconfirmed', replica.unconfirmed.size);
      note(node, 'confirmed', replica.confirmed.length);
      note(node, 'undurable', replica.state.applied - replica.state.durable);
    }
    return found;
  }
}
