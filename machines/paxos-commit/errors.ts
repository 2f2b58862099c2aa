import { SynodError } from '../../actors/errors.ts';

/** A node of Paxos Commit has lost its journal: what it has promised, accepted and voted binds it. It does not start. */
export class ForgetfulNodeError extends SynodError {
  constructor(node: string) {
    super(
      'SYNOD_NODE_FORGOT',
      `the journal of node ${node} is gone, was damaged, or ended with it: what it has promised and voted, others rest ` +
        'on. Put its folder back from a copy; the others go on meanwhile, as far as a majority lives',
    );
  }
}
