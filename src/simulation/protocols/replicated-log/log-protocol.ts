import type { Random } from '../../../../actors/random.ts';
import type { ProtocolName, ProtocolSettings } from '../../../cluster/protocols.ts';
import type { Look } from '../../watch/witness.ts';
import type { Agreement } from './agreement.ts';
import type { MemoryWatch } from './memory-watch.ts';

/** What those who watch need to know of a protocol that replicates a log. */
export interface LogProtocol<Name extends ProtocolName = ProtocolName> {
  readonly name: Name;
  /** Small bounds, so that short runs meet them. */
  readonly smallSettings: Partial<ProtocolSettings[Name]>;
  /** What else may be chosen of its settings. */
  drawSettings?(random: Random): Partial<ProtocolSettings[Name]>;
  /** What must hold of it. `isGhost` tells whether a node was removed, and runs on. */
  agreement(nodes: readonly string[], look: Look, isGhost: (node: string) => boolean): Agreement;
  /** Looks into its roles. */
  memory(): MemoryWatch;
}
