/** What the nodes of two-phase commit say to one another. */
export const TRANSACTION_MESSAGES = [
  'VOTE-REQ',
  'VOTE-YES',
  'VOTE-NO',
  'VOTE-READ',
  'COMMIT',
  'ABORT',
  'ACK',
  'DECISION-REQ',
  'UNCERTAIN',
  'END',
  'END-REQ',
] as const;
export type TransactionMessageType = (typeof TRANSACTION_MESSAGES)[number];
