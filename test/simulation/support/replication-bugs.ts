import { decodeChunk, encodeChunk } from '../../../machines/replication/command.ts';
import type { OpenReplica } from '../../../src/simulation/protocols/replicated-log/open-replica.ts';
import { type Instrument, replaceAction } from '../../../src/simulation/watch/instrumented-program.ts';

/** Known bugs of what every replicated log needs, to prove that the harness finds them. */
export const REPLICATION_BUGS: Readonly<Record<string, Instrument<OpenReplica>>> = {
  'a replica applies a repeated operation again': ({ inputs }) => {
    const { state } = inputs.replica;
    const apply = state.apply.bind(state);
    const last = new Map<number, number>();
    state.apply = (slot, batch, anchor) =>
      apply(
        slot,
        batch.map((bytes) => {
          const chunk = decodeChunk(bytes);
          if (chunk.kind !== 'operations') return bytes;
          const { session, operations } = chunk;
          const next = (last.get(session) ?? 0) + 1;
          const first = last.has(session) ? Math.max(next, chunk.first) : chunk.first;
          last.set(session, first + operations.length - 1);
          return first === chunk.first ? bytes : encodeChunk({ ...chunk, first });
        }),
        anchor,
      );
  },

  'a replica answers a read before it has applied enough': (program) => {
    replaceAction(program, 'replica', 'confirm', ({ context, event }, original) =>
      original({ context, event: { ...event, index: 0 } }),
    );
  },
};
