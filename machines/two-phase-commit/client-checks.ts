import { isText } from '../replication/plain-data.ts';
import {
  type Commit,
  type DelayVoteNext,
  type JournalRequest,
  READ_KEYS_MAX,
  type Read,
  type Scan,
} from './client-messages.ts';
import { KEY_BYTES_MAX } from './transaction.ts';

/** What a guard is called with. */
interface Arguments {
  readonly event: { readonly type: string };
}

/**
 * What comes from outside is what it says it is. Anything else is no fault of the node, which takes no notice of it;
 * who sent it hears nothing.
 */
export const checks = {
  isCommit({ event }: Arguments): boolean {
    const { session, first, below, transactions } = event as Fields<Commit>;
    return (
      isWhole(session) &&
      isWhole(first) &&
      isWhole(below) &&
      Array.isArray(transactions) &&
      transactions.every((each) => each instanceof Uint8Array)
    );
  },

  isRead({ event }: Arguments): boolean {
    const { keys } = event as Fields<Read>;
    return Array.isArray(keys) && keys.length > 0 && keys.length <= READ_KEYS_MAX && keys.every(isText);
  },

  isScan({ event }: Arguments): boolean {
    const { start } = event as Fields<Scan>;
    return isText(start) && Buffer.byteLength(start) <= KEY_BYTES_MAX;
  },

  isJournalRequest({ event }: Arguments): boolean {
    return isWhole((event as Fields<JournalRequest>).start);
  },

  isDelay({ event }: Arguments): boolean {
    return isWhole((event as Fields<DelayVoteNext>).ms);
  },
};

/** The fields of a message, whatever they are. */
type Fields<Message> = { readonly [Field in keyof Message]?: unknown };

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
