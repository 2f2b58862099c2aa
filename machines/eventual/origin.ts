/**
 * Who counts writes: a server, or one of its later memories. A server that has lost its journal would give dots to new
 * writes that it gave to others before; so it counts under another origin from then on, drawn by chance.
 */
export type Origin = number;

/** Server ids are whole numbers below this. */
export const SERVER_ID_LIMIT = 2 ** 32;

/** The highest number of a memory: an origin stays a safe integer. */
export const MEMORY_MAX = 2 ** 20;

/** The origin of a server's writes; `memory` is 0 until it has lost one. */
export function originOf(server: number, memory = 0): Origin {
  return memory * SERVER_ID_LIMIT + server;
}

/** The server whose writes they are. */
export function serverOf(origin: Origin): number {
  return origin % SERVER_ID_LIMIT;
}

/** Which of two concurrent writes shows: above 0 when that of `a`. By the server's id, then by memory. */
export function compareOrigins(a: Origin, b: Origin): number {
  return serverOf(a) - serverOf(b) || a - b;
}

/** Whether a number can be the id of a server. */
export function isServerId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < SERVER_ID_LIMIT;
}

/** Whether a number can be an origin. */
export function isOrigin(value: unknown): value is Origin {
  return (
    Number.isSafeInteger(value) &&
    (value as number) >= 0 &&
    (value as number) < (MEMORY_MAX + 1) * SERVER_ID_LIMIT
  );
}
