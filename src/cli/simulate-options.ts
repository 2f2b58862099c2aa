import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SIMULATED_PROTOCOL_NAMES } from '../simulation/protocols/index.ts';
import { UsageError } from './exit-status.ts';

/** The name of a protocol, or the URL of a module. */
export function protocolReference(text: string): string {
  if (SIMULATED_PROTOCOL_NAMES.some((name) => name === text)) return text;
  const path = text.startsWith('file:') ? undefined : resolve(text);
  if (path === undefined) return text;
  if (existsSync(path)) return pathToFileURL(path).href;
  throw new UsageError(`--protocol: "${text}" is none of ${SIMULATED_PROTOCOL_NAMES.join(', ')}, nor a file`);
}

/** The number of an event of a trace. */
export function eventNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 1) return value;
    throw new UsageError(`${option} must be the number of an event, from 1 on, not "${text}"`);
  };
}
