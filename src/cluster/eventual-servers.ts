import type { ClientAnswer, EventualStatus, Members } from '../../machines/eventual/client-messages.ts';
import type { Gateway } from '../client/gateway.ts';
import { Inquiries } from '../client/inquiries.ts';
import type { StoreValue } from '../client/store-value.ts';
import { UnreachableError } from '../errors.ts';

/** A server that has not said how it is by then is taken for one that cannot. */
const STATUS_MS_MAX = 1000;
/** How long a server has for noting who is a member. */
export const MEMBERS_MS_MAX = 10_000;
const DUMP_MS_MAX = 10_000;

/** What whoever runs the cluster asks its servers. */
export class EventualServers {
  readonly #gateway: Gateway;
  readonly #inquiries: Inquiries<ClientAnswer>;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#inquiries = new Inquiries(gateway, 'cluster');
  }

  /** Tells a server who is a member. False when it lives and does not say that it has noted it. */
  async tellMembers(name: string, members: readonly string[]): Promise<boolean> {
    const ids = members.map(Number);
    const noted = await this.#inquiries.ask(
      name,
      (id) => ({ type: 'members', id, members: ids }) satisfies Members,
      'membersNoted',
      MEMBERS_MS_MAX,
    );
    return noted !== undefined || !this.#gateway.isUp(name);
  }

  /** The reports of those of the servers that answer, by their names. */
  async observe(names: readonly string[]): Promise<Map<string, EventualStatus>> {
    const reports = new Map<string, EventualStatus>();
    await Promise.all(
      names.map(async (name) => {
        const report = await this.#inquiries.ask(
          name,
          (id) => ({ type: 'status', id }),
          'eventualStatus',
          STATUS_MS_MAX,
        );
        if (report !== undefined) reports.set(name, report);
      }),
    );
    return reports;
  }

  /** What a server shows, in order of keys. @throws UnreachableError when it is down, or goes down. */
  async *entries(name: string): AsyncIterableIterator<[key: string, value: StoreValue]> {
    for (let after: string | undefined, hasMore = true; hasMore; ) {
      const from = after;
      const piece = await this.#inquiries.ask(
        name,
        (id) => ({ type: 'dump', id, after: from }),
        'dumped',
        DUMP_MS_MAX,
      );
      if (piece === undefined) throw new UnreachableError('reading the entries', name);
      // Plain data, by what clients may put.
      for (const [key, value] of piece.entries) yield [key, value as StoreValue];
      after = piece.entries.at(-1)?.[0];
      hasMore = piece.hasMore && after !== undefined;
    }
  }
}
