import { type Argument, labelled, parseWholeNumber, present, wholeNumber } from './command.ts';
import { LineError } from './errors.ts';
import { client, SERVERS_MAX, StartScope, server } from './server-ids.ts';

/** What a script of transactions has declared: servers and clients, and which clients have a transaction open. */
export class TransactionScope extends StartScope {
  readonly #open = new Set<number>();

  constructor() {
    super('start F C');
  }

  /** @throws LineError where one is open. */
  begin(id: number): void {
    if (this.#open.has(id))
      throw new LineError(`client ${id} has a transaction open already; commit or abort it first`);
    this.#open.add(id);
  }

  /** @throws LineError where none is open. */
  end(id: number): void {
    if (!this.#open.delete(id)) throw new LineError(`client ${id} has no transaction open; begin one first`);
  }
}

/** How many servers follow the leader. */
export const followerCount = wholeNumber('F', 1, SERVERS_MAX - 1);

/** The id of a declared server: 0 leads, the others follow. */
export const anyServer: Argument<TransactionScope, number> = labelled(server, 'n');

/** The id of a declared server that follows. */
export const follower: Argument<TransactionScope, number> = {
  label: 'f',
  read(line, scope) {
    const id = parseWholeNumber(present(line.word(), 'f'), 'follower f');
    scope.check('server', id);
    if (id === 0) throw new LineError('server 0 leads: it has no vote; followers are counted from 1');
    return id;
  },
};

export { client };
