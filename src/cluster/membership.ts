import { type Clock, pause } from '../../actors/clock.ts';
import type { Members } from '../../machines/replication/client-messages.ts';
import { BadOptionError, type Unanswered } from '../errors.ts';

/** What the nodes say of who leads, and of who is a member. */
export interface Reign {
  readonly leader: string;
  readonly members: Members;
}

/** What a change of members, or of the leader, needs. */
export interface MembershipSurroundings {
  readonly clock: Clock;
  /** Undefined while nobody leads. */
  reign(): Promise<Reign | undefined>;
  setMembers(leader: string, voters: readonly string[]): void;
  transferLeadership(leader: string, to: string | undefined): void;
  readonly unanswered: Unanswered;
}

/** How often it looks, and says again what is to be done: whoever leads by then may not have heard it. */
const LOOK_MS = 25;

/** Has the leader, whichever it is, change who is a member, and who leads; and sees that it is done. */
export class Membership {
  readonly #surroundings: MembershipSurroundings;
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(surroundings: MembershipSurroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Makes these the voters, whom `goalOf` names by those that there are once no other change is under way. Resolves when that is so and settled.
   * @throws TimeoutError, NoQuorumError: it may be so, or become so yet; BadOptionError when there would be none.
   */
  set(goalOf: (voters: readonly string[]) => readonly string[], timeoutMs: number): Promise<void> {
    const what = 'a change of members';
    return this.#inTurn(async () => {
      let goal: readonly string[] | undefined;
      await this.#until(what, timeoutMs, ({ leader, members }) => {
        // One that was given up may be on its way yet: what it comes to is known when it is there.
        if (goal === undefined && members.changing) return false;
        goal ??= goalOf(members.voters);
        if (goal.length === 0)
          throw new BadOptionError('node', Number(members.voters[0]), 'one of several voters');
        if (!members.changing && members.learners.length === 0 && areSame(members.voters, goal)) return true;
        this.#surroundings.setMembers(leader, goal);
        return false;
      });
    });
  }

  /** Lets another node lead: that one, or whichever is furthest. @throws TimeoutError, NoQuorumError. */
  transfer(to: string | undefined, timeoutMs: number): Promise<void> {
    let former: string | undefined;
    return this.#inTurn(() =>
      this.#until('a transfer of leadership', timeoutMs, ({ leader }) => {
        former ??= leader;
        if (to === undefined ? leader !== former : leader === to) return true;
        this.#surroundings.transferLeadership(leader, to);
        return false;
      }),
    );
  }

  async #until(what: string, timeoutMs: number, isDone: (reign: Reign) => boolean): Promise<void> {
    const { clock, reign, unanswered } = this.#surroundings;
    const deadlineMs = clock.now() + timeoutMs;
    for (;;) {
      const now = await reign();
      if (now !== undefined && isDone(now)) return;
      if (clock.now() >= deadlineMs) {
        throw unanswered(what, timeoutMs);
      }
      await pause(clock, LOOK_MS);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((node) => others.includes(node));
}
