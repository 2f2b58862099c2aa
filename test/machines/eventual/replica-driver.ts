import type { Address } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import { seededRandom } from '../../../actors/random.ts';
import type { PeerMessage, Post } from '../../../machines/eventual/messages.ts';
import { type Operation, packOperations } from '../../../machines/eventual/operations.ts';
import { replica } from '../../../machines/eventual/replica.ts';
import type { ReplicaInput } from '../../../machines/eventual/replica-context.ts';
import { NEW_SESSION, type Session } from '../../../machines/eventual/session.ts';
import { EVENTUAL_DEFAULTS, type EventualSettings } from '../../../machines/eventual/settings.ts';
import { persisted, RoleDriver, sent } from '../role-driver.ts';
import { TestServer } from './values.ts';

export const CLIENT = 'clients/one';
export const SETTINGS = EVENTUAL_DEFAULTS;

/** A message to other replicas, as it is handed to the router. */
export interface Posted {
  readonly to: readonly number[];
  readonly when: Post['when'];
  readonly message: PeerMessage;
}

/** The replica of server 1, of members 1, 2 and 3. */
export class ReplicaDriver {
  readonly server = new TestServer(1);
  readonly role: RoleDriver;
  readonly members: readonly number[];

  constructor(
    changed: Partial<EventualSettings> = {},
    members: readonly number[] = [1, 2, 3],
    isIgnorant = false,
  ) {
    this.members = members;
    const input: ReplicaInput = {
      server: 1,
      settings: { ...SETTINGS, ...changed },
      random: seededRandom(1),
      state: this.server.state,
      members,
      introduction: [],
      isIgnorant,
    };
    this.role = new RoleDriver(replica, '1/replica', input);
  }

  receive(message: Message & Record<string, unknown>, from: Address = '1/router'): readonly Effect[] {
    return this.settle(this.role.receive(message, from));
  }

  /** What another replica says. */
  hear(message: Message & Record<string, unknown>, sender = 2): readonly Effect[] {
    return this.receive({ sender, members: this.members, ...message });
  }

  pass(ms: number): readonly Effect[] {
    return this.settle(this.role.pass(ms));
  }

  /** There are ways to these, each a step away. */
  reach(...servers: readonly number[]): readonly Effect[] {
    return this.receive({ type: 'topology', routes: servers.map((server) => [server, server]) });
  }

  /** A client writes; `gather` comes by itself, in the same turn. */
  write(
    operations: readonly Operation[],
    {
      number = 1,
      attachment = 'a',
      session = NEW_SESSION,
    }: { number?: number; attachment?: string; session?: Session } = {},
    from: Address = CLIENT,
  ): readonly Effect[] {
    return this.receive(
      { type: 'write', attachment, number, session, operations: packOperations(operations) },
      from,
    );
  }

  /** The notes that it sends itself arrive, and what is persisted reaches the disk. */
  settle(effects: readonly Effect[]): readonly Effect[] {
    const all = [...effects];
    for (const [to, message] of sent(effects)) {
      if (to === '1/replica') all.push(...this.settle(this.role.receive(message, '1/replica')));
    }
    const writes = persisted(effects);
    if (writes.length > 0) this.server.journal.commit(writes, () => {});
    return all;
  }
}

/** What some effects hand to the router. */
export function posted<Type extends PeerMessage['type']>(
  effects: readonly Effect[],
  type: Type,
): (Posted & { readonly message: Extract<PeerMessage, { readonly type: Type }> })[] {
  return sent(effects, 'post').flatMap(([, post]) => {
    const { to, when, message } = post as Post;
    return message.type === type
      ? [{ to, when, message: message as Extract<PeerMessage, { readonly type: Type }> }]
      : [];
  });
}

/** What some effects answer to clients. */
export function answered(effects: readonly Effect[]): Message[] {
  return sent(effects).flatMap(([to, message]) => (to.startsWith('clients/') ? [message] : []));
}

export function warnings(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) =>
    effect.effect === 'warn' && 'code' in effect.error ? [String(effect.error.code)] : [],
  );
}
