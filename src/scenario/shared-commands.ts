import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../applications/key-value-bounds.ts';
import type { ChatService } from '../chat-service.ts';
import { type Argument, bounded, type Command, command, word } from './command.ts';
import { type LinkRun, linkCommands } from './link-commands.ts';
import { serviceCommands } from './service-commands.ts';

/** A key-value store as a script's client sees it. Each answers `unreachable` where no majority (or no server) can be reached. */
export interface ScriptStore {
  get(key: string): Promise<string | undefined | Unreachable>;
  put(key: string, value: string): Promise<undefined | Unreachable>;
  delete(key: string): Promise<undefined | Unreachable>;
}

export const unreachable: unique symbol = Symbol('unreachable');
export type Unreachable = typeof unreachable;

/** What the commands that every grammar knows act on. */
export interface SharedRun extends LinkRun {
  print(line: string): void;
  store(client: number): ScriptStore;
  /** The chat service, through a client of the run's own. Each answers 199 where no majority (or no server) can be reached. */
  readonly service: ChatService;
}

const key = bounded(word('key'), KEY_BYTES_MAX);
const value = bounded(word('value'), VALUE_BYTES_MAX);

/** The commands of a replicated log, whichever protocol carries it. A grammar gives its own arguments for ids, and may replace a command. */
export function sharedCommands<Scope>(ids: {
  client: Argument<Scope, number>;
  server: Argument<Scope, number>;
}) {
  const define = command<Scope, SharedRun, [number, string, string]>;
  const defineKey = command<Scope, SharedRun, [number, string]>;
  const service = serviceCommands<Scope, SharedRun>();
  return {
    ...service,
    put: define({
      arguments: [ids.client, key, value],
      meaning: 'client c stores a value; waits for the commit',
      async act(run, client, name, stored) {
        if ((await run.store(client).put(name, stored)) === unreachable) run.print(`${name}:ERR_CONN`);
      },
    }),
    get: defineKey({
      arguments: [ids.client, key],
      meaning: 'prints key:value, key:ERR_KEY, or key:ERR_CONN',
      async act(run, client, name) {
        const found = await run.store(client).get(name);
        if (found === unreachable) run.print(`${name}:ERR_CONN`);
        else run.print(found === undefined ? `${name}:ERR_KEY` : `${name}:${found}`);
      },
    }),
    delete: byWords(
      service.delete,
      defineKey({
        arguments: [ids.client, key],
        meaning: 'client c deletes a key; waits for the commit',
        async act(run, client, name) {
          if ((await run.store(client).delete(name)) === unreachable) run.print(`${name}:ERR_CONN`);
        },
      }),
    ),
    ...linkCommands(ids.server),
  };
}

/** Two commands of one name: the one where a single word follows, else the other. */
function byWords<Scope, Run>(ofOne: Command<Scope, Run>, ofMore: Command<Scope, Run>): Command<Scope, Run> {
  return {
    synopsis: `${ofOne.synopsis} | ${ofMore.synopsis}`,
    meaning: `${ofOne.meaning}; or: ${ofMore.meaning}`,
    bind(line, scope) {
      const ahead = line.fork();
      ahead.quotable();
      return (ahead.word() === undefined ? ofOne : ofMore).bind(line, scope);
    },
  };
}
