import type { AnyStateMachine } from 'xstate';
import { type Address, nodeOf } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Envelope, Message } from '../../../actors/envelope.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { acceptor } from '../../../machines/paxos/acceptor.ts';
import type { AcceptorInput } from '../../../machines/paxos/acceptor-context.ts';
import { loadAcceptorRecords } from '../../../machines/paxos/acceptor-records.ts';
import { type Ballot, ballotAbove, highestBallot } from '../../../machines/paxos/ballot.ts';
import { type CommanderInput, type CommanderOutcome, commander } from '../../../machines/paxos/commander.ts';
import { type ScoutInput, type ScoutOutcome, scout } from '../../../machines/paxos/scout.ts';
import { persisted, RoleDriver, sent } from '../role-driver.ts';
import { batch, settings } from './values.ts';

/** A planted bug. */
export interface StageBug {
  readonly acceptor?: AnyStateMachine;
  /** What a leader takes for the highest ballot that it may have used, once it has recovered. */
  readonly recalled?: (node: string, ballot: Ballot) => Ballot;
}

interface Place {
  readonly acceptor: RoleDriver;
  readonly journal: MemoryJournal;
  /** The highest ballot that the leader of this life knows of. */
  seen: Ballot;
  readonly proposers: Map<Address, RoleDriver>;
}

const SETTINGS = settings();
const SLOT = 1;

/**
 * Acceptors, scouts and commanders of one slot, without links and clocks: a message arrives when the test says so, or
 * never. What is persisted is on disk when the step ends; what stays inside a node is delivered in the same step.
 */
export class Stage {
  readonly nodes: readonly string[];
  /** What is under way between nodes, the oldest first. */
  readonly underway: Envelope[] = [];
  /** What was decided, each by the commander that said so last. More than one is a violation. */
  readonly decided = new Map<string, Address>();
  readonly #bug: StageBug;
  readonly #places = new Map<string, Place>();
  #values = 0;
  #memories = 0;

  /** Nodes are called a, b, c. */
  constructor(nodes: number, bug: StageBug = {}) {
    this.#bug = bug;
    this.nodes = Array.from({ length: nodes }, (_, place) => String.fromCharCode(97 + place));
    for (const node of this.nodes) this.#start(node, new MemoryJournal(), false);
  }

  isForgetful(node: string): boolean {
    return this.#placeOf(node).acceptor.is('forgetful');
  }

  /** The node ends, and starts with its disk. */
  restart(node: string): void {
    this.#start(node, this.#placeOf(node).journal, false);
  }

  /** The node ends, and starts without its disk. */
  forget(node: string): void {
    this.#start(node, new MemoryJournal(), true);
  }

  /** So much time passes that the node asks again whoever has not answered. */
  wait(node: string): void {
    const { acceptor: memory, proposers } = this.#placeOf(node);
    for (const role of [memory, ...proposers.values()]) this.#carryOut(role, role.pass(SETTINGS.retryMs));
  }

  /** The leader of the node starts a ballot; it proposes a value of its own as soon as it may. */
  stand(node: string): void {
    const place = this.#placeOf(node);
    if (this.isForgetful(node)) return;
    place.seen = ballotAbove(place.seen, node);
    const input: ScoutInput = {
      ballot: place.seen,
      nodes: this.nodes,
      fromSlot: SLOT,
      retryMs: SETTINGS.retryMs,
    };
    this.#spawn(scout, `${node}/scout/${keyOf(place.seen)}`, input);
  }

  arrive({ to, from, message }: Envelope): void {
    const { acceptor: memory, proposers } = this.#placeOf(nodeOf(to));
    const role = to.endsWith('/acceptor') ? memory : proposers.get(to);
    if (role !== undefined) this.#carryOut(role, role.receive(message, from));
  }

  #spawn(machine: AnyStateMachine, address: Address, input: unknown): void {
    const role = new RoleDriver(machine, address, input);
    this.#placeOf(nodeOf(address)).proposers.set(address, role);
    this.#carryOut(role, role.started);
  }

  #start(node: string, journal: MemoryJournal, isLost: boolean): void {
    const records = loadAcceptorRecords(journal);
    this.#memories += 1;
    const input: AcceptorInput = {
      node,
      nodes: this.nodes,
      settings: SETTINGS,
      records,
      isForgetful: isLost || records.isForgetful,
      nonce: this.#memories,
    };
    const role = new RoleDriver(this.#bug.acceptor ?? acceptor, `${node}/acceptor`, input);
    this.#places.set(node, { acceptor: role, journal, seen: records.ballot, proposers: new Map() });
    this.#carryOut(role, role.started);
  }

  #carryOut(role: RoleDriver, effects: readonly Effect[]): void {
    const node = nodeOf(role.address);
    const writes = persisted(effects);
    if (writes.length > 0) this.#placeOf(node).journal.commit(writes, () => {});
    for (const [to, message] of sent(effects)) {
      const envelope = { to, from: role.address, message };
      if (to.endsWith('/leader')) this.#tellLeader(envelope);
      else if (nodeOf(to) !== node) this.underway.push(envelope);
      else if (!to.endsWith('/replica')) this.arrive(envelope);
    }
    this.#conclude(role);
  }

  /** Any leader says at once that nothing was decided which the replica beside who asks has not: that is not at stake. */
  #tellLeader({ to, from, message }: Envelope): void {
    if (message.type === 'confirmRead') {
      const { ticket } = message as Message & { readonly ticket: string };
      const reply = { type: 'readConfirmed', ticket, index: 0 };
      this.underway.push({ to: from, from: to, message: reply });
    } else if (message.type === 'recovered') {
      const { ballot } = message as Message & { readonly ballot: Ballot };
      const { recalled } = this.#bug;
      this.#placeOf(nodeOf(to)).seen = recalled === undefined ? ballot : recalled(nodeOf(to), ballot);
    }
  }

  #conclude(role: RoleDriver): void {
    const place = this.#placeOf(nodeOf(role.address));
    const output = role.output as ScoutOutcome | CommanderOutcome | undefined;
    if (output === undefined || !place.proposers.delete(role.address)) return;
    if (output.kind === 'preempted') place.seen = highestBallot(place.seen, output.ballot);
    if (output.kind === 'adopted') this.#propose(nodeOf(role.address), output);
  }

  #propose(node: string, { ballot, accepted }: ScoutOutcome & { readonly kind: 'adopted' }): void {
    this.#values += 1;
    const pvalue = { ballot, slot: SLOT, batch: accepted.get(SLOT)?.batch ?? batch(this.#values % 256) };
    const address: Address = `${node}/commander/${keyOf(ballot)}`;
    const input: CommanderInput = { node, pvalue, nodes: this.nodes, retryMs: SETTINGS.retryMs };
    const machine = watched(() => this.decided.set(String(pvalue.batch), address));
    this.#spawn(machine, address, input);
  }

  #placeOf(node: string): Place {
    return this.#places.get(node)!;
  }
}

/** A commander that says when its slot is decided. */
function watched(decided: () => void): AnyStateMachine {
  const tellReplicas = () => {
    decided();
    return [];
  };
  return commander.provide({ actions: { tellReplicas } });
}

function keyOf({ round, leader }: Ballot): string {
  return `${round}.${leader}`;
}
