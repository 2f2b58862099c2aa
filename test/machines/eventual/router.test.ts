import { expect } from 'chai';
import type { Effect } from '../../../actors/effects.ts';
import type { Message } from '../../../actors/envelope.ts';
import type { Forward, Hello, LinkStates, PeerMessage } from '../../../machines/eventual/messages.ts';
import { router } from '../../../machines/eventual/router.ts';
import { EVENTUAL_DEFAULTS } from '../../../machines/eventual/settings.ts';
import { early, RoleDriver, receivers, sent } from '../role-driver.ts';
import { warnings } from './replica-driver.ts';

const { helloMs, neighbourTimeoutMs, linkStateRefreshMs, linkStateTimeoutMs, hopsMax } = EVENTUAL_DEFAULTS;
const MEMBERS = [0, 1, 2, 3];
const PROBE: PeerMessage = { type: 'probe', sender: 0, members: MEMBERS, number: 1 };

/** The router of server 0. */
function routerOfZero() {
  const role = new RoleDriver(router, '0/router', {
    server: 0,
    members: MEMBERS,
    settings: EVENTUAL_DEFAULTS,
  });
  const from = (server: number, message: Message & Record<string, unknown>) =>
    role.receive({ sender: server, members: MEMBERS, ...message }, `${server}/router`);
  const hello = (server: number, ...heard: readonly number[]) => from(server, { type: 'hello', heard });
  const says = (server: number, ...states: readonly (readonly [number, number, ...number[]])[]) =>
    from(server, { type: 'linkStates', states });
  const post = (to: readonly number[], when = 'durable') =>
    role.receive({ type: 'post', to, message: PROBE, when } as Message, '0/replica');
  return { role, from, hello, says, post };
}

/** A router that knows of a chain 0 - 1 - 2 - 3. */
function inChain() {
  const made = routerOfZero();
  made.hello(1, 0);
  made.says(1, [1, 1, 0, 2], [2, 1, 1, 3], [3, 1, 2]);
  return made;
}

const topologies = (effects: readonly Effect[]) =>
  sent(effects, 'topology').map(([, message]) =>
    Object.fromEntries((message as unknown as { routes: [number, number][] }).routes),
  );

describe('a router', () => {
  it('says hello to every member, and whom it hears; early, for that rests on no disk', () => {
    const { role, hello } = routerOfZero();
    expect(receivers(role.started, 'hello')).to.deep.equal(['1/router', '2/router', '3/router']);
    hello(2);
    const effects = role.pass(helloMs);
    const [, first] = sent(effects, 'hello')[0]!;
    expect((first as Hello).heard).to.deep.equal([2]);
    expect(early(effects)).to.deep.equal(['hello', 'hello', 'hello']);
  });

  it('has for a neighbour whom it hears and who hears it, and tells it all that it knows', () => {
    const { hello, says } = routerOfZero();
    const first = hello(1);
    expect(topologies(first), 'it does not hear us').to.deep.equal([]);
    expect(receivers(first, 'hello'), 'but hears at once that it is heard').to.deep.equal(['1/router']);
    expect(hello(1), 'once').to.deep.equal([]);
    const effects = hello(1, 0);
    const states = sent(effects, 'linkStates').map(
      ([to, message]) => [to, (message as LinkStates).states] as const,
    );
    expect(states[0]).to.deep.equal(['1/router', [[0, 1, 1]]]);
    expect(topologies(effects), 'until the other says so, too').to.deep.equal([]);
    expect(topologies(says(1, [1, 1, 0]))).to.deep.equal([{ 1: 1 }]);
  });

  it('loses one that has been silent, and what lies beyond it', () => {
    const { role, hello } = inChain();
    role.pass(neighbourTimeoutMs - helloMs);
    hello(1, 0);
    expect(topologies(role.pass(neighbourTimeoutMs - helloMs))).to.deep.equal([]);
    const effects = role.pass(helloMs);
    expect(topologies(effects)).to.deep.equal([{}]);
  });

  it('loses one at once that does not hear it any more', () => {
    const { hello } = inChain();
    expect(topologies(hello(1))).to.deep.equal([{}]);
  });

  it('passes on what is news, to its other neighbours, once', () => {
    const { hello, says } = routerOfZero();
    hello(1, 0);
    hello(2, 0);
    const effects = says(1, [1, 4, 0], [3, 2, 2]);
    expect(receivers(effects, 'linkStates')).to.deep.equal(['2/router']);
    expect(receivers(says(2, [1, 4, 0], [3, 2, 2]), 'linkStates')).to.deep.equal([]);
    expect(early(effects)).to.include('linkStates');
  });

  it('answers what is out of date with what it knows, which also tells a server what it said before it was restarted', () => {
    const { hello, says } = routerOfZero();
    hello(1, 0);
    says(1, [1, 57, 0], [2, 9, 1]);
    const [[to, message]] = sent(says(1, [1, 1], [2, 9, 1]), 'linkStates') as [readonly [string, LinkStates]];
    expect(to).to.equal('1/router');
    expect(message.states).to.deep.equal([[1, 57, 0]]);
    const own = sent(says(1, [0, 30, 1, 2]), 'linkStates').map(([, own]) => (own as LinkStates).states[0]);
    expect(own).to.deep.equal([[0, 31, 1]]);
  });

  it('says again what it has said, now and then, and forgets what others do not', () => {
    const { role, hello } = inChain();
    let refreshes = 0;
    let lost: unknown;
    for (let ms = 0; ms < linkStateTimeoutMs + helloMs; ms += helloMs) {
      const effects = role.pass(helloMs);
      refreshes += sent(effects, 'linkStates').length;
      lost ??= topologies(effects)[0];
      hello(1, 0);
    }
    expect(refreshes).to.be.within(3, linkStateTimeoutMs / linkStateRefreshMs + 1);
    expect(lost).to.deep.equal({});
  });

  it('brings a message straight to a neighbour', () => {
    const { post } = inChain();
    for (const when of ['durable', 'early'] as const) {
      const effects = post([1], when);
      expect(effects).to.deep.equal([{ effect: 'send', to: '1/replica', message: PROBE, when }]);
    }
  });

  it('brings one copy to each first step, for all that lie beyond', () => {
    const { post } = inChain();
    const [[to, message], ...others] = sent(post([1, 2, 3])) as [readonly [string, Forward]];
    expect(others).to.deep.equal([]);
    expect(to).to.equal('1/router');
    expect(message).to.deep.include({ type: 'forward', to: [1, 2, 3], message: PROBE });
    expect(post([9]), 'there is no way').to.deep.equal([]);
  });

  it('passes on what is for others, and hands over what is for the replica beside', () => {
    const { from } = inChain();
    const forward = { type: 'forward', to: [0, 3], hops: 5, message: PROBE };
    const effects = from(1, forward);
    expect(sent(effects, 'probe').map(([to]) => to)).to.deep.equal(['0/replica']);
    const [[to, message]] = sent(effects, 'forward') as [readonly [string, Forward]];
    expect([to, message.to, message.hops]).to.deep.equal(['1/router', [3], 4]);
    expect(early(effects), 'it is durable where it comes from').to.deep.equal(['forward']);
  });

  it('lets die out what goes round in a circle', () => {
    const { from } = inChain();
    let hops = hopsMax;
    for (let round = 0; ; round++) {
      const [passed] = sent(from(1, { type: 'forward', to: [3], hops, message: PROBE }), 'forward');
      if (passed === undefined) {
        expect(round).to.equal(hopsMax);
        return;
      }
      hops = (passed[1] as Forward).hops;
    }
  });

  it('tells the replica of members that it has not heard of', () => {
    const { from, role } = routerOfZero();
    const effects = from(9, { type: 'hello', heard: [], members: [...MEMBERS, 9] });
    expect(sent(effects, 'meet')).to.deep.equal([['0/replica', { type: 'meet', members: [...MEMBERS, 9] }]]);
    role.receive({ type: 'knownMembers', members: [...MEMBERS, 9] } as Message, '0/replica');
    expect(receivers(role.pass(helloMs), 'hello')).to.include('9/router');
    expect(sent(from(9, { type: 'hello', heard: [], members: [...MEMBERS, 9] }), 'meet')).to.deep.equal([]);
  });

  it('drops what does not decode, and what somebody says in the name of another', () => {
    const { from, role } = inChain();
    for (const message of [
      { type: 'hello', heard: [-1] },
      { type: 'linkStates', states: [[1, -1]] },
      { type: 'forward', to: [0], hops: 1, message: { type: 'write' } },
      { type: 'forward', to: [0], hops: 1, message: { type: 'done', sender: 1, members: [] } },
      { type: 'hello', heard: [0], sender: 3 },
    ]) {
      const effects = from(1, message);
      expect(warnings(effects), JSON.stringify(message)).to.deep.equal(['SYNOD_BAD_GOSSIP']);
      expect(effects).to.have.length(1);
    }
    expect(
      role.receive({ type: 'post', to: [1], message: PROBE, when: 'early' } as Message, '1/replica'),
    ).to.deep.equal([]);
  });
});
