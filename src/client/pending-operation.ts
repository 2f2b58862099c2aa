/** An operation that a client waits for. */
export interface PendingOperation {
  readonly number: number;
  readonly application: string;
  readonly operation: unknown;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  /** The cluster has answered. */
  answered: boolean;
  /** Its caller has an answer, or was told that there was none in time. */
  settled: boolean;
}
