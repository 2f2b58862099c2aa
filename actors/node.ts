import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { type Address, addressOf, nodeOf, roleOf } from './address.ts';
import type { Cancel } from './clock.ts';
import { packFrames, unpackFrame } from './codec.ts';
import type { DoneEvent, Effect, PersistedEvent } from './effects.ts';
import type { Envelope, Message, Received } from './envelope.ts';
import { RoleFailedError } from './errors.ts';
import { CLIENTS } from './host.ts';
import { type InspectedActor, inspectable } from './inspection.ts';
import { type ActionSink, Interpreter } from './interpreter.ts';
import type { Journal, JournalWrite } from './journal.ts';
import { Mailbox, type MailboxSettings } from './mailbox.ts';
import type { Program } from './program.ts';
import { Releases } from './releases.ts';
import type { NodeTally } from './tally.ts';
import { Timers } from './timers.ts';
import type { World } from './world.ts';

/** Bounds of a node. */
export interface NodeSettings extends MailboxSettings {
  /** Frames that one turn takes in at most. */
  readonly framesPerTurnMax: number;
  /** Turns whose flush is under way at most; with more, the node waits for the disk before it works on. */
  readonly turnsInFlightMax: number;
  /** A lazy message leaves at most this much after it could. */
  readonly lingerMs: number;
}

const DEFAULTS: NodeSettings = {
  framesPerTurnMax: 1024,
  turnsInFlightMax: 64,
  lingerMs: 2,
  mailboxFramesMax: 16_384,
  mailboxBytesMax: 256 * 1024 * 1024,
};

/** What a client receives in place of an answer when the node's mailbox was full: send again, later. */
export interface RefusedMessage extends Message {
  readonly type: 'refused';
}

/** An actor, as one sees it from outside. */
export interface ActorView {
  readonly address: Address;
  /** Its state value. */
  readonly value: unknown;
  /** A plain, bounded copy. */
  readonly context: unknown;
}

interface Actor {
  readonly address: Address;
  readonly role: string;
  readonly parent: Address | undefined;
  readonly input: unknown;
  readonly timerIds: Set<string>;
  readonly children: Set<Actor>;
  snapshot: AnyMachineSnapshot | undefined;
}

/**
 * The unit of failure: some actors that share a mailbox, a clock and a journal, and work in turns.
 *
 * ```
 *  frames, timers            actors                    journal               releases
 *  ───────────────▶ 1 take ─▶ 2 run until quiet ─▶ 3 commit ─ ─ ─ durable ─ ─▶ 4 send, in order
 *                                    │                                             ▲
 *                                    └── early messages leave here      a turn waits for those before it
 * ```
 * Nothing leaves before what it says is on disk: so roles need not think of the disk at all.
 */
export class Node {
  readonly name: string;
  readonly #world: World;
  readonly #settings: NodeSettings;
  readonly #interpreter = new Interpreter();
  readonly #timers = new Timers();
  readonly #actors = new Map<Address, Actor>();
  readonly #mailbox: Mailbox;
  readonly #releases: Releases;
  #program: Program | undefined;
  #halted = false;
  #turnRequested = false;
  #turnPostponed = false;
  #lingers = false;
  #messages = 0;
  #frames = 0;
  #cancelWakeUp: Cancel | undefined;
  #wakeUpAtMs = Number.POSITIVE_INFINITY;

  // What the turn under way has gathered.
  #local: Envelope[] = [];
  #early: Envelope[] = [];
  #held: Envelope[] = [];
  #lazy: Envelope[] = [];
  #writes: JournalWrite[] = [];
  /** Children that the step under way has spawned; they start when it has ended. */
  readonly #spawned: Actor[] = [];
  #behind: { readonly address: Address; readonly token: number; readonly writes: readonly JournalWrite[] }[] =
    [];

  constructor(name: string, world: World, settings: Partial<NodeSettings> = {}) {
    this.name = name;
    this.#world = world;
    this.#settings = { ...DEFAULTS, ...settings };
    this.#mailbox = new Mailbox(this.#settings);
    this.#releases = new Releases(
      (destination, envelopes) => this.#post(destination, envelopes),
      () => this.#linger(),
    );
  }

  /** Takes a program, without running its actors. */
  load(program: Program): void {
    this.#program = program;
    for (const { role, input } of program.start)
      this.#create(addressOf(this.name, role), role, undefined, input);
  }

  /** Runs the actors' first turn. @throws RoleFailedError when a role cannot start. */
  begin(): void {
    this.#guarded(() => {
      for (const actor of [...this.#actors.values()]) this.#start(actor);
      this.#finishTurn();
    });
  }

  /** A frame has arrived from a node or from clients. A full mailbox refuses it; clients are told so. */
  receive(frame: Uint8Array, from: string): void {
    if (this.#halted) return;
    if (!this.#mailbox.add(frame, from)) {
      this.#refuse(frame, from);
      return;
    }
    this.#requestTurn();
  }

  /** Lets the node end right after it has released `count` more envelopes of these types to other nodes. */
  killAfter(count: number, types: readonly string[], kill: () => void): void {
    this.#releases.stopAfter(
      count,
      (envelope) => this.#counts(envelope, types),
      () => {
        this.halt();
        kill();
      },
    );
  }

  get tally(): NodeTally {
    return { messages: this.#messages, frames: this.#frames, flushes: this.#world.journal.flushes };
  }

  /** Its actors, in the order in which they began. */
  get actors(): readonly ActorView[] {
    return [...this.#actors.values()].flatMap(({ address, snapshot }) =>
      snapshot === undefined
        ? []
        : [{ address, value: snapshot.value, context: inspectable(snapshot.context) }],
    );
  }

  /** Does nothing any more, from this instant. */
  halt(): void {
    this.#halted = true;
    this.#cancelWakeUp?.();
  }

  #counts(envelope: Envelope, types: readonly string[]): boolean {
    const destination = nodeOf(envelope.to);
    return destination !== this.name && destination !== CLIENTS && types.includes(envelope.message.type);
  }

  #requestTurn(): void {
    if (this.#turnRequested || this.#halted) return;
    this.#turnRequested = true;
    this.#world.requestTurn(() => {
      this.#turnRequested = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#halted) return;
    if (this.#releases.waiting >= this.#settings.turnsInFlightMax) {
      // The disk is far behind: a flush that ends asks for the turn again.
      this.#turnPostponed = true;
      return;
    }
    this.#turnPostponed = false;
    // What falls due while the frames are worked on waits for the next turn: more news may have come by then.
    const nowMs = this.#world.clock.now();
    this.#guarded(() => {
      this.#takeFrames();
      this.#world.turnStep?.('taken');
      this.#deliverLocal();
      // After the frames: news that waited in the mailbox may cancel a timer that is due.
      this.#fireTimers(nowMs);
      this.#finishTurn();
    });
    if (!this.#mailbox.isEmpty) this.#requestTurn();
  }

  #takeFrames(): void {
    for (let taken = 0; taken < this.#settings.framesPerTurnMax; taken++) {
      const arrived = this.#mailbox.take();
      if (arrived === undefined) return;
      try {
        for (const envelope of unpackFrame(arrived.frame)) {
          if (nodeOf(envelope.to) === this.name && nodeOf(envelope.from) === arrived.from)
            this.#local.push(envelope);
        }
      } catch (error) {
        this.#world.warn(error as Error);
      }
    }
  }

  #deliverLocal(): void {
    // The list grows while it is walked: deliveries cause deliveries.
    for (let next = 0; next < this.#local.length; next++) {
      const { to, from, message } = this.#local[next]!;
      const event: Received<Message> = { ...message, from };
      this.#deliver(to, event, from);
    }
    this.#local = [];
  }

  #fireTimers(nowMs: number): void {
    for (let timer = this.#timers.takeDue(nowMs); timer !== undefined; timer = this.#timers.takeDue(nowMs)) {
      this.#actors.get(timer.address)?.timerIds.delete(timer.id);
      this.#deliver(timer.address, timer.event, undefined);
      this.#deliverLocal();
    }
  }

  #finishTurn(): void {
    this.#deliverLocal();
    this.#world.turnStep?.('ran');
    const writes = this.#writes;
    const early = this.#early;
    const prompt = this.#held;
    const lazy = this.#lazy;
    this.#writes = [];
    this.#held = [];
    this.#lazy = [];
    this.#early = [];
    const writeBehind = this.#takeBehind();
    if (writes.length === 0 && this.#releases.waiting === 0) {
      // Nothing to wait for: one frame for each destination carries both kinds.
      this.#releases.release({ prompt: [...early, ...prompt], lazy });
      writeBehind?.();
    } else {
      // What is written behind rests on what is not durable yet, just as a message does: it waits, too.
      const flushed = this.#releases.hold({ prompt, lazy, afterwards: writeBehind }, writes.length > 0);
      // The flush takes longest: it starts first.
      if (writes.length > 0) {
        this.#commit(this.#world.journal, writes, () => {
          this.#world.turnStep?.('durable');
          flushed();
          if (this.#turnPostponed || !this.#mailbox.isEmpty) this.#requestTurn();
        });
        this.#world.turnStep?.('committed');
      }
      this.#releases.release({ prompt: early, lazy: [] });
    }
    this.#scheduleWakeUp();
  }

  /** Hands over to the store what the turn has persisted behind; undefined when that is nothing. */
  #takeBehind(): (() => void) | undefined {
    const behind = this.#behind;
    if (behind.length === 0) return undefined;
    this.#behind = [];
    return () => {
      for (const { address, token, writes } of behind) {
        const event: PersistedEvent = { type: 'persisted', token };
        this.#commit(this.#world.store, writes, () => {
          this.#local.push({ to: address, from: address, message: event });
          this.#requestTurn();
        });
      }
    };
  }

  #commit(journal: Journal, writes: readonly JournalWrite[], durable: () => void): void {
    if (this.#halted) return;
    journal.commit(writes, () => {
      if (!this.#halted) this.#guarded(durable);
    });
  }

  /** Lazy envelopes wait for company, but not for long. */
  #linger(): void {
    if (this.#lingers) return;
    this.#lingers = true;
    this.#world.clock.after(this.#settings.lingerMs, () => {
      this.#lingers = false;
      if (!this.#halted) this.#guarded(() => this.#releases.sendLingering());
    });
  }

  #scheduleWakeUp(): void {
    const dueMs = this.#timers.nextDueMs;
    if (this.#halted || dueMs === this.#wakeUpAtMs) return;
    this.#cancelWakeUp?.();
    this.#wakeUpAtMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#cancelWakeUp = this.#world.clock.after(Math.max(0, dueMs - this.#world.clock.now()), () => {
      this.#wakeUpAtMs = Number.POSITIVE_INFINITY;
      this.#requestTurn();
    });
  }

  #create(address: Address, role: string, parent: Address | undefined, input: unknown): Actor {
    const actor: Actor = {
      address,
      role,
      parent,
      input,
      timerIds: new Set(),
      children: new Set(),
      snapshot: undefined,
    };
    this.#actors.set(address, actor);
    if (parent !== undefined) this.#actors.get(parent)?.children.add(actor);
    return actor;
  }

  #start(actor: Actor): void {
    const machine = this.#program?.roles[actor.role];
    if (machine === undefined)
      throw new TypeError(`${actor.address}: the program has no role "${actor.role}"`);
    this.#inspect(actor, { type: '@xstate.actor' });
    this.#step(actor, { type: 'xstate.init' }, (sink) =>
      this.#interpreter.start(machine, actor.input, actor.address, sink),
    );
  }

  #deliver(to: Address, event: EventObject, from: Address | undefined): void {
    const actor = this.#actors.get(to);
    const before = actor?.snapshot;
    // An actor that has ended: its peers may not know yet.
    if (actor === undefined || before === undefined) return;
    if (this.#world.inspect !== undefined) {
      const sourceRef = from === undefined ? undefined : { sessionId: from };
      this.#inspect(actor, { type: '@xstate.event', sourceRef, event: plainEvent(event) });
    }
    this.#step(actor, event, (sink) => this.#interpreter.step(before, event, actor.address, sink));
  }

  #step(actor: Actor, event: EventObject, run: (sink: ActionSink) => AnyMachineSnapshot): void {
    const before: unknown = actor.snapshot?.value;
    try {
      actor.snapshot = run(this.#sinkOf(actor));
    } catch (cause) {
      throw new RoleFailedError(actor.address, JSON.stringify(actor.snapshot?.value ?? 'starting'), cause);
    }
    if (this.#world.inspect !== undefined) {
      this.#inspect(actor, {
        type: '@xstate.snapshot',
        event: plainEvent(event),
        snapshot: plainSnapshot(actor.snapshot),
      });
    }
    this.#traceState(actor, event.type, before, actor.snapshot.value);
    if (actor.snapshot.status === 'done') this.#end(actor, actor.snapshot.output);
    for (let child = this.#spawned.shift(); child !== undefined; child = this.#spawned.shift()) {
      // Stopped in the step that spawned it, or since.
      if (this.#actors.get(child.address) === child) this.#start(child);
    }
  }

  #sinkOf(actor: Actor): ActionSink {
    const sink: ActionSink = {
      effect: (effect) => this.#apply(actor, effect),
      startTimer: (id, delayMs, event) => {
        actor.timerIds.add(id);
        this.#timers.start(actor.address, id, this.#world.clock.now() + delayMs, event);
      },
      cancelTimer: (id) => {
        actor.timerIds.delete(id);
        this.#timers.cancel(actor.address, id);
      },
    };
    if (this.#world.inspect === undefined) return sink;
    return {
      ...sink,
      action: (type, params) =>
        this.#inspect(actor, { type: '@xstate.action', action: { type, params: inspectable(params) } }),
      microstep: (event, snapshot, transitions) =>
        this.#inspect(actor, {
          type: '@xstate.microstep',
          event: plainEvent(event),
          snapshot: plainSnapshot(snapshot),
          _transitions: transitions.map(({ eventType, target }) => ({
            eventType,
            target: target?.map(({ id }) => id) ?? [],
          })),
        }),
    };
  }

  #apply(actor: Actor, effect: Effect): void {
    switch (effect.effect) {
      case 'send': {
        const envelope: Envelope = { to: effect.to, from: actor.address, message: effect.message };
        if (nodeOf(effect.to) === this.name) this.#local.push(envelope);
        else if (effect.when === 'early') this.#early.push(envelope);
        else if (effect.when === 'lazy') this.#lazy.push(envelope);
        else this.#held.push(envelope);
        return;
      }
      case 'persist':
        // One by one: a snapshot has more writes than a call may have arguments.
        for (const write of effect.writes) this.#writes.push(write);
        return;
      case 'persistBehind':
        this.#behind.push({ address: actor.address, token: effect.token, writes: effect.writes });
        return;
      case 'spawn': {
        const address = addressOf(this.name, effect.role, effect.key);
        if (this.#actors.has(address)) throw new Error(`it spawns ${address}, which lives already`);
        this.#spawned.push(this.#create(address, effect.role, actor.address, effect.input));
        return;
      }
      case 'stop': {
        const child = this.#actors.get(addressOf(this.name, effect.role, effect.key));
        if (child !== undefined) this.#remove(child);
        return;
      }
      case 'warn':
        this.#world.warn(effect.error);
        return;
      default:
        effect satisfies never;
    }
  }

  #end(actor: Actor, output: unknown): void {
    this.#remove(actor);
    if (actor.parent === undefined) return;
    const done: Omit<DoneEvent, 'from'> = { type: 'done', output };
    this.#local.push({ to: actor.parent, from: actor.address, message: done });
  }

  #remove(actor: Actor): void {
    this.#timers.cancelAll(actor.address, actor.timerIds);
    this.#actors.delete(actor.address);
    if (actor.snapshot !== undefined) this.#traceState(actor, 'xstate.stop', actor.snapshot.value, null);
    if (actor.parent !== undefined) this.#actors.get(actor.parent)?.children.delete(actor);
    for (const child of actor.children) this.#remove(child);
  }

  #post(destination: string, envelopes: readonly Envelope[]): void {
    let frames: readonly Uint8Array<ArrayBuffer>[] = [];
    try {
      frames = packFrames(envelopes);
    } catch (error) {
      // Too large for a client is the client's affair, or its application's; too large for a role is ours.
      if (destination !== CLIENTS) throw error;
      this.#world.warn(error as Error);
    }
    if (destination !== CLIENTS) {
      this.#messages += envelopes.length;
      this.#frames += frames.length;
    }
    for (const frame of frames) this.#world.send(destination, frame);
  }

  #refuse(frame: Uint8Array, from: string): void {
    this.#world.warn(
      new Error(`${this.name}: mailbox full, a frame of ${frame.byteLength} bytes from ${from} refused`),
    );
    if (from !== CLIENTS) return; // Roles send again by themselves.
    const refusals = new Map<Address, Envelope>();
    try {
      for (const { to, from: client } of unpackFrame(frame)) {
        const message: RefusedMessage = { type: 'refused' };
        refusals.set(client, { to: client, from: to, message });
      }
    } catch (error) {
      this.#world.warn(error as Error);
      return;
    }
    this.#post(CLIENTS, [...refusals.values()]);
  }

  /** Runs a part of a turn; when it throws the node ends, and nothing of the turn leaves it. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.halt();
      this.#world.failed(error);
    }
  }

  #traceState({ address }: Actor, on: string, before: unknown, after: unknown): void {
    const { traceState } = this.#world;
    if (traceState === undefined || before === after) return;
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    traceState({ actor: address, on, before: before ?? null, after });
  }

  #inspect(
    actor: Actor,
    event: DistributiveOmit<Parameters<NonNullable<World['inspect']>>[0], 'rootId' | 'actorRef'>,
  ): void {
    const inspect = this.#world.inspect;
    if (inspect === undefined) return;
    const actorRef: InspectedActor = {
      sessionId: actor.address,
      id: actor.address.slice(`${this.name}/${actor.role}/`.length) || actor.role,
      src: roleOf(actor.address),
      node: this.name,
    };
    inspect({ rootId: this.name, actorRef, ...event });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function plainEvent(event: EventObject): { readonly type: string } {
  return inspectable(event) as { readonly type: string };
}

function plainSnapshot(snapshot: AnyMachineSnapshot): { status: string; value: unknown; context: unknown } {
  return { status: snapshot.status, value: snapshot.value, context: inspectable(snapshot.context) };
}
