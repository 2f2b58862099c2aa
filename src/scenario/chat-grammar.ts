import { TEXT_BYTES_MAX } from '../applications/chatroom.ts';
import { ChatRun } from './chat-run.ts';
import type { OpenChatSystem } from './chat-system.ts';
import { bounded, command, text, wholeNumber } from './command.ts';
import type { Grammar } from './grammar.ts';
import { client, clientCount, StartScope, server, serverCount } from './server-ids.ts';
import { sharedCommands } from './shared-commands.ts';

const BOMB_MESSAGES_MAX = 1_000_000;
const SKIPPED_SLOTS_MAX = 10_000;

const none = command<StartScope, ChatRun, []>;
const one = command<StartScope, ChatRun, [number]>;

/** The chat room's script: servers that replicate a room, and clients that talk in it. */
export function chatGrammar(openSystem: OpenChatSystem): Grammar<StartScope, ChatRun> {
  return {
    commands: {
      ...sharedCommands({ client, server }),
      start: command<StartScope, ChatRun, [number, number]>({
        arguments: [serverCount, clientCount],
        meaning: 'starts S servers and C clients; server 0 leads first',
        declare: (scope, servers, clients) => scope.declare(servers, clients),
        act: (run, servers, clients) => run.start(servers, clients),
      }),
      sendMessage: command<StartScope, ChatRun, [number, string]>({
        arguments: [client, bounded(text('text'), TEXT_BYTES_MAX)],
        meaning: 'client c sends the rest of the line; does not wait',
        act: (run, sender, message) => run.sendMessage(sender, message),
      }),
      crashServer: one({
        arguments: [server],
        meaning: 'server s dies at once',
        act: (run, id) => run.crashServer(id),
      }),
      restartServer: one({
        arguments: [server],
        meaning: 'starts server s again from its disk; waits until it is up',
        act: (run, id) => run.restartServer(id),
      }),
      timeBombLeader: one({
        arguments: [wholeNumber('n', 0, BOMB_MESSAGES_MAX)],
        meaning: 'the leader dies after n more messages to other servers',
        act: (run, messages) => run.timeBombLeader(messages),
      }),
      allClear: none({
        arguments: [],
        meaning: 'waits until the room is idle, or nothing more can happen',
        act: (run) => run.allClear(),
      }),
      skipSlots: one({
        arguments: [wholeNumber('k', 0, SKIPPED_SLOTS_MAX)],
        meaning: 'waits like allClear, then leaves k slots empty',
        act: (run, slots) => run.skipSlots(slots),
      }),
      printChatLog: one({
        arguments: [client],
        meaning: 'prints the log of client c: <slot> <sender>: <text>',
        act: (run, id) => run.printChatLog(id),
      }),
    },
    scope: () => new StartScope(),
    allow: (scope, name) => scope.allow(name),
    open: (environment) => new ChatRun(environment, openSystem),
  };
}
