/** What a command says to the shell that called it. */
export const EXIT_OK = 0;
/** The output differs from the expected one, the history is violated, or the system failed. */
export const EXIT_FAILED = 1;
/** A script, a history or the arguments are wrong. */
export const EXIT_BAD_INPUT = 2;

/** It could not be told in the time, or the memory, that there was. */
export const EXIT_UNKNOWN = 3;

/** The arguments do not make sense together. */
export class UsageError extends Error {}
