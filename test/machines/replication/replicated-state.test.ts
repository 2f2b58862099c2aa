import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryDisk, MemoryJournal } from '../../../actors/memory-journal.ts';
import { encodeChunk } from '../../../machines/replication/command.ts';
import { UnknownApplicationError } from '../../../machines/replication/errors.ts';
import { type Outcome, ReplicatedState } from '../../../machines/replication/replicated-state.ts';
import { addChunk, applyNext, counter, openChunk } from './counter.ts';

function onJournal(journal = new MemoryJournal()): ReplicatedState {
  return new ReplicatedState(journal, [counter]);
}

function withSession(): ReplicatedState {
  const state = onJournal();
  applyNext(state, openChunk());
  return state;
}

describe('the replicated state', () => {
  describe('sessions', () => {
    it('opens one and answers with its nonce', () => {
      const state = onJournal();
      expect(applyNext(state, openChunk('a'), openChunk('b'))).to.deep.equal([
        { kind: 'opened', nonce: 'a', session: 1 },
        { kind: 'opened', nonce: 'b', session: 2 },
      ]);
    });

    it('applies operations in their order and answers each', () => {
      const state = withSession();
      const outcomes = applyNext(
        state,
        addChunk(1, 1, [
          ['x', 1],
          ['x', 2],
        ]),
        addChunk(1, 3, [['x', 4]]),
      );
      expect(outcomes).to.deep.equal([
        { kind: 'results', session: 1, first: 1, results: [1, 3] },
        { kind: 'results', session: 1, first: 3, results: [7] },
      ]);
      expect(state.version('counter')).to.equal(3);
    });

    it('answers a repeated operation as at first and applies it no second time', () => {
      const state = withSession();
      applyNext(
        state,
        addChunk(1, 1, [
          ['x', 1],
          ['x', 2],
        ]),
      );
      expect(
        applyNext(
          state,
          addChunk(1, 1, [
            ['x', 1],
            ['x', 2],
            ['x', 4],
          ]),
        ),
      ).to.deep.equal([{ kind: 'results', session: 1, first: 1, results: [1, 3, 7] }]);
      expect(state.query('counter', '')).to.deep.equal([['x', 7]]);
      expect(state.version('counter')).to.equal(3);
    });

    it('keeps no results that the client has acknowledged', () => {
      const state = withSession();
      applyNext(
        state,
        addChunk(1, 1, [
          ['x', 1],
          ['x', 2],
        ]),
      );
      applyNext(state, addChunk(1, 3, [['x', 4]], 1));
      expect(
        applyNext(
          state,
          addChunk(1, 1, [
            ['x', 1],
            ['x', 2],
            ['x', 4],
          ]),
        ),
      ).to.deep.equal([
        { kind: 'results', session: 1, first: 1, results: [{ refused: 'SYNOD_RESULT_FORGOTTEN' }, 3, 7] },
      ]);
    });

    it('applies nothing beyond a gap and says where to go on', () => {
      const state = withSession();
      applyNext(state, addChunk(1, 1, [['x', 1]]));
      expect(applyNext(state, addChunk(1, 3, [['x', 4]]))).to.deep.equal([
        { kind: 'gap', session: 1, expected: 2 },
      ]);
      expect(state.query('counter', '')).to.deep.equal([['x', 1]]);
    });

    it('tells a client whose session it does not know', () => {
      expect(applyNext(onJournal(), addChunk(9, 1, [['x', 1]]))).to.deep.equal([
        { kind: 'expired', session: 9 },
      ]);
    });

    it('remembers them over a restart', () => {
      const journal = new MemoryJournal();
      const state = onJournal(journal);
      applyNext(state, openChunk(), addChunk(1, 1, [['x', 1]]));
      journal.commit(state.takeDirty()!, () => state.persisted());
      expect(
        applyNext(
          onJournal(journal),
          addChunk(1, 1, [
            ['x', 1],
            ['x', 2],
          ]),
          openChunk('again'),
        ),
      ).to.deep.equal([
        { kind: 'results', session: 1, first: 1, results: [1, 3] },
        { kind: 'opened', nonce: 'again', session: 2 },
      ]);
    });
  });

  describe('bad input', () => {
    it('answers bytes that are no chunk, and goes on with the next', () => {
      const [malformed, opened] = applyNext(onJournal(), Uint8Array.of(1, 2, 3), openChunk());
      expect(malformed!.kind).to.equal('malformed');
      expect(opened!.kind).to.equal('opened');
    });

    it('refuses an operation for an application that it does not carry, once', () => {
      const state = withSession();
      const chunk = encodeChunk({
        kind: 'operations',
        session: 1,
        first: 1,
        acknowledged: 0,
        operations: [
          ['none', 1],
          ['counter', ['x', 1]],
        ],
      });
      const outcome = {
        kind: 'results',
        session: 1,
        first: 1,
        results: [{ refused: 'SYNOD_UNKNOWN_APPLICATION' }, 1],
      };
      expect(applyNext(state, chunk)).to.deep.equal([outcome]);
      expect(applyNext(state, chunk)).to.deep.equal([outcome]);
      expect(state.version('none')).to.equal(0);
    });

    it('refuses a query for an application that it does not carry', () => {
      expect(() => onJournal().query('none', 1))
        .to.throw(UnknownApplicationError, 'counter')
        .with.property('code', 'SYNOD_UNKNOWN_APPLICATION');
    });

    it('refuses two applications of one name, and names that are none', () => {
      expect(() => new ReplicatedState(new MemoryJournal(), [counter, counter])).to.throw(TypeError);
      expect(() => new ReplicatedState(new MemoryJournal(), [{ ...counter, name: 'a b' }])).to.throw(
        TypeError,
      );
    });

    it('lets through what an application throws', () => {
      const state = withSession();
      expect(() => applyNext(state, addChunk(1, 1, [['x', -1]]))).to.throw('does not go down');
    });

    it('takes slots only one after the other', () => {
      const state = withSession();
      expect(() => state.apply(1, [])).to.throw('slot 1');
      expect(() => state.apply(3, [])).to.throw('slot 3');
    });
  });

  describe('writing behind', () => {
    it('gives out what is new since the last transaction, though that is not on disk yet, and none when nothing is', () => {
      const state = withSession();
      expect(state.takeDirty()).to.be.an('array');
      expect(state.takeDirty()).to.equal(undefined);
      applyNext(state, addChunk(1, 1, [['x', 1]]));
      expect(state.takeDirty()).to.be.an('array');
      expect(state.durable).to.equal(0);
      state.persisted();
      expect(state.durable).to.equal(1);
      state.persisted();
      expect([state.durable, state.applied]).to.deep.equal([2, 2]);
      expect(state.takeDirty()).to.equal(undefined);
      expect(state.dirtyBytes).to.equal(0);
    });

    it('moves on over slots that change nothing', () => {
      const journal = new MemoryJournal();
      const state = onJournal(journal);
      state.apply(1, []);
      journal.commit(state.takeDirty()!, () => state.persisted());
      expect([state.durable, onJournal(journal).applied]).to.deep.equal([1, 1]);
    });

    it('says how much waits', () => {
      const state = withSession();
      applyNext(
        state,
        addChunk(
          1,
          1,
          Array.from({ length: 100 }, (_, i) => [`counter-${i}`, 1] as const),
        ),
      );
      expect(state.dirtyBytes).to.be.within(5_000, 30_000);
      state.takeDirty();
      expect(state.dirtyBytes).to.equal(0);
    });
  });

  it('is the same after any crash and replay as if there had been none', () => {
    const add = fc.record({
      do: fc.constant('add' as const),
      session: fc.integer({ min: 1, max: 3 }),
      first: fc.integer({ min: 1, max: 8 }),
      adds: fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 1, max: 9 })), {
        minLength: 1,
        maxLength: 4,
      }),
      acknowledged: fc.nat(6),
    });
    const step = fc.oneof(
      { weight: 6, arbitrary: add },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), landed: fc.nat(1) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const slots: { chunk: Uint8Array; outcomes: Outcome[] }[] = [];
        const witness = onJournal();
        const disk = new MemoryDisk();
        let flush: (() => void) | undefined;
        const open = () => {
          flush = undefined;
          return new MemoryJournal({
            disk,
            flush: (run) => {
              flush = run;
            },
          });
        };
        let journal = open();
        let state = onJournal(journal);
        const replay = () => {
          for (const { chunk, outcomes } of slots.slice(state.applied))
            expect(applyNext(state, chunk)).to.deep.equal(outcomes);
          expect(state.query('counter', '')).to.deep.equal(witness.query('counter', ''));
          expect(state.version('counter')).to.equal(witness.version('counter'));
        };
        for (const each of steps) {
          if (each.do === 'take') {
            const writes = state.takeDirty();
            if (writes !== undefined) journal.commit(writes, () => state.persisted());
          } else if (each.do === 'flush') {
            flush?.();
          } else if (each.do === 'crash') {
            const durable = state.durable;
            journal.crash(each.landed);
            journal = open();
            state = onJournal(journal);
            expect(state.applied).to.be.at.least(durable);
          } else {
            const chunk =
              each.do === 'open'
                ? openChunk()
                : addChunk(each.session, each.first, each.adds, each.acknowledged);
            slots.push({ chunk, outcomes: applyNext(witness, chunk) });
          }
          replay();
        }
      }),
      { numRuns: 200 },
    );
  });
});
