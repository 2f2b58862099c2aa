import Table from 'cli-table3';
import {
  type Argument,
  type Command,
  type Commands,
  command,
  parseWholeNumber,
  present,
} from '../scenario/command.ts';
import { LineError } from '../scenario/errors.ts';

/** What the commands of every shell may do beside what they act on. */
export interface ShellVoice {
  /** Prints a result. */
  print(line: string): void;
  /** Tells a person at the keyboard something that a program reading our output need not know. */
  note(line: string): void;
  /** Ends the shell after this command. */
  exit(): void;
}

/** What ids of nodes are checked against. */
export interface ShellScope {
  readonly nodes: readonly number[];
}

/** A node that there is. */
export const node: Argument<ShellScope, number> = {
  label: 'N',
  read(line, { nodes }) {
    const id = parseWholeNumber(present(line.word(), 'N'), 'N');
    if (!nodes.includes(id)) throw new LineError(`there is no node ${id}; the nodes are ${nodes.join(', ')}`);
    return id;
  },
};
const nodeA: Argument<ShellScope, number> = { ...node, label: 'A' };
const nodeB: Argument<ShellScope, number> = { ...node, label: 'B' };

/** What keys begin with; nothing: all do. */
export const prefix: Argument<ShellScope, string> = { label: '[PREFIX]', read: (line) => line.word() ?? '' };

/** A table of commands, and `help` and `exit`, which every shell has. */
export function withHelpAndExit<Session extends ShellVoice>(
  commands: Commands<ShellScope, Session>,
): Commands<ShellScope, Session> {
  const plain = command<ShellScope, Session, []>;
  const all: Record<string, Command<ShellScope, Session>> = {
    ...commands,
    help: plain({
      arguments: [],
      meaning: 'this list',
      act: ({ print }) => print(helpText(all)),
    }),
    exit: plain({ arguments: [], meaning: 'end', act: (session) => session.exit() }),
  };
  return all;
}

/** Cuts or mends the link between two nodes; `act` gives what is told. */
export function linkCommand<Session extends ShellVoice>(
  meaning: string,
  act: (session: Session, a: number, b: number) => Promise<string>,
): Command<ShellScope, Session> {
  return command<ShellScope, Session, [number, number]>({
    arguments: [nodeA, nodeB],
    meaning,
    async act(session, a, b) {
      if (a === b) throw new LineError(`${a} has no link to itself`);
      session.note(await act(session, a, b));
    },
  });
}

/** Prints how nodes stand, a row for each, and which links are cut. */
export function printStatus(
  { print }: ShellVoice,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  cut: readonly (readonly [number, number])[],
): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  print(table.toString());
  if (cut.length > 0) print(`cut: ${cut.map(([a, b]) => `${a}-${b}`).join(' ')}`);
}

/** A value of a store as people read it. */
export function show(value: string | Uint8Array | undefined): string {
  if (value === undefined) return 'None';
  return typeof value === 'string'
    ? value
    : `<${value.byteLength} bytes> ${Buffer.from(value).toString('hex').slice(0, 64)}`;
}

function helpText<Session>(commands: Commands<ShellScope, Session>): string {
  const rows = Object.entries(commands).map(
    ([name, { synopsis, meaning }]) => [`${name} ${synopsis}`, meaning] as const,
  );
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return rows.map(([usage, meaning]) => `${usage.padEnd(width)}  ${meaning}`).join('\n');
}
