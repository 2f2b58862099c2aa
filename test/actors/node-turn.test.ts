import { expect } from 'chai';
import { packFrame } from '../../actors/codec.ts';
import { persistBehind, send, sendEarly, warn } from '../../actors/effects.ts';
import { BadFrameError } from '../../actors/errors.ts';
import { CLIENTS } from '../../actors/host.ts';
import { puppetNode, record } from './puppet-node.ts';

const to = (node: string, type: string) => send(`${node}/puppet`, { type });
const early = (node: string, type: string) => sendEarly(`${node}/puppet`, { type });

describe('a turn', () => {
  describe('nothing leaves before what it says is on disk', () => {
    it('lets nothing but an early message leave before the flush', () => {
      const { turn, flush, left, commits } = puppetNode();
      turn(record(1), to('b', 'vote'), early('c', 'hint'), to('c', 'vote'), to(CLIENTS, 'reply'));
      expect(left()).to.deep.equal(['c: hint']);
      expect(commits).to.have.length(1);
      flush(0);
      expect(left()).to.deep.equal(['clients: reply', 'b: vote', 'c: vote']);
    });

    it('holds the reply to an earlier actor of the same turn as well', () => {
      const { tell, runTurns, left, flush } = puppetNode();
      tell(to('b', 'first'));
      tell(record(1));
      runTurns();
      expect(left(), 'one turn, one promise').to.deep.equal([]);
      flush(0);
      expect(left()).to.deep.equal(['b: first']);
    });

    it('lets everything leave at once when nothing was written and nothing waits', () => {
      const { turn, left } = puppetNode();
      turn(to('b', 'one'), early('c', 'two'));
      expect(left()).to.have.members(['b: one', 'c: two']);
    });

    it('holds a turn without records behind earlier turns that still flush', () => {
      const { turn, left, flush } = puppetNode();
      turn(record(1), to('b', 'first'));
      turn(to('b', 'second'));
      turn(early('b', 'hint'));
      expect(left()).to.deep.equal(['b: hint']);
      flush(0);
      expect(
        left()
          .join(' ')
          .match(/first|second/g),
      ).to.deep.equal(['first', 'second']);
    });

    it('works on while a flush is under way, and releases in the order of turns', () => {
      const { turn, left, flush, commits } = puppetNode();
      turn(record(1), to('b', 'first'));
      turn(record(2), to('b', 'second'));
      turn(record(3), to('b', 'third'));
      expect(commits).to.have.length(3);
      flush(0);
      expect(left()).to.deep.equal(['b: first']);
      // Even a disk that answers out of order changes nothing.
      flush(2);
      expect(left()).to.deep.equal([]);
      flush(1);
      expect(
        left()
          .join(' ')
          .match(/second|third/g),
      ).to.deep.equal(['second', 'third']);
    });

    it('holds what a first turn sends, too', () => {
      const { turn, receive, runTurns, left, flush } = puppetNode();
      turn({
        effect: 'spawn',
        role: 'puppet',
        key: 'child',
        input: { first: [record(1), to('b', 'hello')] },
      });
      receive({ type: 'nothing' });
      runTurns();
      expect(left()).to.deep.equal([]);
      flush(0);
      expect(left()).to.deep.equal(['b: hello']);
    });
  });

  describe('what is written behind', () => {
    it('holds nothing back, and the actor is told when it is on disk', () => {
      const { turn, left, flush, heard, commits } = puppetNode();
      turn(persistBehind(7, [{ key: ['data', 1], value: new Uint8Array(1) }]), to('b', 'reply'));
      expect(left()).to.deep.equal(['b: reply']);
      expect(heard).to.deep.equal([]);
      expect(commits).to.have.length(1);
      flush(0);
      expect(heard).to.have.length(1);
      expect(heard[0]).to.include({ type: 'persisted', token: 7 });
    });

    it('is a transaction of its own, handed to the store only when its turn, and all before it, are durable', () => {
      const { turn, left, flush, heard, commits } = puppetNode();
      const keys = () => commits.map(({ writes }) => writes.map((write) => 'key' in write && write.key));
      turn(persistBehind(1, [{ key: ['data', 1], value: new Uint8Array(1) }]), record(1), to('b', 'vote'));
      turn(to('b', 'later'));
      expect(keys(), 'the data would rest on a record that may be lost').to.deep.equal([[['record', 1]]]);
      expect(left()).to.deep.equal([]);
      flush(0);
      expect(keys()).to.deep.equal([[['record', 1]], [['data', 1]]]);
      expect(
        left()
          .join(' ')
          .match(/vote|later/g),
      ).to.deep.equal(['vote', 'later']);
      expect(heard).to.deep.equal([]);
      flush(1);
      expect(heard.map(({ type }) => type)).to.deep.equal(['persisted']);
    });
  });

  describe('frames', () => {
    it('carries all that a turn sends to a node in one', () => {
      const { tell, runTurns, left } = puppetNode();
      tell(to('b', 'one'), to('c', 'two'));
      tell(to('b', 'three'));
      runTurns();
      expect(left()).to.deep.equal(['b: one three', 'c: two']);
    });

    it('delivers what stays inside the node in the same turn, and writes one transaction', () => {
      const { turn, left, heard, commits } = puppetNode();
      turn(record(1), send('n/puppet', { type: 'do', effects: [record(2), to('n', 'hello')] } as never));
      expect(left()).to.deep.equal([]);
      expect(heard.map(({ type }) => type)).to.deep.equal(['hello']);
      expect(commits.map(({ writes }) => writes.length)).to.deep.equal([2]);
    });

    it('are taken in all together, bounded', () => {
      const { tell, turns, left } = puppetNode({ framesPerTurnMax: 2 });
      for (const name of ['one', 'two', 'three']) tell(to('b', name));
      expect(turns).to.have.length(1);
      turns.shift()!();
      expect(left()).to.deep.equal(['b: one two']);
      turns.shift()!();
      expect(left()).to.deep.equal(['b: three']);
      expect(turns).to.have.length(0);
    });

    it('that do not decode are dropped whole, with a warning', () => {
      const { node, turn, runTurns, left, warnings, failures } = puppetNode();
      const good = packFrame([{ to: 'n/puppet', from: 'peer/x', message: { type: 'fail' } }]);
      node.receive(good.slice(0, good.byteLength - 3), 'peer');
      node.receive(new Uint8Array([0xc1]), 'peer');
      node.receive(new Uint8Array(), 'peer');
      runTurns();
      expect(warnings).to.have.length(3);
      for (const warning of warnings) expect(warning).to.be.instanceOf(BadFrameError);
      turn(to('b', 'alive'));
      expect(left()).to.deep.equal(['b: alive']);
      expect(failures).to.deep.equal([]);
    });

    it('count for nothing when they come from another node than they say, or go to another one', () => {
      const { node, receive, runTurns, heard } = puppetNode();
      node.receive(packFrame([{ to: 'n/puppet', from: 'liar/puppet', message: { type: 'forged' } }]), 'peer');
      node.receive(packFrame([{ to: 'm/puppet', from: 'peer/puppet', message: { type: 'astray' } }]), 'peer');
      receive({ type: 'nobody' }, 'n/puppet/absent');
      runTurns();
      expect(heard).to.deep.equal([]);
    });

    it('that are too large to be sent end the node, not the process', () => {
      const { tell, receive, runTurns, failures, flush } = puppetNode();
      tell(record(1), to('c', 'small'));
      receive({ type: 'boast' });
      runTurns();
      expect(() => flush(0)).not.to.throw();
      expect(failures).to.have.length(1);
      expect(failures[0]).to.be.instanceOf(BadFrameError);
    }).timeout(10_000);
  });

  describe('bounds', () => {
    it('refuses frames when the mailbox is full, and tells clients so', () => {
      const { receive, runTurns, left, heard, warnings } = puppetNode({ mailboxFramesMax: 2 });
      receive({ type: 'one' });
      receive({ type: 'two' }, 'n/puppet', 'clients/1');
      receive({ type: 'three' });
      receive({ type: 'four' }, 'n/puppet', 'clients/1');
      expect(warnings).to.have.length(2);
      expect(left()).to.deep.equal(['clients: refused']);
      runTurns();
      expect(heard.map(({ type }) => type)).to.deep.equal(['one', 'two']);
      receive({ type: 'five' });
      runTurns();
      expect(heard.map(({ type }) => type)).to.deep.equal(['one', 'two', 'five']);
    });

    it('bounds the mailbox by bytes, but takes a single frame of any size', () => {
      const { receive, runTurns, heard, warnings } = puppetNode({ mailboxBytesMax: 100 });
      const message = { type: 'blob', blob: new Uint8Array(200) };
      receive(message);
      receive(message);
      runTurns();
      expect([heard.length, warnings.length]).to.deep.equal([1, 1]);
      receive(message);
      runTurns();
      expect(heard).to.have.length(2);
    });

    it('a bad frame for a full mailbox harms nobody', () => {
      const { node, receive } = puppetNode({ mailboxFramesMax: 1 });
      receive({ type: 'one' });
      expect(() => node.receive(new Uint8Array([0xc1]), CLIENTS)).not.to.throw();
    });

    it('waits for a disk that is far behind, then works on: frames, timers and what was written behind', () => {
      const { turn, tell, receive, runTurns, left, flush, heard, pass, commits } = puppetNode({
        turnsInFlightMax: 2,
      });
      receive({ type: 'wait' });
      runTurns();
      turn(persistBehind(1, [{ key: ['data'], value: new Uint8Array(1) }]));
      turn(record(1), to('b', 'one'));
      turn(record(2), to('b', 'two'));
      tell(to('b', 'three'));
      runTurns();
      pass(60);
      commits[0]!.durable();
      runTurns();
      expect([left(), heard]).to.deep.equal([[], []]);
      flush(1);
      flush(2);
      expect(
        left()
          .join(' ')
          .match(/one|two|three/g),
      ).to.deep.equal(['one', 'two', 'three']);
      expect(heard.map(({ type }) => type)).to.have.members(['persisted', 'rested']);
    });

    it('a timer that comes due while the disk is behind fires when it has caught up', () => {
      const { turn, receive, runTurns, flush, heard, pass } = puppetNode({ turnsInFlightMax: 1 });
      receive({ type: 'wait' });
      runTurns();
      turn(record(1));
      pass(60);
      expect(heard).to.deep.equal([]);
      flush(0);
      expect(heard.map(({ type }) => type)).to.deep.equal(['rested']);
    });
  });

  describe('the countdown', () => {
    /** A node that ends itself after `count` counted messages. */
    function counting(count: number) {
      const puppet = puppetNode();
      let kills = 0;
      puppet.node.killAfter(count, ['p2a'], () => {
        kills += 1;
      });
      return { ...puppet, kills: () => kills };
    }

    it('counts messages of its types to other nodes when they are released', () => {
      const { turn, left, flush, kills } = counting(2);
      turn(record(1), to('b', 'p2a'), to('c', 'p2a'), to('d', 'p2a'));
      expect(kills()).to.equal(0);
      flush(0);
      expect(left()).to.deep.equal(['b: p2a', 'c: p2a']);
      expect(kills()).to.equal(1);
    });

    it('counts neither other types, nor what stays inside, nor what goes to clients', () => {
      const { turn, left, kills } = counting(1);
      turn(to('b', 'heartbeat'), to('n', 'p2a'), to(CLIENTS, 'p2a'));
      expect(kills()).to.equal(0);
      expect(left()).to.have.length(2);
      turn(early('b', 'p2a'));
      expect(kills()).to.equal(1);
    });

    it('lets nothing leave after the n-th, not even in the same frame, and the node is dead', () => {
      const { turn, left, flush, kills, heard, receive, runTurns, failures, pass } = counting(1);
      receive({ type: 'wait' });
      turn(record(1), to('c', 'held'));
      turn(early('b', 'before'), early('b', 'p2a'), early('b', 'after'), early('c', 'after'));
      expect([left(), kills()]).to.deep.equal([['b: before p2a'], 1]);
      flush(0);
      receive({ type: 'hello' });
      runTurns();
      pass(100);
      expect([left(), heard, failures, kills()]).to.deep.equal([[], [], [], 1]);
    });

    it('with none left to send, ends the node before the next would leave', () => {
      const { turn, left, flush, kills } = counting(0);
      turn(record(1), to('b', 'other'), to('b', 'p2a'), to('b', 'after'), to('c', 'other'));
      flush(0);
      expect([left(), kills()]).to.deep.equal([['b: other'], 1]);
    });

    it('is replaced by a second one', () => {
      const { turn, node, left, kills } = counting(1);
      node.killAfter(2, ['p2b'], () => {});
      turn(to('b', 'p2a'), to('b', 'p2b'), to('b', 'p2b'), to('b', 'p2b'));
      expect([left(), kills()]).to.deep.equal([['b: p2a p2b p2b'], 0]);
    });
  });

  it('hands on what a role warns of, and goes on', () => {
    const { turn, warnings, left } = puppetNode();
    turn(warn({ name: 'Error', message: 'refused' }), to('b', 'one'));
    expect(warnings.map(({ message }) => message)).to.deep.equal(['refused']);
    expect(left()).to.deep.equal(['b: one']);
  });

  it('ends at once when the node is halted', () => {
    const { node, turn, tell, runTurns, left, flush, receive, heard, pass } = puppetNode();
    receive({ type: 'wait' });
    turn(record(1), to('b', 'vote'));
    tell(to('b', 'later'));
    node.halt();
    flush(0);
    runTurns();
    pass(100);
    receive({ type: 'hello' });
    runTurns();
    expect([left(), heard]).to.deep.equal([[], []]);
  });
});
