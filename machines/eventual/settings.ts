/** Bounds and times of the eventually consistent store. */
export interface EventualSettings {
  /** A node says so often to every other one that it is there. */
  readonly helloMs: number;
  /** A neighbour that has been silent for this long is none any more. */
  readonly neighbourTimeoutMs: number;
  /** Routers tell so often what they have told before. */
  readonly linkStateRefreshMs: number;
  /** What a router said of its links is forgotten when it has not said so again for this long. */
  readonly linkStateTimeoutMs: number;
  /** A message dies that has been passed on so often. */
  readonly hopsMax: number;
  /** Neighbours tell one another this often what they hold; what one lacked the time before, too, it asks for. */
  readonly gossipMs: number;
  /** A server that has not acknowledged what it was sent is asked after this, then after twice this, and so on. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /**
   * Own writes that follow others within this time go to the other servers together; writes of others wait this long for a
   * flush that they share.
   */
  readonly exchangeMs: number;
  /** Own writes wait for others to go with only while they have fewer bytes together. */
  readonly sendBytes: number;
  /**
   * A server that has no memory, of others' writes or its own, waits with its first write until one of the others has told
   * it what that must follow; but not longer than this.
   */
  readonly learnMs: number;
  /** Bytes of writes that are kept for servers that have not acknowledged them. Older ones they get by anti-entropy. */
  readonly writeLogBytesMax: number;
  /** Bytes of one piece of anti-entropy, or of a list of entries, unless one entry alone is larger. */
  readonly pieceBytesMax: number;
  /** Whoever was asked for a piece is asked again after this. */
  readonly syncRetryMs: number;
  /** Anti-entropy that the other side has not gone on with for this long has ended. */
  readonly syncIdleMs: number;
  /** What is new goes to the store after this. */
  readonly writeBehindMs: number;
  /** Or as soon as it has so many bytes. */
  readonly writeBehindBytes: number;
  /** Tombstones that all members hold are looked for this often. */
  readonly collectMs: number;
  /** Clients whose writes a server remembers, so as to take each once and in order. */
  readonly attachmentsMax: number;
}

export const EVENTUAL_DEFAULTS: EventualSettings = {
  helloMs: 100,
  neighbourTimeoutMs: 400,
  linkStateRefreshMs: 1000,
  linkStateTimeoutMs: 4000,
  hopsMax: 32,
  gossipMs: 200,
  retryMsMin: 50,
  retryMsMax: 2000,
  exchangeMs: 40,
  sendBytes: 64 * 1024,
  learnMs: 1000,
  writeLogBytesMax: 16 * 1024 * 1024,
  pieceBytesMax: 256 * 1024,
  syncRetryMs: 250,
  syncIdleMs: 2000,
  writeBehindMs: 250,
  writeBehindBytes: 1024 * 1024,
  collectMs: 500,
  attachmentsMax: 16_384,
};
