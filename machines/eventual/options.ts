import type { EventualSettings } from './settings.ts';

/** What a server of the eventually consistent store runs. Plain data. */
export interface EventualOptions {
  /**
   * The names of the servers that are members from the start, decimal numbers. A server counts itself, and remembers
   * whom it was told of (`members` in client-messages.ts), so that a newcomer needs to be named here to itself alone.
   */
  readonly nodes: readonly string[];
  readonly settings?: Partial<EventualSettings>;
}
