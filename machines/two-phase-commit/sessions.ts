import type { Address } from '../../actors/address.ts';
import type { Outcome } from './client-messages.ts';
import { transactionId } from './transaction-id.ts';

/** A client's transactions in this life of the leader: those under way, and those whose outcome it may ask for again. */
export interface Session {
  readonly id: number;
  /** Where it was heard from last. */
  client: Address;
  /** The client has heard the outcome of all below. */
  below: number;
  /** By number; undefined: under way. */
  readonly outcomes: Map<number, Outcome | undefined>;
  /** It was opened at another leader: of what it asked for, only the rest is known here. */
  readonly isInherited?: true;
}

/** The sessions that a leader knows, the one unheard of for longest first. They end with its life. */
export class SessionTable {
  readonly #life: number;
  readonly #sessionsMax: number;
  readonly #sessions = new Map<number, Session>();
  #last = 0;

  constructor(life: number, sessionsMax: number) {
    this.#life = life;
    this.#sessionsMax = sessionsMax;
  }

  open(client: Address): Session {
    this.#last += 1;
    const session: Session = {
      id: transactionId(this.#life, this.#last),
      client,
      below: 1,
      outcomes: new Map(),
    };
    return this.#add(session);
  }

  /** A session that was opened at another leader. */
  inherit(id: number, client: Address): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    return this.#add({ id, client, below: 1, outcomes: new Map(), isInherited: true });
  }

  /** The session, heard of just now; undefined when it is of another life, or forgotten. */
  use(id: number, client: Address, below: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.client = client;
    if (below > session.below) forget(session, below);
    return session;
  }

  #add(session: Session): Session {
    this.#sessions.set(session.id, session);
    if (this.#sessions.size > this.#sessionsMax) {
      for (const id of this.#sessions.keys()) if (this.#sessions.delete(id)) break;
    }
    return session;
  }
}

function forget(session: Session, below: number): void {
  const { outcomes } = session;
  if (below - session.below <= outcomes.size) {
    for (let number = session.below; number < below; number++) outcomes.delete(number);
  } else {
    for (const number of outcomes.keys()) if (number < below) outcomes.delete(number);
  }
  session.below = below;
}
