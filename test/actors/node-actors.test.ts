import { expect } from 'chai';
import { send, sendEarly, spawn, stop } from '../../actors/effects.ts';
import type { Message } from '../../actors/envelope.ts';
import { RoleFailedError } from '../../actors/errors.ts';
import type { InspectionEvent } from '../../actors/inspection.ts';
import { puppetNode, record } from './puppet-node.ts';

const types = (messages: readonly Message[]) => messages.map(({ type }) => type);

describe('the actors of a node', () => {
  describe('a role that throws', () => {
    it('ends the node with an error that names the actor and its state', () => {
      const { receive, runTurns, failures } = puppetNode();
      receive({ type: 'wait' });
      receive({ type: 'fail' });
      runTurns();
      expect(failures).to.have.length(1);
      const [error] = failures;
      expect(error).to.be.instanceOf(RoleFailedError);
      expect(String(error))
        .to.include('n/puppet')
        .and.include('napping')
        .and.include('the invariant is broken');
      expect(error).to.have.property('code', 'SYNOD_ROLE_FAILED');
    });

    it('lets nothing of its turn leave, nor be written, nor what earlier turns still hold', () => {
      const { turn, tell, receive, runTurns, left, commits, failures, flush } = puppetNode();
      turn(record(1), send('b/x', { type: 'held' }));
      tell(record(2), sendEarly('b/x', { type: 'early' }), send('b/x', { type: 'later' }));
      receive({ type: 'fail' });
      runTurns();
      expect(failures).to.have.length(1);
      expect(commits).to.have.length(1);
      flush(0);
      turn(send('b/x', { type: 'again' }));
      expect([left(), failures.length]).to.deep.equal([[], 1]);
    });

    it('names a child that throws, once', () => {
      const { turn, receive, runTurns, failures } = puppetNode();
      turn(spawn('puppet', 'child', {}));
      receive({ type: 'fail' }, 'n/puppet/child');
      runTurns();
      expect(String(failures[0])).to.match(/n\/puppet\/child failed in state "?ready/);
    });

    it('is loud about a role that the program does not have', () => {
      const { turn, failures } = puppetNode();
      turn(spawn('nobody', 'child', {}));
      expect(String(failures[0])).to.include('no role "nobody"');
    });
  });

  describe('timers', () => {
    it('fire on the injected clock, when their named delay is over', () => {
      const { receive, runTurns, heard, pass } = puppetNode();
      receive({ type: 'wait' });
      runTurns();
      pass(49.9);
      expect(types(heard)).to.deep.equal([]);
      pass(0.1);
      expect(types(heard)).to.deep.equal(['rested']);
      pass(1000);
      expect(types(heard)).to.deep.equal(['rested']);
    });

    it('are cancelled when the state is left, and start anew when it is entered again', () => {
      const { receive, runTurns, heard, pass } = puppetNode();
      receive({ type: 'wait' });
      runTurns();
      pass(40);
      receive({ type: 'wake' });
      receive({ type: 'wait' });
      runTurns();
      pass(40);
      expect(types(heard)).to.deep.equal([]);
      pass(10);
      expect(types(heard)).to.deep.equal(['rested']);
    });

    it('give way to news that has arrived at the same moment', () => {
      const { receive, runTurns, heard, clock } = puppetNode();
      receive({ type: 'wait' });
      runTurns();
      while (clock.now() < 50) clock.step();
      receive({ type: 'wake' });
      runTurns();
      expect(types(heard)).to.deep.equal([]);
    });

    it('fire in the order in which they are due, each actor its own', () => {
      const { turn, receive, runTurns, heard, pass } = puppetNode();
      const delays = { slow: 30, quick: 10, middle: 20 };
      for (const [key, delayMs] of Object.entries(delays)) turn(spawn('puppet', key, { delayMs }));
      for (const key of Object.keys(delays)) receive({ type: 'wait' }, `n/puppet/${key}`);
      runTurns();
      pass(15);
      expect(heard).to.have.length(1);
      pass(10);
      expect(heard).to.have.length(2);
      pass(10);
      expect(heard).to.have.length(3);
    });

    it('of an actor that has ended never fire', () => {
      const { turn, receive, runTurns, heard, pass, clock } = puppetNode();
      turn(spawn('puppet', 'child', {}));
      receive({ type: 'wait' }, 'n/puppet/child');
      runTurns();
      turn(stop('puppet', 'child'));
      turn(spawn('puppet', 'child', {}));
      pass(1000);
      expect(types(heard)).to.deep.equal([]);
      expect(clock.nextMs).to.equal(undefined);
    });
  });

  describe('children', () => {
    it('start in the turn that spawns them, before what is sent to them', () => {
      const { turn, left } = puppetNode();
      turn(
        send('n/puppet/1', { type: 'do', effects: [send('b/x', { type: 'told' })] } as Message),
        spawn('puppet', '1', { first: [send('b/x', { type: 'born' })] }),
      );
      expect(left()).to.deep.equal(['b: born told']);
    });

    it('do not get in the way of what their parent does next', () => {
      const { receive, runTurns, heard, failures } = puppetNode();
      const effects = [spawn('puppet', '1', { first: [spawn('puppet', '2', {})] })];
      receive({ type: 'do and hear', effects } as Message);
      receive({ type: 'hello' }, 'n/puppet/2');
      runTurns();
      expect([types(heard), failures]).to.deep.equal([['do and hear', 'hello'], []]);
    });

    it('that are stopped in the step that spawns them never start', () => {
      const { turn, left } = puppetNode();
      turn(spawn('puppet', '1', { first: [send('b/x', { type: 'born' })] }), stop('puppet', '1'));
      expect(left()).to.deep.equal([]);
    });

    it('that end tell their parent what came of them, and are gone', () => {
      const { turn, receive, runTurns, heard } = puppetNode();
      turn(spawn('puppet', '1', {}));
      receive({ type: 'finish', output: { chosen: 3 } } as Message, 'n/puppet/1');
      runTurns();
      expect(heard).to.deep.equal([{ type: 'done', from: 'n/puppet/1', output: { chosen: 3 } }]);
      receive({ type: 'hello' }, 'n/puppet/1');
      runTurns();
      expect(heard).to.have.length(1);
    });

    it('that are stopped are gone without a word', () => {
      const { turn, receive, runTurns, heard, failures } = puppetNode();
      turn(spawn('puppet', '1', {}), spawn('puppet', '2', {}));
      turn(stop('puppet', '1'), stop('puppet', 'unknown'));
      receive({ type: 'hello' }, 'n/puppet/1');
      receive({ type: 'hi' }, 'n/puppet/2');
      runTurns();
      expect([types(heard), failures]).to.deep.equal([['hi'], []]);
    });

    it('end with their parent', () => {
      const { turn, receive, runTurns, heard } = puppetNode();
      turn(spawn('puppet', 'parent', { first: [spawn('puppet', 'child', {})] }));
      receive({ type: 'hello' }, 'n/puppet/child');
      runTurns();
      expect(types(heard)).to.deep.equal(['hello']);
      turn(stop('puppet', 'parent'));
      receive({ type: 'hello again' }, 'n/puppet/child');
      runTurns();
      expect(types(heard)).to.deep.equal(['hello']);
    });

    it('cannot take the place of one that lives', () => {
      const { turn, failures } = puppetNode();
      turn(spawn('puppet', '1', {}));
      turn(spawn('puppet', '1', {}));
      expect(String(failures[0])).to.include('n/puppet/1');
    });
  });

  describe('messages from outside', () => {
    it('cannot pass for what only the node itself says', () => {
      const { receive, runTurns, heard, failures, warnings } = puppetNode();
      receive({ type: 'wait' });
      runTurns();
      for (const type of ['done', 'persisted', 'xstate.after.napMs.puppet.napping', 'xstate.stop', '*']) {
        receive({ type }, 'n/puppet', 'clients/mallory');
      }
      runTurns();
      expect([types(heard), failures]).to.deep.equal([[], []]);
      expect(warnings).to.have.length(5);
    });
  });

  describe('inspection', () => {
    /** What is said of one turn. */
    function inspected(run: (puppet: ReturnType<typeof puppetNode>) => void): InspectionEvent[] {
      const puppet = puppetNode();
      const events: InspectionEvent[] = [];
      puppet.listener.inspect = (event) => events.push(event);
      run(puppet);
      return events;
    }

    it("speaks in the shapes of XState's inspector", () => {
      const events = inspected(({ receive, runTurns }) => {
        receive({ type: 'wait' });
        runTurns();
      });
      for (const { rootId, actorRef } of events) {
        expect(rootId).to.equal('n');
        expect(actorRef).to.deep.equal({ sessionId: 'n/puppet', id: 'puppet', src: 'puppet', node: 'n' });
      }
      const [event, ...others] = events;
      expect(event).to.deep.include({
        type: '@xstate.event',
        sourceRef: { sessionId: 'peer/puppet' },
        event: { type: 'wait', from: 'peer/puppet' },
      });
      const microstep = others.find(({ type }) => type === '@xstate.microstep');
      expect(microstep)
        .to.have.property('_transitions')
        .that.deep.equals([{ eventType: 'wait', target: ['puppet.napping'] }]);
      const snapshot = others.at(-1);
      expect(snapshot).to.have.property('type', '@xstate.snapshot');
      expect(snapshot).to.have.property('snapshot').that.includes({ status: 'active', value: 'napping' });
    });

    it('tells of actors that start and of their actions, as plain data', () => {
      const events = inspected(({ turn }) => turn(spawn('puppet', '1', { first: [record(1)] })));
      const born = events.find(({ type }) => type === '@xstate.actor');
      expect(born?.actorRef).to.deep.equal({ sessionId: 'n/puppet/1', id: '1', src: 'puppet', node: 'n' });
      expect(
        events.flatMap((event) => (event.type === '@xstate.action' ? [event.action.type] : [])),
      ).to.include('begin');
      expect(structuredClone(events)).to.deep.equal(events);
    });

    it('can be switched on and off between turns', () => {
      const { turn, listener } = puppetNode();
      const events: InspectionEvent[] = [];
      listener.inspect = (event) => events.push(event);
      turn();
      expect(events.length).to.be.above(0);
      listener.inspect = undefined;
      events.length = 0;
      turn();
      expect(events).to.deep.equal([]);
    });

    it('looks into nothing while nobody listens', () => {
      const { turn, listener, looks } = puppetNode();
      turn();
      expect(looks()).to.equal(0);
      listener.inspect = () => {};
      turn();
      expect(looks()).to.be.above(0);
    });
  });
});
