import { expect } from 'chai';
import { unpack } from '../../../actors/codec.ts';
import type { Effect } from '../../../actors/effects.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import type { Ground } from '../../../machines/two-phase-commit/follower-context.ts';
import {
  loadMembership,
  type Membership,
  OUTSIDE,
} from '../../../machines/two-phase-commit/follower-records.ts';
import { packGroup } from '../../../machines/two-phase-commit/group.ts';
import type { NewcomerMessage } from '../../../machines/two-phase-commit/messages.ts';
import { newcomer } from '../../../machines/two-phase-commit/newcomer.ts';
import type { Write } from '../../../machines/two-phase-commit/transaction.ts';
import { persisted, RoleDriver, sent } from '../role-driver.ts';
import { encoded, groundWith, letters } from './values.ts';

const LEADER = '0/coordinator';
const SOURCE = '2/participant';
const NONCE = 77;
const ATTEMPT = 20;

interface Stage {
  readonly role: RoleDriver;
  readonly ground: Ground;
}

function start(membership: Membership = OUTSIDE): Stage {
  const ground = groundWith();
  ground.membership = membership;
  return { role: new RoleDriver(newcomer, '1/newcomer', { ground, nonce: NONCE }), ground };
}

function hear({ role }: Stage, message: NewcomerMessage, from: `${string}/${string}` = LEADER) {
  return role.receive(message, from);
}

function teach(attempt = ATTEMPT, nonce = NONCE): NewcomerMessage {
  return { type: 'teach', nonce, attempt, sources: ['2', '3'] };
}

function fetched(
  next: string | null,
  ...entries: readonly (readonly [string, number, string])[]
): NewcomerMessage {
  return { type: 'fetched', attempt: ATTEMPT, start: '', entries, next };
}

function learn(group: number, ...writes: readonly Write[]): NewcomerMessage {
  return { type: 'learn', group, transactions: packGroup([encoded({ writes })]), refused: [] };
}

/** It has been told to learn, and its store is clear. */
function learning(): Stage {
  const stage = start();
  hear(stage, teach());
  stage.role.receive({ type: 'persisted', token: 1 }, '1/newcomer');
  return stage;
}

function caughtUp(): Stage {
  const stage = learning();
  hear(stage, fetched(null), SOURCE);
  return stage;
}

function flush({ ground }: Stage): void {
  ground.store.takeDirty();
  ground.store.persisted();
}

/** What some effects have the node remember of whether it is a follower. */
function memberships(effects: readonly Effect[]): unknown[] {
  return persisted(effects).flatMap((write) =>
    'key' in write && write.key[0] === 'membership' && write.value !== undefined
      ? [(unpack(write.value) as unknown[])[0]]
      : [],
  );
}

describe('a newcomer', () => {
  it('asks to be taught, again and again, and remembers that it knows nothing', () => {
    const { role, ground } = start();
    expect(memberships(role.started)).to.deep.equal(['outside']);
    const asked = [[LEADER, { type: 'askToJoin', token: 0, nonce: NONCE }]];
    expect(sent(role.started)).to.deep.equal(asked);
    expect(sent(role.pass(ground.settings.retryMs))).to.deep.equal(asked);
  });

  it('meets a challenge once, and goes by the latest', () => {
    const stage = start();
    const tokens = (token: number) =>
      sent(hear(stage, { type: 'challenge', token }), 'askToJoin').map(([, message]) => message);
    expect(tokens(5)).to.deep.equal([{ type: 'askToJoin', token: 5, nonce: NONCE }]);
    expect(tokens(5)).to.deep.equal([]);
    expect(tokens(3)).to.deep.equal([]);
  });

  it('takes no notice of what a former life was to learn, nor of an attempt that is over', () => {
    const stage = start({ ...OUTSIDE, attempt: ATTEMPT });
    hear(stage, teach(ATTEMPT + 1, NONCE + 1));
    expect(stage.role.is('outside')).to.equal(true);
    hear(stage, teach(ATTEMPT));
    expect(stage.role.is('outside')).to.equal(true);
    hear(stage, teach(ATTEMPT + 1));
    expect(stage.role.is('clearing')).to.equal(true);
  });

  it('clears its store before it fetches anything', () => {
    const stage = start();
    stage.ground.store.put('old', 3, 'value');
    const effects = hear(stage, teach());
    expect(effects.map(({ effect }) => effect)).to.deep.equal(['persist', 'persistBehind']);
    hear(stage, learn(30, ['a', 'too early']));
    expect(letters(stage.role.receive({ type: 'persisted', token: 1 }, '1/newcomer'))).to.deep.equal([
      `fetch ${SOURCE}`,
      `learning ${LEADER}`,
    ]);
    expect([...stage.ground.store.entries()]).to.deep.equal([]);
  });

  it('fetches page after page from the same source, and from another when that is silent', () => {
    const stage = learning();
    const again = hear(stage, fetched('m', ['a', 3, 'of a']), SOURCE);
    expect(sent(again, 'fetch')).to.deep.equal([[SOURCE, { type: 'fetch', attempt: ATTEMPT, start: 'm' }]]);
    const other = stage.role.pass(stage.ground.settings.retryMs);
    expect(letters(other)).to.include('fetch 3/participant');
    expect([...stage.ground.store.entries()]).to.deep.equal([['a', [3, 'of a']]]);
  });

  it('takes a page once, and none of another attempt', () => {
    const stage = learning();
    hear(stage, { ...fetched('m'), attempt: 7 } as NewcomerMessage, SOURCE);
    expect(stage.role.is('learning.fetching')).to.equal(true);
    hear(stage, fetched('m', ['a', 3, 'first']), SOURCE);
    hear(stage, fetched(null, ['b', 3, 'twice']), SOURCE);
    expect(stage.role.is('learning.fetching')).to.equal(true);
    expect(stage.ground.store.get('b')).to.equal(undefined);
  });

  it('keeps of a key the higher version, whichever comes first', () => {
    const stage = learning();
    hear(stage, learn(30, ['a', 'newer'], ['gone', null]));
    hear(stage, fetched(null, ['a', 3, 'old'], ['b', 40, 'newer'], ['gone', 3, 'old']), SOURCE);
    hear(stage, learn(31, ['b', 'old']));
    expect([...stage.ground.store.entries()]).to.deep.equal([
      ['a', [30, 'newer']],
      ['b', [40, 'newer']],
    ]);
  });

  it('acknowledges what it is told, and does not take what was refused', () => {
    const stage = learning();
    const transactions = packGroup([encoded({ writes: [['a', '1']] }), encoded({ writes: [['b', '1']] })]);
    const effects = hear(stage, { type: 'learn', group: 30, transactions, refused: [0] });
    expect(letters(effects)).to.deep.equal(['taught 1/participant', 'ACK 0/leader/30']);
    expect([...stage.ground.store.entries()]).to.deep.equal([['b', [31, '1']]]);
  });

  it('takes no notice of what an earlier attempt was told: what was deleted since would be back', () => {
    const stage = learning();
    expect(hear(stage, learn(ATTEMPT - 1, ['a', 'deleted since']))).to.deep.equal([]);
    expect([...stage.ground.store.entries()]).to.deep.equal([]);
  });

  it('says that it has caught up, and waits to be invited', () => {
    const stage = caughtUp();
    const [[, message]] = sent(stage.role.pass(stage.ground.settings.retryMs), 'learning') as [
      [string, unknown],
    ];
    expect(message).to.deep.equal({ type: 'learning', attempt: ATTEMPT, hasCaughtUp: true });
  });

  it('joins when all that it has is on disk, not before', () => {
    const stage = caughtUp();
    hear(stage, learn(30, ['a', '1']));
    expect(hear(stage, { type: 'invite', attempt: ATTEMPT, first: 40 })).to.deep.equal([]);
    flush(stage);
    const effects = hear(stage, { type: 'stored' }, '1/participant');
    expect(memberships(effects)).to.deep.equal(['joining']);
    expect(letters(effects)).to.deep.equal([`joined ${LEADER}`]);
    expect(stage.ground.membership).to.deep.equal({ state: 'joining', attempt: ATTEMPT, first: 40 });
  });

  it('is a follower when the leader says so, and not before', () => {
    const stage = start({ state: 'joining', attempt: ATTEMPT, first: 40 });
    expect(letters(stage.role.started)).to.deep.equal([`joined ${LEADER}`]);
    expect(letters(stage.role.pass(stage.ground.settings.retryMs))).to.deep.equal([`joined ${LEADER}`]);
    expect(memberships(hear(stage, { type: 'welcome', attempt: ATTEMPT }))).to.deep.equal(['member']);
    expect(stage.ground.membership.state).to.equal('member');
    // What was begun before it came has ended.
    expect(stage.ground.mark).to.equal(40);
  });

  it('is not made one by word of an attempt that it has forgotten', () => {
    const stage = start({ state: 'joining', attempt: ATTEMPT, first: 40 });
    hear(stage, { type: 'welcome', attempt: ATTEMPT - 10 });
    expect(stage.ground.membership.state).to.equal('joining');
  });

  it('writes down that it is none before it says so, where the leader has given it up', () => {
    const stage = start({ state: 'joining', attempt: ATTEMPT, first: 40 });
    const effects = hear(stage, { type: 'challenge', token: 50 });
    expect(memberships(effects)).to.deep.equal(['outside']);
    expect(letters(effects)).to.deep.equal([`askToJoin ${LEADER}`]);
    hear(stage, { type: 'welcome', attempt: ATTEMPT });
    expect(stage.ground.membership.state).to.equal('outside');
  });

  it('starts over when the leader has given it up', () => {
    for (const stage of [learning(), caughtUp()]) {
      expect(letters(hear(stage, { type: 'challenge', token: 50 }))).to.deep.equal([`askToJoin ${LEADER}`]);
      hear(stage, teach(ATTEMPT + 40));
      expect(stage.role.is('clearing')).to.equal(true);
    }
  });
});

describe('what a follower remembers of being one', () => {
  it('is nothing where it was founded as one, and nothing either where it came later', () => {
    const empty = new MemoryJournal();
    expect(loadMembership(empty, 'new', true).state).to.equal('member');
    expect(loadMembership(empty, 'kept', true).state).to.equal('member');
    expect(loadMembership(empty, 'new', false).state).to.equal('outside');
  });

  it('is lost with its journal', () => {
    expect(loadMembership(new MemoryJournal(), 'lost', true).state).to.equal('outside');
  });
});
