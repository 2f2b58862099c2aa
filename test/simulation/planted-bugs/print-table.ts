/*
 * Prints the table of planted bugs in docs/testing.md: how many seeds, from 1 on, it takes to find each.
 *
 *   node --import tsx test/simulation/planted-bugs/print-table.ts [PROTOCOL ...]
 */
import { SIMULATED_PROTOCOL_NAMES, type SimulatedProtocolName } from '../../../src/simulation/index.ts';
import { PLANTED_BUGS } from '../support/planted-bugs.ts';
import { firstToShow } from '../support/seek-bug.ts';

const SEEDS = Array.from({ length: 1000 }, (_, place) => place + 1);

const asked = process.argv.slice(2);
const protocols = SIMULATED_PROTOCOL_NAMES.filter((name) => asked.length === 0 || asked.includes(name));
for (const protocol of protocols) await printRows(protocol);

async function printRows(protocol: SimulatedProtocolName): Promise<void> {
  for (const { what, experiment } of PLANTED_BUGS[protocol]) {
    const found = await firstToShow(experiment, SEEDS);
    const [by = ''] = found === undefined ? [] : String(found.error).replace('Violation: ', '').split(':');
    console.log(`| ${protocol} | ${what} | ${found?.seed ?? 'not found'} | ${by} |`);
  }
}
