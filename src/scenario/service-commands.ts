import type { ChatStatus } from '../applications/chat-status.ts';
import type { ChatService } from '../chat-service.ts';
import { type Argument, command, present, quotable, text } from './command.ts';
import { LineError } from './errors.ts';

/** What the commands of the chat service act on. */
export interface ServiceRun {
  readonly service: ChatService;
  print(line: string): void;
}

const name = quotable('NAME');

/** The number of a message. Any whole number is one to the script: the service says what it thinks of it. */
const id: Argument<unknown, number> = {
  label: 'ID',
  read(line) {
    const spelled = present(line.word(), 'ID');
    if (!/^-?\d+$/.test(spelled)) throw new LineError(`ID must be a whole number, not "${spelled}"`);
    const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;
    return Math.max(MIN_SAFE_INTEGER, Math.min(Number(spelled), MAX_SAFE_INTEGER));
  },
};

/** The commands of the chat service. Each prints its status, then what was asked for, a line each. */
export function serviceCommands<Scope, Run extends ServiceRun>() {
  const ofName = command<Scope, Run, [string]>;
  return {
    create: ofName({
      arguments: [name],
      meaning: 'open an account of the chat service',
      act: async (run, account) => printAnswer(run, await run.service.create(account)),
    }),
    check: ofName({
      arguments: [name],
      meaning: 'whether there is such an account: 0, or 102',
      act: async (run, account) => printAnswer(run, await run.service.check(account)),
    }),
    delete: ofName({
      arguments: [name],
      meaning: 'close an account; what it received is discarded',
      act: async (run, account) => printAnswer(run, await run.service.delete(account)),
    }),
    list: ofName({
      arguments: [quotable('PATTERN')],
      meaning: 'the accounts that match (*, ?, [...]), in order of creation',
      async act(run, pattern) {
        const { status, accounts } = await run.service.list(pattern);
        printAnswer(run, status, accounts);
      },
    }),
    message: command<Scope, Run, [string, string, string]>({
      arguments: [quotable('FROM'), quotable('TO'), text('text')],
      meaning: 'send a message, the rest of the line',
      act: async (run, from, to, content) => printAnswer(run, await run.service.message(from, to, content)),
    }),
    fetch: command<Scope, Run, [string, number]>({
      arguments: [name, id],
      meaning: 'what an account received, from the ID-th message on',
      async act(run, account, first) {
        const { status, messages } = await run.service.fetch(account, first);
        printAnswer(
          run,
          status,
          messages.map(({ sender, text: said }) => `${sender}: ${said}`),
        );
      },
    }),
  };
}

function printAnswer(run: ServiceRun, status: ChatStatus, items: readonly string[] = []): void {
  run.print(String(status));
  // A program may have given names and texts of several lines.
  for (const item of items) run.print(item.replace(/\r\n|[\n\r\u2028\u2029]/g, ' '));
}
