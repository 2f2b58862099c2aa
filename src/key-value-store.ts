import { type KvPage, type KvValue, kv, kvOperation, kvQuery } from './applications/kv.ts';
import type { Client, QueryOptions } from './client/client.ts';

/** How long to wait for an answer. */
export interface WaitOptions {
  readonly timeoutMs?: number;
}

/** A replicated key-value store. Every method fails as {@link Client.execute} and {@link Client.query} do. */
export interface KeyValueStore {
  /** The value of a key; undefined for none. Linearizable, unless a stale answer is asked for. */
  get(key: string, options?: QueryOptions): Promise<KvValue | undefined>;
  put(key: string, value: KvValue, options?: WaitOptions): Promise<void>;
  /** Whether there was a value. */
  delete(key: string, options?: WaitOptions): Promise<boolean>;
  /** Sets the value if it is `expected` now; undefined: if there is none. Whether it was set. */
  compareAndSet(
    key: string,
    expected: KvValue | undefined,
    value: KvValue,
    options?: WaitOptions,
  ): Promise<boolean>;
  /**
   * The entries whose keys begin with `prefix`, in order of the keys' UTF-8 bytes, at most `limit`. They are read
   * page by page, so a scan of more than 1,000 entries may see writes that happen meanwhile.
   */
  scan(
    prefix?: string,
    options?: QueryOptions & { readonly limit?: number },
  ): AsyncIterableIterator<[string, KvValue]>;
}

/** Opens the key-value store of a cluster that carries the application {@link kv}. */
export function openKeyValueStore(client: Client): KeyValueStore {
  return {
    get: (key, options) => client.query(kv, kvQuery.get(key), options).then(valueIn),
    put: (key, value, options) => client.execute(kv, kvOperation.put(key, value), options).then(nothing),
    delete: (key, options) => client.execute(kv, kvOperation.delete(key), options),
    compareAndSet: (key, expected, value, options) =>
      client.execute(kv, kvOperation.compareAndSet(key, expected ?? null, value), options),
    async *scan(prefix = '', { limit = Number.POSITIVE_INFINITY, ...options } = {}) {
      let left = limit;
      for (let from: string | null = prefix; from !== null && left > 0; ) {
        const page: KvPage | KvValue | null = await client.query(
          kv,
          kvQuery.scan(prefix, from, ...(left < 1000 ? [left] : [])),
          options,
        );
        if (!isPage(page)) return;
        for (const [key, value] of page.entries) yield [key, value];
        left -= page.entries.length;
        from = page.next;
      }
    },
  };
}

function valueIn(answer: KvValue | KvPage | null): KvValue | undefined {
  return answer === null || isPage(answer) ? undefined : answer;
}

function nothing(): void {}

function isPage(answer: KvValue | KvPage | null): answer is KvPage {
  return typeof answer === 'object' && answer !== null && 'entries' in answer;
}
