import { majorityOf } from '../../machines/replication/batch.ts';
import type {
  CoordinatorStatus,
  OpenGroup,
  ParticipantStatus,
  UndecidedGroup,
} from '../../machines/two-phase-commit/client-messages.ts';
import type { Topology } from './topology.ts';
import type { TransactionReports } from './transaction-observer.ts';

/**
 * Whether anything more can happen. `clear`: no transaction is pending anywhere. `stuck`: some are, and wait for nodes that
 * are down or cut off, and for nobody else.
 */
export type Rest = 'busy' | 'clear' | 'stuck';

type Links = Pick<Topology, 'isUp' | 'isLinked' | 'nodes'>;

/** By what the nodes say, and which of them live and hear each other. */
export function restOf(
  { coordinator, participants }: TransactionReports,
  leader: string,
  links: Links,
): Rest {
  const followers = links.nodes.filter((node) => node !== leader);
  const leads = links.isUp(leader);
  if (leads && coordinator === undefined) return 'busy';
  const hears = (a: string, b: string) => links.isUp(a) && links.isUp(b) && links.isLinked(a, b);
  let isStuck = false;
  if (coordinator !== undefined) {
    if (coordinator.open.some((group) => canEnd(group, leader, hears))) return 'busy';
    // What is not open yet will be.
    if (coordinator.pending > 0 || !coordinator.isTidy) return 'busy';
    const outside = followers.filter(
      (node) =>
        links.isUp(node) &&
        (!coordinator.followers.includes(node) || participants.get(node)?.isMember === false),
    );
    if (outside.some((node) => canJoin(node, outside, coordinator, leader, hears))) return 'busy';
    isStuck ||= coordinator.open.length > 0 || outside.length > 0;
  }
  for (const node of followers) {
    if (!links.isUp(node)) continue;
    const status = participants.get(node);
    if (status === undefined || !status.isTidy || !status.isDurable) return 'busy';
    // What has ended elsewhere is still remembered here.
    const isBehind = status.records > 0 && status.mark !== coordinator?.mark;
    if (isBehind && hears(leader, node)) return 'busy';
    if (status.undecided.some((group) => canBeDecided(node, group, participants, leader, hears)))
      return 'busy';
    isStuck ||= status.undecided.length > 0;
  }
  return isStuck ? 'stuck' : 'clear';
}

/** With a replicated coordinator: a dead leader is replaced, as long as a majority lives and hears each other. */
export function replicatedRestOf(
  { leader, coordinator, participants }: TransactionReports,
  founder: string,
  links: Links,
): Rest {
  const live = links.nodes.filter((node) => links.isUp(node));
  const hears = (a: string, b: string) => links.isUp(a) && links.isUp(b) && links.isLinked(a, b);
  const canLead = (node: string) =>
    live.filter((other) => other === node || hears(node, other)).length >= majorityOf(links.nodes.length);
  const isLed = leader !== undefined && coordinator !== undefined && canLead(leader);
  if (!isLed && live.some(canLead)) return 'busy';
  if (isLed && coordinator.open.some((group) => canEnd(group, leader, hears))) return 'busy';
  if (isLed && (coordinator.pending > 0 || !coordinator.isTidy)) return 'busy';
  let isStuck = isLed && coordinator.open.length > 0;
  for (const node of live) {
    if (node === founder) continue;
    const status = participants.get(node);
    if (status === undefined || !status.isTidy || !status.isDurable) return 'busy';
    const isHeard = isLed && (node === leader || hears(leader, node));
    // What has ended elsewhere is still remembered here. Whoever remembers nothing need not hear that all has ended.
    const isBehind = status.records > 0 && status.mark !== coordinator?.mark;
    if (isHeard && (isBehind || status.undecided.length > 0)) return 'busy';
    isStuck ||= status.undecided.length > 0;
  }
  return isStuck ? 'stuck' : 'clear';
}

type Hears = (a: string, b: string) => boolean;

/** Whether somebody is still to vote, or to acknowledge the decision, who can. */
function canEnd({ state, waitsFor }: OpenGroup, leader: string, hears: Hears): boolean {
  // Who does not vote in time has voted no; and what waits for nobody any more is about to end.
  return state === 'voting' || waitsFor.length === 0 || waitsFor.some((node) => hears(leader, node));
}

/** Whether a follower that has no vote can get one: it needs somebody to learn from, and that nothing is under way. */
function canJoin(
  node: string,
  outside: readonly string[],
  { open, followers }: CoordinatorStatus,
  leader: string,
  hears: Hears,
): boolean {
  const sources = followers.filter((other) => !outside.includes(other));
  return open.length === 0 && hears(leader, node) && sources.some((other) => hears(node, other));
}

/** Whether a follower hears anybody who knows the decision, or can still make it. */
function canBeDecided(
  node: string,
  { group, state, others }: UndecidedGroup,
  participants: ReadonlyMap<string, ParticipantStatus>,
  leader: string,
  hears: Hears,
): boolean {
  if (hears(leader, node)) return true;
  // Its vote waits for keys that another group has, and it will not be asked for it: it is as stuck as that one.
  if (state === 'init') return !isBlocked(participants.get(node));
  return others.some((other) => {
    if (!hears(node, other)) return false;
    const undecided = participants.get(other)?.undecided.find((known) => known.group === group);
    return undecided?.state !== 'ready';
  });
}

function isBlocked(status: ParticipantStatus | undefined): boolean {
  return status?.undecided.some(({ state }) => state === 'ready') === true;
}

/** Looks until nothing more can happen. What is on its way between nodes shows in no report: so once is not enough. */
export class RestWatch {
  #clearBefore = false;
  /** How often each uncertain follower had asked for each decision when it was first seen that nothing moves. */
  #asked: ReadonlyMap<string, number> | undefined;

  /** Whether it is certain now that nothing more can happen. */
  look(rest: Rest, reports: TransactionReports): boolean {
    const isClearAgain = rest === 'clear' && this.#clearBefore;
    this.#clearBefore = rest === 'clear';
    if (rest !== 'stuck') {
      this.#asked = undefined;
      return isClearAgain;
    }
    const asked = roundsOf(reports);
    this.#asked ??= asked;
    // Each has asked everybody since, once more.
    return [...asked].every(([who, rounds]) => rounds > (this.#asked?.get(who) ?? rounds));
  }
}

function roundsOf({ participants }: TransactionReports): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  for (const [node, { undecided }] of participants) {
    for (const { group, state, rounds: asked } of undecided)
      if (state === 'ready') rounds.set(`${node} ${group}`, asked);
  }
  return rounds;
}
