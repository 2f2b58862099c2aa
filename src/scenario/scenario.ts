/*
 * Scenarios: scripts that use and break a cluster, and say what must be printed. A script goes from its text
 * (parse.ts) by the table of its grammar (chat-grammar.ts, shared-commands.ts; eventual-grammar.ts) to what its commands
 * act on (chat-run.ts; eventual-run.ts), line by line (run-script.ts); folders of scripts are compared with what they must print (folder.ts).
 */

import { createTransactionCluster } from '../cluster/create-transaction-cluster.ts';
import type { ProtocolName } from '../cluster/protocols.ts';
import type { CoordinatorKind } from '../cluster/transaction-cluster.ts';
import { openChatCluster } from './chat-cluster.ts';
import { chatGrammar } from './chat-grammar.ts';
import { BadScenarioError } from './errors.ts';
import { EVENTUAL_COMMANDS, eventualGrammar } from './eventual-grammar.ts';
import { openOnThreads } from './eventual-threads.ts';
import { commandLines, linesOf, parseScript, type Script } from './parse.ts';
import { type RunOptions, runScript } from './run-script.ts';
import { storageOf } from './storage.ts';
import { transactionGrammar } from './transaction-grammar.ts';
import type { OpenTransactionCluster } from './transaction-run.ts';

/** A script that was checked whole and can run. */
export interface Scenario {
  readonly file: string;
  readonly protocol: string;
  /** Runs the script in a system of its own, which is gone when this resolves. @throws ScenarioFailedError when a command fails. */
  run(options: RunOptions): Promise<void>;
}

type Parse = (file: string, content: string) => Script;

/** The grammar of each protocol's scripts. */
const grammars: Readonly<Record<string, Parse>> = {
  paxos: chatScript('paxos'),
  raft: chatScript('raft'),
  '2pc': (file, content) =>
    parseScript(transactionGrammar(openTransactionCluster(coordinatorOf(file, content))), file, content),
  eventual: (file, content) => parseScript(eventualGrammar({ open: openOnThreads }), file, content),
};

function chatScript(protocol: ProtocolName): Parse {
  return (file, content) => parseScript(chatGrammar(openChatCluster(protocol)), file, content);
}

function openTransactionCluster(coordinator: CoordinatorKind): OpenTransactionCluster {
  return ({ nodes, warn, ...place }) =>
    createTransactionCluster({
      protocol: '2pc',
      nodes,
      coordinator,
      ...storageOf(place),
      onNodeEnded: (_node, error) => {
        if (error !== undefined) warn(error);
      },
    });
}

/** As a line `# coordinator: replicated` before the first command says; else node 0. */
function coordinatorOf(file: string, content: string): CoordinatorKind {
  const named = headingOf(content, 'coordinator');
  if (named === undefined) return 'single';
  const { name, line } = named;
  if (name === 'single' || name === 'replicated') return name;
  const what = `unknown coordinator "${name}"; known are single, replicated`;
  throw new BadScenarioError(file, [{ line, what }]);
}

/** The protocol of a script that does not name one, by its first command. */
const protocolByFirstCommand: Readonly<Record<string, string>> = {
  start: 'paxos',
  ...Object.fromEntries(EVENTUAL_COMMANDS.map((command) => [command, 'eventual'])),
};
const PROTOCOL_BY_DEFAULT = 'paxos';

/** The protocols that scripts can be run on. */
export const scenarioProtocols: readonly string[] = Object.keys(grammars);

/**
 * Reads and checks a script. Its protocol is the one given, else that of a line `# protocol: NAME` before its
 * first command, else the one that its first command belongs to.
 * @throws BadScenarioError with every line that is wrong.
 */
export function parseScenario(file: string, content: string, protocol?: string): Scenario {
  const chosen = protocol ?? protocolOf(file, content);
  const parse = Object.hasOwn(grammars, chosen) ? grammars[chosen] : undefined;
  if (parse === undefined)
    throw new BadScenarioError(file, [{ line: undefined, what: unknownProtocol(chosen) }]);
  const script = parse(file, content);
  return { file, protocol: chosen, run: (options) => runScript(script, file, options) };
}

/** What a line `# KEY: NAME` before the first command names. */
function headingOf(
  content: string,
  key: string,
): { readonly name: string; readonly line: number } | undefined {
  const first = commandLines(content)[0];
  const top = linesOf(content).slice(0, first === undefined ? undefined : first.line - 1);
  for (const [index, text] of top.entries()) {
    const [, found, name] = /^\s*#\s*(\w+):\s*(\S*)\s*$/.exec(text) ?? [];
    if (found === key && name !== undefined) return { name, line: index + 1 };
  }
  return undefined;
}

function protocolOf(file: string, content: string): string {
  const named = headingOf(content, 'protocol');
  if (named !== undefined) {
    if (Object.hasOwn(grammars, named.name)) return named.name;
    throw new BadScenarioError(file, [{ line: named.line, what: unknownProtocol(named.name) }]);
  }
  const command = commandLines(content)[0]?.source.split(/\s/, 1)[0] ?? '';
  return Object.hasOwn(protocolByFirstCommand, command)
    ? (protocolByFirstCommand[command] ?? PROTOCOL_BY_DEFAULT)
    : PROTOCOL_BY_DEFAULT;
}

function unknownProtocol(name: string): string {
  return `unknown protocol "${name}"; known are ${scenarioProtocols.join(', ')}`;
}
