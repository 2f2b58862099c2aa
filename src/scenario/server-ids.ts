import { type Argument, parseWholeNumber, present, wholeNumber } from './command.ts';
import { LineError } from './errors.ts';

/** The most servers and clients that one script may start. */
export const SERVERS_MAX = 25;
export const CLIENTS_MAX = 1000;

/** What a script that begins with `start` has declared: servers and clients are counted from 0, each for themselves. */
export class StartScope {
  readonly #synopsis: string;
  /** `absent`: a line stood before any `start`, and was reported; ids cannot be checked any more. */
  #state: 'fresh' | 'started' | 'absent' = 'fresh';
  #servers = Number.POSITIVE_INFINITY;
  #clients = Number.POSITIVE_INFINITY;

  /** `synopsis` is how the first command is written. */
  constructor(synopsis = 'start S C') {
    this.#synopsis = synopsis;
  }

  /** @throws LineError unless `start` comes first, and once. */
  allow(command: string): void {
    if (command === 'start') {
      if (this.#state === 'started') throw new LineError('start a second time; a script starts one system');
      this.#state = 'started';
    } else if (this.#state === 'fresh') {
      this.#state = 'absent';
      throw new LineError(`${command} before start; the first command must be "${this.#synopsis}"`);
    }
  }

  declare(servers: number, clients: number): void {
    this.#servers = servers;
    this.#clients = clients;
  }

  /** @throws LineError unless `id` is one of the declared. */
  check(kind: 'server' | 'client', id: number): void {
    const count = kind === 'server' ? this.#servers : this.#clients;
    if (id < count) return;
    throw new LineError(
      count === 0
        ? `there is no ${kind} ${id}: start made none`
        : `there is no ${kind} ${id}: they are 0 to ${count - 1}`,
    );
  }
}

/** The id of a declared server. */
export const server: Argument<StartScope, number> = declared('server', 's');
/** The id of a declared client. */
export const client: Argument<StartScope, number> = declared('client', 'c');

export const serverCount = wholeNumber('S', 1, SERVERS_MAX);
export const clientCount = wholeNumber('C', 0, CLIENTS_MAX);

function declared(kind: 'server' | 'client', label: string): Argument<StartScope, number> {
  return {
    label,
    read(line, scope) {
      const id = parseWholeNumber(present(line.word(), label), `${kind} ${label}`);
      scope.check(kind, id);
      return id;
    },
  };
}
