import { setup } from 'xstate';
import {
  newServerContext,
  type OnlyContext,
  type ServerContext,
  type ServerEvent,
  type ServerInput,
} from './server-context.ts';
import * as elections from './server-elections.ts';
import * as fetching from './server-fetching.ts';
import * as following from './server-following.ts';
import * as handover from './server-handover.ts';
import * as leading from './server-leading.ts';
import * as membership from './server-membership.ts';
import * as memory from './server-memory.ts';
import * as reads from './server-reads.ts';

/**
 * A Raft server (Ongaro, Consensus: Bridging Theory and Practice, 2014; "thesis" in these files; figure 3.1). It
 * decides the order of the entries of the log; the replica beside applies what is committed.
 */
export const server = setup({
  types: {} as { context: ServerContext; events: ServerEvent; input: ServerInput },
  guards: {
    ...elections.guards,
    ...fetching.guards,
    ...leading.guards,
    ...membership.guards,
    ...memory.guards,
  },
  actions: {
    ...elections.actions,
    ...fetching.actions,
    ...following.actions,
    ...handover.actions,
    ...leading.actions,
    ...membership.actions,
    ...memory.actions,
    ...reads.actions,
  },
  delays: {
    heartbeatMs: ({ context }: OnlyContext) => context.settings.heartbeatMs,
    electionTimeoutMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs,
    electionSpreadMs: ({ context }: OnlyContext) => context.random.next() * context.settings.electionSpreadMs,
    candidacyMs: ({ context }: OnlyContext) =>
      context.settings.electionTimeoutMs + context.random.next() * context.settings.electionSpreadMs,
    quorumTimeoutMs: ({ context }: OnlyContext) => context.settings.quorumTimeoutMs,
    retryMs: ({ context }: OnlyContext) => context.settings.retryMs,
    expectationMs: ({ context }: OnlyContext) => context.settings.electionTimeoutMs * 10,
  },
}).createMachine({
  id: 'server',
  context: ({ input }) => newServerContext(input),
  initial: 'starting',
  states: {
    starting: {
      entry: 'repair',
      always: [
        { guard: 'isForgetful', target: 'forgetful' },
        { guard: 'leadsFirst', target: 'candidate.vote' },
        { guard: 'isNew', target: 'follower.expecting' },
        { target: 'follower.following' },
      ],
    },
    /** It has lost its memory: it promises nothing, and is not counted, until the leader has taken it in again. */
    forgetful: {
      on: {
        heartbeat: { actions: 'askWelcome' },
        welcome: {
          guard: 'isThisMemory',
          target: 'follower.following',
          actions: ['becomeMember', 'adoptTerm'],
        },
        handOver: { actions: 'handOverAgain' },
        durable: { actions: 'compactDurable' },
        installed: { actions: 'goOnFromSnapshot' },
        status: { actions: 'reportFollowing' },
        '*': {},
      },
    },
    follower: {
      initial: 'following',
      states: {
        /** A new cluster: one server leads first, as soon as it is up. */
        expecting: { after: { expectationMs: 'suspecting' } },
        following: { after: { electionTimeoutMs: 'suspecting' } },
        /** Waits by chance, so that not all stand at once (section 3.4). */
        suspecting: {
          entry: 'followNobody',
          after: {
            electionSpreadMs: [
              { guard: 'mayStand', target: '#server.candidate.preVote' },
              { target: 'suspecting', reenter: true },
            ],
          },
        },
        /** Others have gone on without it: it troubles nobody (section 4.2.3), until it is taken in again. */
        removed: { entry: 'followNobody' },
      },
    },
    candidate: {
      initial: 'preVote',
      states: {
        /** Asks whether it would be elected, and disturbs nobody if not (section 9.6). */
        preVote: {
          initial: 'asking',
          entry: 'startPreVote',
          states: {
            asking: { entry: 'askPreVotes', after: { retryMs: { target: 'asking', reenter: true } } },
          },
          always: { guard: 'hasVotes', target: 'vote' },
          on: {
            preVoteReply: [
              { guard: 'isPreVoteForThisTerm', actions: 'countVote' },
              { guard: 'isNewTerm', target: '#server.follower.suspecting', actions: 'adoptTerm' },
              { guard: 'isRemoved', target: '#server.follower.removed' },
              { guard: 'knowsMore', actions: 'fetch' },
            ],
          },
          after: { candidacyMs: '#server.follower.suspecting' },
        },
        vote: {
          initial: 'asking',
          entry: 'startVote',
          states: {
            asking: { entry: 'askVotes', after: { retryMs: { target: 'asking', reenter: true } } },
          },
          always: { guard: 'hasVotes', target: '#server.leader' },
          on: { voteReply: { guard: 'isVoteForThisTerm', actions: 'countVote' } },
          after: { candidacyMs: 'preVote' },
        },
      },
    },
    leader: {
      type: 'parallel',
      entry: ['announceOwn', 'takeOffice'],
      always: { guard: 'hasLeft', target: '#server.follower.suspecting' },
      exit: ['nominate', 'leaveOffice'],
      states: {
        beating: {
          initial: 'beat',
          states: {
            // One level down: to re-enter a region of a parallel state re-enters all regions.
            beat: { entry: 'beat', after: { heartbeatMs: { target: 'beat', reenter: true } } },
          },
        },
        replicating: {
          initial: 'waiting',
          states: {
            waiting: {
              after: {
                retryMs: { target: 'waiting', reenter: true, actions: ['sendAgain', 'reconfigure'] },
              },
            },
          },
        },
        checkingQuorum: {
          initial: 'listening',
          states: {
            listening: {
              entry: 'forgetHeard',
              after: {
                quorumTimeoutMs: [
                  { guard: 'hearsQuorum', target: 'listening', reenter: true },
                  { target: '#server.follower.suspecting' },
                ],
              },
            },
          },
        },
        transferring: {
          initial: 'no',
          states: {
            no: {
              on: {
                transferLeadership: {
                  guard: 'mayTransfer',
                  target: 'toSuccessor',
                  actions: 'chooseSuccessor',
                },
              },
            },
            toSuccessor: {
              entry: 'tellSuccessor',
              after: { electionTimeoutMs: { target: 'no', actions: ['keepOffice', 'appendPending'] } },
            },
          },
        },
      },
      on: {
        propose: { actions: 'takeProposal' },
        setMembers: { actions: 'setMembers' },
        forgot: { actions: ['replaceForgetful', 'reconfigure'] },
        appendPending: { actions: 'appendPending' },
        appended: [
          { guard: 'isNewTerm', target: '#server.follower.following', actions: 'adoptTerm' },
          { guard: 'isOfTerm', actions: ['noteAppended', 'reconfigure', 'tellSuccessor'] },
        ],
        mismatched: { guard: 'isOfTerm', actions: 'backtrack' },
        heartbeatReply: [
          { guard: 'isNewTerm', target: '#server.follower.following', actions: 'adoptTerm' },
          { guard: 'isOfTerm', actions: 'noteHeartbeatReply' },
        ],
        confirmRead: { actions: 'queueRead' },
        // A log that was full may have room again.
        durable: { actions: ['compactDurable', 'appendPending'] },
        // It has all that is committed (section 3.6.3).
        fetched: {},
        status: { actions: 'reportLeading' },
      },
    },
  },
  on: {
    // The replica beside has yet to hear that this server leads no more.
    propose: { actions: 'refuseProposal' },
    preVote: { actions: 'answerPreVote' },
    requestVote: [
      { guard: 'isDisturbance' },
      { guard: 'isNewTerm', target: '.follower.following', actions: ['adoptTerm', 'answerVote'] },
      // Who has given its vote away waits for the one who has it.
      { guard: 'wouldVote', target: '.follower.following', reenter: true, actions: 'answerVote' },
      { actions: 'answerVote' },
    ],
    voteReply: { guard: 'isNewTerm', target: '.follower.suspecting', actions: 'adoptTerm' },
    welcome: { guard: 'isThisMemory', actions: 'becomeMember' },
    fetch: { actions: 'answerFetch' },
    fetched: [
      // A candidacy ends with its term: the votes were given for that.
      { guard: 'isNewTerm', target: '.follower.suspecting', actions: ['adoptTerm', 'takeFetched'] },
      { actions: 'takeFetched' },
    ],
    heartbeat: [
      { guard: 'isStale', actions: 'answerHeartbeat' },
      { guard: 'isForAnother', actions: 'askWelcome' },
      {
        target: '.follower.following',
        reenter: true,
        actions: ['adoptTerm', 'follow', 'answerHeartbeat', 'askSnapshot'],
      },
    ],
    appendEntries: [
      { guard: 'isStale', actions: 'tellTerm' },
      {
        target: '.follower.following',
        reenter: true,
        actions: ['adoptTerm', 'follow', 'takeEntries'],
      },
    ],
    probe: [
      { guard: 'isStale', actions: 'tellTerm' },
      {
        target: '.follower.following',
        reenter: true,
        actions: ['adoptTerm', 'follow', 'takeEntries'],
      },
    ],
    commit: {
      guard: 'isOfTerm',
      target: '.follower.following',
      reenter: true,
      actions: ['follow', 'noteCommit', 'askSnapshot'],
    },
    timeoutNow: { guard: 'mayTakeOver', target: '.candidate.vote', actions: 'standForTransfer' },
    handOver: { actions: 'handOverAgain' },
    needSnapshot: { actions: 'answerNeedSnapshot' },
    durable: { actions: 'compactDurable' },
    installed: { actions: 'goOnFromSnapshot' },
    status: { actions: 'reportFollowing' },
  },
});
