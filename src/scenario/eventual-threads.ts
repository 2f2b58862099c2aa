import { createCluster } from '../cluster/create-cluster.ts';
import type { EventualRunOptions } from './eventual-run.ts';

/** Starts the servers of scripts on threads. */
export const openOnThreads: EventualRunOptions['open'] = (server, { dataDir, journal, warn }) =>
  createCluster({
    protocol: 'eventual',
    nodes: [server],
    ...(journal === 'memory' ? { journal } : { dataDir }),
    onNodeEnded: (_node, error) => {
      if (error !== undefined) warn(error);
    },
  });
