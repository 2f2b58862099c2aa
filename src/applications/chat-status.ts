/** The numbers by which the chat service says how a request went. */
export const ChatStatus = {
  /** Done. */
  done: 0,
  /** The account has not received so many messages yet. */
  noSuchMessage: 1,
  /** The service knows no such operation. */
  notSupported: 100,
  /** A user name is over 20 characters. */
  nameTooLong: 101,
  /** There is no such account. */
  noSuchAccount: 102,
  /** A message is over 500 characters. */
  textTooLong: 103,
  /** The node that was asked does not lead; nothing was handed in. */
  notLeader: 190,
  /** Any other failure: an account that exists, a message id under 1, no answer in time. */
  failed: 199,
} as const;

export type ChatStatus = (typeof ChatStatus)[keyof typeof ChatStatus];
