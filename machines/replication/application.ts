/** An application's data as it reads it: keys in order of their UTF-8 bytes, values plain data that msgpack can carry. */
export interface ReadableState {
  get(key: string): unknown;
  /** Entries whose keys begin with `prefix`, in order of keys, from `from` on (included) where it is given. */
  scan(prefix: string, from?: string): IterableIterator<readonly [key: string, value: unknown]>;
}

/** An application's data while an operation is applied. */
export interface ApplicationState extends ReadableState {
  put(key: string, value: unknown): void;
  delete(key: string): void;
}

/**
 * A deterministic state machine that is replicated. Every replica applies the same operations in the same
 * order to the same state and must come to the same results: no clock, no chance, no I/O, no memory of its own
 * beside `state`. Operations, results, queries and answers are plain data that msgpack can carry.
 */
export interface Application<Operation = unknown, Result = unknown, Query = unknown, Answer = unknown> {
  /** Unique in a cluster; part of what is on disk, so it never changes. */
  readonly name: string;
  /** `import.meta.url` of the module that exports the application; node threads load it from there. */
  readonly module: string;
  /**
   * Checks an operation where the client hands it in, before it is replicated.
   * @throws SynodError saying what is wrong with it.
   */
  check?(operation: Operation): void;
  /** Applies one operation. To refuse it, answer with a result that says so; a throw ends the node. */
  apply(operation: Operation, state: ApplicationState): Result;
  /** Answers a question; changes nothing. */
  query(query: Query, state: ReadableState): Answer;
}
