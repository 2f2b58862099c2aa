import { addressOf, nodeOf } from '../../../../actors/address.ts';
import type { Effect, Effects } from '../../../../actors/effects.ts';
import type { Message } from '../../../../actors/envelope.ts';
import { CLIENTS } from '../../../../actors/host.ts';
import {
  type LifeEvent,
  SimulatedHost,
  type SimulatedHostOptions,
} from '../../../../actors/simulated/index.ts';
import { type Outcomes, PARTICIPANT } from '../../../../machines/two-phase-commit/client-messages.ts';
import { Gateway } from '../../../client/gateway.ts';
import { TransactionClient } from '../../../client/transaction-client.ts';
import { transactionProgram } from '../../../cluster/create-transaction-cluster.ts';
import { TransactionCluster } from '../../../cluster/transaction-cluster.ts';
import { CommitsHaveAllVotes } from '../../invariants/commits-have-all-votes.ts';
import { OneContent } from '../../invariants/one-content.ts';
import { OneDecision } from '../../invariants/one-decision.ts';
import { ReadyKeysAreLocked } from '../../invariants/ready-keys-are-locked.ts';
import { Violation } from '../../violation.ts';
import { type DiskListener, watchDisk } from '../../watch/disk-watch.ts';
import {
  type Arguments,
  type Instrument,
  instrumentedProgram,
  replaceAction,
  watchActions,
} from '../../watch/instrumented-program.ts';
import { Witness } from '../../watch/witness.ts';
import { forTwoPhaseCommit, type OpenTwoPhaseCommit } from '../two-phase-commit/open-two-phase-commit.ts';
import { GroupDisks } from './group-disks.ts';
import { TentativeDecisions } from './tentative-decisions.ts';
import type { TransactionAgreement, TransactionProtocol } from './transaction-protocol.ts';

export interface WatchedTransactionsOptions
  extends Pick<SimulatedHostOptions, 'seed' | 'network' | 'disk' | 'journal' | 'clockRates' | 'trace'> {
  readonly protocol: TransactionProtocol;
  readonly nodes: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly instruments: readonly Instrument[];
}

/** A cluster for transactions in the simulated world, with every invariant watched that can be watched while it runs. */
export class WatchedTransactions implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly cluster: TransactionCluster;
  readonly witness = new Witness();
  readonly decisions = new OneDecision();
  readonly contents = new OneContent();
  readonly #locks = new ReadyKeysAreLocked();
  readonly #tentative = new TentativeDecisions();
  readonly #agreement: TransactionAgreement;
  readonly #disks: readonly DiskListener[];
  readonly #program: Disposable;
  readonly #distant = new Map<string, Gateway>();

  constructor(options: WatchedTransactionsOptions) {
    const { protocol, nodes, settings, instruments, ...world } = options;
    this.#agreement = protocol.agreement(nodes);
    const { disks, groups } = this.#agreement;
    this.#disks = [
      ...disks,
      new GroupDisks([this.decisions, new CommitsHaveAllVotes(), this.#locks, this.#tentative, ...groups]),
    ];
    const reference = transactionProgram(protocol.coordinator, nodes, settings);
    const program = instrumentedProgram(reference, [
      ...instruments,
      forTwoPhaseCommit((open) => this.#instrument(open)),
    ]);
    this.#program = program;
    this.host = new SimulatedHost({
      ...world,
      nodes,
      program: program.reference,
      damaged: 'refuse',
      onLife: (event, error) => this.#noteLife(event, error),
    });
    for (const name of nodes) this.#watchDisks(name);
    const attach = this.host.attach.bind(this.host);
    this.host.attach = (handlers) =>
      attach({
        ...handlers,
        receive: (envelopes, from) => {
          for (const { message } of envelopes) this.#hear(message);
          handlers.receive(
            envelopes.filter(({ to }) => !this.#distant.has(to)),
            from,
          );
          for (const envelope of envelopes) this.#distant.get(envelope.to)?.receive([envelope], from);
        },
      });
    const events = {
      onNodeEnded: (_node: number, error: Error | undefined) => {
        if (error !== undefined) this.witness.note(error);
      },
    };
    this.cluster = new TransactionCluster(this.host, events, undefined, protocol.coordinator);
  }

  /** The nodes that there are now. */
  get names(): readonly string[] {
    return this.host.nodes;
  }

  /** All but the first, which has no store. */
  get followers(): readonly string[] {
    return this.names.slice(1);
  }

  /** A client that finds its way alone, as from another process: it hears of no crash. */
  distantClient(): TransactionClient {
    const name = `distant-${this.#distant.size}`;
    const gateway = new Gateway(this.host, PARTICIPANT);
    for (const node of this.names) gateway.nodeStarted(node);
    this.#distant.set(addressOf(CLIENTS, name), gateway);
    const isReplicated = this.cluster.coordinator === 'replicated';
    return new TransactionClient(name, gateway, {
      leaders: isReplicated ? this.names : this.names.slice(0, 1),
      followers: () => this.followers,
      closed: () => {},
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.#distant.values()) gateway.close();
    await this.cluster[Symbol.asyncDispose]();
    this.#program[Symbol.dispose]();
  }

  #watchDisks(name: string): void {
    watchDisk(name, this.host.diskOf(name), this.#disks, this.witness.look);
  }

  #noteLife(event: LifeEvent, error: unknown): void {
    if (event.event === 'member' && event.present) {
      this.#watchDisks(event.node);
      for (const gateway of this.#distant.values()) gateway.nodeStarted(event.node);
    }
    if (event.event !== 'crash') return;
    this.#locks.crashed(event.node);
    this.#tentative.crashed(event.node);
    if (event.reason === 'failed') {
      const what = error instanceof Error ? error.message : String(error);
      this.witness.note(new Violation('nodes do not fail', `${event.node}: ${what}`));
    }
  }

  /** What clients hear from nodes. */
  #hear(message: Message): void {
    if (message.type !== 'outcomes') return;
    for (const [, outcome, id] of (message as Outcomes).outcomes)
      if (outcome === 'committed' && id > 0) this.witness.look(() => this.#agreement.told(id));
  }

  #instrument(program: OpenTwoPhaseCommit): void {
    const { node, inputs } = program;
    const { look } = this.witness;
    if (inputs.participant === undefined) return;
    watchActions(program, 'follower', ['recordCommit', 'recordAbort'], ({ context, event }) => {
      // What it was told; not its own vote, which may be forgotten with the node before anybody hears of it.
      if (!['COMMIT', 'ABORT', 'END'].includes(event.type)) return;
      const { group, decision } = context;
      if (nodeOf(event.from) === node) this.#tentative.toldBeside(node, group.id);
      this.#tentative.look(node, group.id, () =>
        look(() => this.decisions.decided(node, group.id, decision)),
      );
    });
    watchActions(program, 'follower', ['release'], ({ context }) =>
      this.#locks.learned(node, context.group.id),
    );
    const { store } = inputs.participant.ground;
    const applyGroup = store.applyGroup.bind(store);
    store.applyGroup = (id, contents, decision) => {
      this.#tentative.look(node, id, () => look(() => this.contents.wrote(id, contents, decision)));
      applyGroup(id, contents, decision);
    };
    const show = (effects: Effects, keys: () => readonly string[]) => {
      if (listOf(effects).some((effect) => effect.effect === 'send' && effect.message.type === 'values'))
        look(() => this.#locks.shown(node, keys()));
      return effects;
    };
    replaceAction(program, 'participant', 'read', (args, original) =>
      show(original(args), () => args.event.keys),
    );
    replaceAction(program, 'participant', 'answerGranted', (args: Arguments, original) => {
      const question = args.context.reads.get(args.event.ticket)?.question;
      return show(original(args), () => question.keys);
    });
  }
}

function listOf(effects: Effects): readonly Effect[] {
  if (effects === undefined) return [];
  return 'effect' in effects ? [effects] : effects;
}
