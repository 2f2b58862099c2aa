import { SERVER_ID_LIMIT } from '../../machines/eventual/origin.ts';
import { type Argument, parseWholeNumber, present } from './command.ts';
import { LineError } from './errors.ts';
import type { LineReader } from './line-reader.ts';
import { CLIENTS_MAX, SERVERS_MAX } from './server-ids.ts';

type Kind = 'server' | 'client';

/** Two ends of a connection, between two servers, or a client and a server. */
export type Connection =
  | { readonly between: 'servers'; readonly a: number; readonly b: number }
  | { readonly between: 'client and server'; readonly client: number; readonly server: number };

/** Servers and clients share the whole numbers: whatever an id is first used as, it is for the whole script. */
export class SharedIds {
  readonly #kinds = new Map<number, Kind>();
  readonly #counts: Record<Kind, number> = { server: 0, client: 0 };

  kindOf(id: number): Kind | undefined {
    return this.#kinds.get(id);
  }

  /** @throws LineError when it is the other, or too large for a server, or one too many. */
  use(id: number, kind: Kind): void {
    const known = this.#kinds.get(id);
    if (known === kind) return;
    if (known !== undefined)
      throw new LineError(`${id} is a ${known}, not a ${kind}: an id is one of them for the whole script`);
    if (kind === 'server' && id >= SERVER_ID_LIMIT)
      throw new LineError(`server ${id} cannot be; ids of servers are below ${SERVER_ID_LIMIT}`);
    const max = kind === 'server' ? SERVERS_MAX : CLIENTS_MAX;
    if (this.#counts[kind] === max)
      throw new LineError(`${kind} ${id} is one too many; a script may have ${max}`);
    this.#counts[kind] += 1;
    this.#kinds.set(id, kind);
  }
}

export const server = ofKind('server', 's');
export const client = ofKind('client', 'c');

/** Two ids, the ends of a connection in either order. */
export const connection: Argument<SharedIds, Connection> = {
  label: 'a b',
  read(line, ids) {
    const a = idOf(line, 'a');
    const b = idOf(line, 'b');
    const kinds = [ids.kindOf(a), ids.kindOf(b)];
    if (a === b) throw new LineError(`${a} has no connection to itself`);
    if (kinds[0] === 'client' && kinds[1] === 'client')
      throw new LineError(`${a} and ${b} are clients; a connection needs a server`);
    if (kinds[0] === 'client') return betweenClientAndServer(ids, a, b);
    if (kinds[1] === 'client') return betweenClientAndServer(ids, b, a);
    for (const [place, id] of [a, b].entries()) {
      if (kinds[place] === undefined)
        throw new LineError(`${id} has not joined: whether it is a server or a client is not known`);
    }
    return { between: 'servers', a, b };
  },
};

function betweenClientAndServer(ids: SharedIds, clientId: number, serverId: number): Connection {
  ids.use(serverId, 'server');
  return { between: 'client and server', client: clientId, server: serverId };
}

function ofKind(kind: Kind, label: string): Argument<SharedIds, number> {
  return {
    label,
    read(line, ids) {
      const id = idOf(line, label);
      ids.use(id, kind);
      return id;
    },
  };
}

function idOf(line: LineReader, label: string): number {
  return parseWholeNumber(present(line.word(), label), `id ${label}`);
}
