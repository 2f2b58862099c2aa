import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import { addChunk, openChunk } from '../replication/counter.ts';
import { receivers, sent } from '../role-driver.ts';
import { CLIENT, chunkOf, currentReplica, replicaOn } from './replica-driver.ts';
import { ballot } from './values.ts';

function answers(effects: readonly Effect[]): unknown[] {
  return sent(effects, 'answers').map(([, message]) => message);
}

function answer(id: number, sum: number | undefined) {
  return { type: 'answers', id, first: 0, answers: [[sum === undefined ? [] : [['x', sum]]]] };
}

/** The ticket that the leader was asked to confirm. */
function ticketIn(effects: readonly Effect[]): unknown {
  const [asked] = sent(effects, 'confirmRead') as unknown as [[string, { ticket: unknown }]];
  return asked[1].ticket;
}

describe('the replica, for its clients (PMMC, figure 1)', () => {
  describe('decided commands', () => {
    it('are applied in the order of their slots, each once (R1)', () => {
      const { decide, state } = currentReplica();
      decide(2);
      decide(3);
      expect(state.applied).to.equal(0);
      decide(1);
      expect(state.applied).to.equal(3);
      decide(2);
      expect(state.query('counter', 'x')).to.deep.equal([['x', 2]]);
    });

    it('come without their batch where the acceptor beside has accepted it', () => {
      const { receive, state } = currentReplica();
      const number = ballot(1, 'b');
      receive({ type: 'accepted', ballot: number, slot: 1, batch: [chunkOf(1)] }, 'a/acceptor');
      expect(state.applied).to.equal(0);
      receive({ type: 'decision', ballot: number, slot: 1 }, 'b/commander/1.b.1');
      expect(state.applied).to.equal(1);
    });

    it('may be no-ops', () => {
      const { receive, state } = currentReplica();
      receive({ type: 'decision', ballot: ballot(1, 'b'), slot: 1, batch: [] }, 'b/commander/1.b.1');
      expect(state.applied).to.equal(1);
    });

    it('are answered beside the leader, and nowhere else', () => {
      const beside = currentReplica();
      beside.leads('a');
      beside.request(openChunk(), 'nonce');
      expect(sent(beside.decide(1), 'reply')).to.deep.equal([
        [CLIENT, { type: 'reply', outcome: { kind: 'opened', nonce: 'nonce', session: 1 } }],
      ]);
      const elsewhere = currentReplica();
      elsewhere.leads('b');
      elsewhere.request(openChunk(), 'nonce');
      expect(sent(elsewhere.decide(1), 'reply')).to.deep.equal([]);
    });

    it('are no longer answered once another leads', () => {
      const { leads, request, decide } = currentReplica();
      leads('a');
      request(openChunk(), 'nonce');
      leads('b');
      expect(sent(decide(1), 'reply')).to.deep.equal([]);
    });

    it('are answered with what became of them: once applied, repeated, too early, of no session', () => {
      const { leads, request, decide, state } = currentReplica();
      leads('a');
      decide(1);
      let slot = 1;
      const outcomeOf = (chunk: Uint8Array, session: number) => {
        request(chunk, session);
        slot += 1;
        const [reply] = sent(decide(slot, chunk), 'reply') as unknown as [[string, { outcome: unknown }]];
        return reply[1].outcome;
      };
      const first = { kind: 'results', session: 1, first: 1, results: [1] };
      expect(outcomeOf(addChunk(1, 1, [['x', 1]]), 1)).to.deep.equal(first);
      expect(outcomeOf(addChunk(1, 1, [['x', 1]]), 1)).to.deep.equal(first);
      expect(outcomeOf(addChunk(1, 3, [['x', 1]]), 1)).to.deep.equal({
        kind: 'gap',
        session: 1,
        expected: 2,
      });
      expect(outcomeOf(addChunk(9, 1, [['x', 1]]), 9)).to.deep.equal({ kind: 'expired', session: 9 });
      expect(state.query('counter', 'x')).to.deep.equal([['x', 1]]);
    });

    it('are passed over where they are no chunks', () => {
      const { decide, state } = currentReplica();
      expect(sent(decide(1, new Uint8Array([193])), 'reply')).to.deep.equal([]);
      expect(state.applied).to.equal(1);
    });
  });

  describe('requests', () => {
    it('go to the leader beside', () => {
      const { leads, request } = currentReplica();
      leads('a');
      const chunk = openChunk();
      expect(sent(request(chunk, 'nonce'))).to.deep.equal([
        ['a/leader', { type: 'propose', chunk, client: CLIENT }],
      ]);
    });

    it('go to the replica beside the leader, with the name of the client', () => {
      const { leads, request } = currentReplica();
      leads('c');
      const chunk = openChunk();
      expect(sent(request(chunk, 'nonce'))).to.deep.equal([
        ['c/replica', { type: 'request', chunk, key: 'nonce', client: CLIENT }],
      ]);
    });

    it('that were passed on to one who leads no longer go nowhere: they would go round for ever', () => {
      const { leads, request } = currentReplica();
      leads('c');
      expect(request(openChunk(), 'nonce', 'b/replica', CLIENT)).to.deep.equal([]);
    });

    it('wait for a leader, each once, and are then passed on in their order', () => {
      const { leads, request } = currentReplica();
      const [first, second] = [addChunk(1, 1, [['x', 1]]), addChunk(1, 2, [['x', 1]])];
      for (const chunk of [first, second, first]) expect(request(chunk, 1)).to.deep.equal([]);
      expect(sent(leads('a'), 'propose').map(([, message]) => message)).to.deep.equal([
        { type: 'propose', chunk: first, client: CLIENT },
        { type: 'propose', chunk: second, client: CLIENT },
      ]);
      expect(sent(leads('b'), 'request'), 'and not again').to.deep.equal([]);
    });

    it('are refused when the leader beside leads no more: whoever sent them is not to wait for nothing', () => {
      const { leads, request } = currentReplica();
      leads('a');
      request(openChunk(), 'nonce');
      request(addChunk(1, 1, [['x', 1]]), 1);
      expect(sent(leads(undefined))).to.deep.equal([[CLIENT, { type: 'refused' }]]);
      expect(sent(leads('b'))).to.deep.equal([]);
    });

    it('are refused when too many wait', () => {
      const chunk = openChunk();
      const { request } = currentReplica({ pendingBytesMax: chunk.byteLength });
      expect(request(chunk, 'nonce')).to.deep.equal([]);
      expect(receivers(request(openChunk('other'), 'other'), 'refused')).to.deep.equal([CLIENT]);
    });

    it('that were lately passed on to a leader that has died go to the next one, the oldest first', () => {
      const { leads, request, pass } = currentReplica({ progressMs: 40 });
      leads('b');
      request(openChunk('first'), 'first');
      pass(40);
      request(openChunk('second'), 'second');
      leads(undefined);
      const again = sent(leads('c'), 'request') as unknown as [string, { key: string }][];
      expect(again.map(([to, { key }]) => `${to} ${key}`)).to.deep.equal([
        'c/replica first',
        'c/replica second',
      ]);
    });

    it('that were passed on long ago are not sent again', () => {
      const { leads, request, pass } = currentReplica({ progressMs: 40 });
      leads('b');
      request(openChunk(), 'nonce');
      pass(40 * 5);
      expect(sent(leads('c'), 'request')).to.deep.equal([]);
    });
  });

  describe('queries', () => {
    it('that may be stale are answered at once, from what is applied', () => {
      const { decide, query } = currentReplica();
      decide(1);
      decide(2);
      expect(answers(query(7, false))).to.deep.equal([answer(7, 1)]);
    });

    it('that are linearizable wait for the word of the leader, and for the slot that it names', () => {
      const { decide, query, leads, receive } = currentReplica();
      leads('b');
      decide(1);
      const asked = query(7, true);
      expect(receivers(asked, 'confirmRead')).to.deep.equal(['b/leader']);
      expect(answers(asked)).to.deep.equal([]);
      const confirmed = receive({ type: 'readConfirmed', ticket: ticketIn(asked), index: 2 }, 'b/leader');
      expect(answers(confirmed)).to.deep.equal([]);
      expect(answers(decide(2))).to.deep.equal([answer(7, 1)]);
      expect(answers(decide(3)), 'once').to.deep.equal([]);
    });

    it('take no word for another query, one of a former life of this replica included', () => {
      const before = currentReplica();
      before.leads('b');
      const stale = ticketIn(before.query(1, true));
      const after = currentReplica();
      after.leads('b');
      after.query(2, true);
      const late = after.receive({ type: 'readConfirmed', ticket: stale, index: 0 }, 'b/leader');
      expect(answers(late)).to.deep.equal([]);
    });

    it('are asked of the next leader when the last one gave no word', () => {
      const { query, leads, receive } = currentReplica();
      expect(query(7, true), 'nobody to ask').to.deep.equal([]);
      const asked = leads('b');
      expect(receivers(asked, 'confirmRead')).to.deep.equal(['b/leader']);
      leads(undefined);
      const again = leads('c');
      expect(receivers(again, 'confirmRead')).to.deep.equal(['c/leader']);
      const confirmed = receive({ type: 'readConfirmed', ticket: ticketIn(again), index: 0 }, 'c/leader');
      expect(answers(confirmed)).to.deep.equal([answer(7, undefined)]);
    });

    it('are refused when too many wait, and forgotten when the word never comes', () => {
      const { query, pass } = currentReplica({ queriesMax: 1, progressMs: 40 });
      query(1, true);
      expect(receivers(query(2, true), 'refused')).to.deep.equal([CLIENT]);
      pass(40 * 30);
      expect(receivers(query(3, true), 'refused')).to.deep.equal([]);
    });

    it('wait, whatever their kind, until the replica has caught up after its start', () => {
      const { query, decide, progress } = replicaOn();
      progress('b', 2);
      expect(answers(query(7, false))).to.deep.equal([]);
      expect(answers(decide(1)), 'still behind').to.deep.equal([]);
      expect(answers(decide(2))).to.deep.equal([answer(7, 1)]);
    });

    it('that nobody can answer say why', () => {
      const { receive } = currentReplica();
      const questions = [['nothing', 'x']];
      const effects = receive({ type: 'query', id: 7, linearizable: false, questions }, CLIENT);
      const [message] = answers(effects) as unknown as [{ answers: [unknown, string][] }];
      expect(message.answers[0]![1]).to.equal('SYNOD_UNKNOWN_APPLICATION');
    });
  });

  describe('followers', () => {
    const FOLLOW = { type: 'follow', id: 3, application: 'counter', query: 'x' };

    it('hear at once of what is newer than what they know', () => {
      const { decide, receive } = currentReplica();
      decide(1);
      decide(2);
      expect(sent(receive({ ...FOLLOW, newerThan: 0 }, CLIENT))).to.deep.equal([
        [CLIENT, { type: 'followed', id: 3, answer: [[['x', 1]]], version: 1 }],
      ]);
    });

    it('hear of the next news, once, when there is none yet', () => {
      const { decide, receive } = currentReplica();
      expect(receive({ ...FOLLOW, newerThan: 0 }, CLIENT)).to.deep.equal([]);
      expect(sent(decide(1), 'followed'), 'no operation of the application').to.deep.equal([]);
      expect(receivers(decide(2), 'followed')).to.deep.equal([CLIENT]);
      expect(receivers(decide(3), 'followed')).to.deep.equal([]);
    });

    it('hear it once, having asked twice', () => {
      const { decide, receive } = currentReplica();
      receive({ ...FOLLOW, newerThan: 0 }, CLIENT);
      receive({ ...FOLLOW, newerThan: 0 }, CLIENT);
      decide(1);
      expect(receivers(decide(2), 'followed')).to.deep.equal([CLIENT]);
    });

    it('are refused when too many wait', () => {
      const { receive } = currentReplica({ queriesMax: 1 });
      receive({ ...FOLLOW, newerThan: 0 }, CLIENT);
      expect(receivers(receive({ ...FOLLOW, id: 4, newerThan: 0 }, CLIENT), 'refused')).to.deep.equal([
        CLIENT,
      ]);
    });
  });

  it('reports how far it is', () => {
    const { decide, receive, leads, progress } = currentReplica();
    leads('b');
    decide(1);
    progress('b', 1);
    decide(3);
    expect(sent(receive({ type: 'status', id: 5 }, CLIENT))).to.deep.equal([
      [CLIENT, { type: 'replicaStatus', id: 5, leader: 'b', applied: 1, durable: 0, current: false }],
    ]);
  });
});
