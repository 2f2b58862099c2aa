import { importModule } from '../../../actors/import-module.ts';
import { SIMULATED_PROTOCOL_NAMES, SIMULATED_PROTOCOLS } from '../protocols/index.ts';
import type { SimulatedProtocol } from '../system.ts';

/** Finds a protocol by its name; or by the URL of a module that exports it as `protocol`. @throws TypeError when there is none. */
export async function loadProtocol(reference: string): Promise<SimulatedProtocol> {
  const name = SIMULATED_PROTOCOL_NAMES.find((known) => known === reference);
  if (name !== undefined) return SIMULATED_PROTOCOLS[name];
  const { protocol } = await importModule(reference);
  if (!isProtocol(protocol)) throw new TypeError(`${reference} exports no "protocol" that can be simulated`);
  return protocol;
}

function isProtocol(value: unknown): value is SimulatedProtocol {
  return (
    typeof value === 'object' && value !== null && 'create' in value && typeof value.create === 'function'
  );
}
