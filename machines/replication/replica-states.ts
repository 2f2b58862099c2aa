import { and, not } from 'xstate';

// States that the replicas of all protocols have. They stand in a machine whose id is `replica`, with the actions,
// guards and delays that they name; after a snapshot it goes on in its state `log.catchingUp`.

/** Taking in a snapshot, piece by piece. */
export const installing = {
  initial: 'asking',
  states: {
    asking: {
      initial: 'asked',
      states: {
        asked: { entry: 'askPiece', after: { retryMs: { target: 'asked', reenter: true } } },
      },
      on: { snapshotPiece: { guard: 'isNextPiece', target: 'storing', actions: 'storePiece' } },
      after: { snapshotIdleMs: { target: '#replica.log.catchingUp', actions: 'giveUpInstall' } },
    },
    /** Pieces are asked for ahead of the disk, but not far. */
    storing: {
      always: [
        { guard: 'hasWholeSnapshot', target: 'switching' },
        { guard: 'hasRoomForPiece', target: 'asking' },
      ],
    },
    /** The one transaction that puts the snapshot in force. */
    switching: {
      entry: 'finishInstall',
      on: {
        persisted: {
          guard: 'isSwitchToken',
          target: '#replica.log.catchingUp',
          actions: ['goOnFromSnapshot', 'noteInstalled'],
        },
      },
    },
  },
  on: { query: { actions: 'holdQuery' } },
} as const;

/** Applied operations reach the disk behind the answers: the log holds them until then. */
export const writeBehind = {
  initial: 'clean',
  states: {
    clean: { always: { guard: 'isDirty', target: 'dirty' } },
    dirty: {
      always: [
        // A snapshot has taken the place of what was dirty.
        { guard: not('isDirty'), target: 'clean' },
        { guard: and(['isVeryDirty', 'mayWrite']), target: 'clean', actions: 'writeDirty' },
      ],
      after: {
        writeBehindMs: [
          { guard: 'mayWrite', target: 'clean', actions: 'writeDirty' },
          { target: 'dirty', reenter: true },
        ],
      },
    },
  },
  on: { persisted: { guard: 'isBehindToken', actions: 'noteDurable' } },
} as const;
