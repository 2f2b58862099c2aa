import { setTimeout as sleep } from 'node:timers/promises';
import { type Argument, command, labelled, wholeNumber } from './command.ts';

/** The longest `sleep` of a script. */
export const SLEEP_MS_MAX = 600_000;

/** What the commands of links and time act on. */
export interface LinkRun {
  readonly signal: AbortSignal;
  disconnect(serverA: number, serverB: number): Promise<void>;
  connect(serverA: number, serverB: number): Promise<void>;
}

/** The commands of links and time, which every grammar knows. */
export function linkCommands<Scope>(server: Argument<Scope, number>) {
  const defineLink = command<Scope, LinkRun, [number, number]>;
  return {
    disconnect: defineLink({
      arguments: [labelled(server, 'a'), labelled(server, 'b')],
      meaning: 'cuts the link between two servers, both ways',
      act: (run, a, b) => run.disconnect(a, b),
    }),
    connect: defineLink({
      arguments: [labelled(server, 'a'), labelled(server, 'b')],
      meaning: 'mends the link between two servers',
      act: (run, a, b) => run.connect(a, b),
    }),
    sleep: command<Scope, LinkRun, [number]>({
      arguments: [wholeNumber('ms', 0, SLEEP_MS_MAX)],
      meaning: 'waits so many milliseconds',
      act: (run, ms) => sleep(ms, undefined, { signal: run.signal }),
    }),
  };
}
