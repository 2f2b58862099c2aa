import { createCluster } from '../cluster/create-cluster.ts';
import type { EventualRunOptions } from './eventual-run.ts';
import { storageOf } from './storage.ts';

/** Starts the servers of scripts on threads. */
export const openOnThreads: EventualRunOptions['open'] = (server, { warn, ...place }) =>
  createCluster({
    protocol: 'eventual',
    nodes: [server],
    ...storageOf(place),
    onNodeEnded: (_node, error) => {
      if (error !== undefined) warn(error);
    },
  });
