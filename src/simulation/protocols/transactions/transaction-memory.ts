import type { CoordinatorContext } from '../../../../machines/two-phase-commit/coordinator-context.ts';
import type { ParticipantContext } from '../../../../machines/two-phase-commit/participant-context.ts';
import { watchActions } from '../../watch/instrumented-program.ts';
import { forTwoPhaseCommit, type OpenTwoPhaseCommit } from '../two-phase-commit/open-two-phase-commit.ts';

/** Looks into the contexts of the roles of all nodes, in their present lives: what they keep. */
export class TransactionMemory {
  readonly #coordinators = new Map<string, CoordinatorContext>();
  readonly #participants = new Map<string, ParticipantContext>();
  readonly #coordinatorActions: readonly string[];

  /** `coordinatorActions`: some that every coordinator carries out before it keeps anything. */
  constructor(coordinatorActions: readonly string[]) {
    this.#coordinatorActions = coordinatorActions;
  }

  readonly instrument = forTwoPhaseCommit((program) => this.watch(program));

  /** Whether it is a follower that has the whole store, as far as it knows. */
  isMember(node: string): boolean {
    return this.#participants.get(node)?.ground.membership.state === 'member';
  }

  /** Whether a leader counts on the votes of a follower. */
  hasVote(leader: string, node: string): boolean {
    return this.#coordinators.get(leader)?.followers.includes(node) === true;
  }

  /** What nodes may not keep in which nothing is pending: for each, the names of what it keeps, with how much. */
  leftovers(): Record<string, number> {
    const found: Record<string, number> = {};
    const note = (node: string, what: string, size: number) => {
      if (size > 0) found[`${node} ${what}`] = size;
    };
    for (const [node, context] of this.#coordinators) {
      note(node, 'groups', context.groups.size);
      note(node, 'granted', context.granted.length);
      note(node, 'unvalidated', context.unvalidated.length);
      note(node, 'validations', context.validations.size);
      note(node, 'voting', context.voting);
      note(node, 'pending', context.pending);
      note(node, 'pendingBytes', context.pendingBytes);
      note(node, 'locks', context.locks.size);
      note(node, 'records', context.journal.size);
      note(node, 'learner', context.learner === undefined ? 0 : 1);
    }
    for (const [node, { ground, groups, kept, written, flushing, reads }] of this.#participants) {
      note(node, 'groups', groups.size);
      note(node, 'kept', kept.size);
      note(node, 'written', written.length);
      note(node, 'flushing', flushing.length);
      note(node, 'reads', reads.size);
      note(node, 'locks', ground.locks.size);
      note(node, 'records', ground.journal.size);
      note(node, 'dirty bytes', ground.store.dirtyBytes);
    }
    return found;
  }

  protected watch(program: OpenTwoPhaseCommit): void {
    const { node, inputs } = program;
    if (inputs.coordinator !== undefined)
      watchActions(program, 'coordinator', this.#coordinatorActions, ({ context }) =>
        this.#coordinators.set(node, context),
      );
    if (inputs.participant !== undefined)
      watchActions(program, 'participant', ['recover'], ({ context }) =>
        this.#participants.set(node, context),
      );
  }
}
