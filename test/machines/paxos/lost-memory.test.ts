import { expect } from 'chai';
import { nodeOf } from '../../../actors/address.ts';
import type { Effect } from '../../../actors/effects.ts';
import type { Envelope } from '../../../actors/envelope.ts';
import { seededRandom } from '../../../actors/random.ts';
import { acceptor } from '../../../machines/paxos/acceptor.ts';
import type { Arguments } from '../../../machines/paxos/acceptor-context.ts';
import { actions } from '../../../machines/paxos/acceptor-memory.ts';
import { Stage, type StageBug } from './stage.ts';

/** Nodes by their letters: `acd`. */
type Nodes = string;

/** A stage whose messages arrive by name. */
class Story extends Stage {
  /** What is under way of that type from these nodes to those, the oldest first. */
  sentFrom(from: Nodes, type: string, to: Nodes): Envelope[] {
    return this.underway.filter(
      (envelope) =>
        envelope.message.type === type &&
        from.includes(nodeOf(envelope.from)) &&
        to.includes(nodeOf(envelope.to)),
    );
  }

  /** All of that arrives; `copies` of it may arrive once more. */
  deliver(type: string, from: Nodes, to: Nodes, { copies = false } = {}): void {
    const some = this.sentFrom(from, type, to);
    expect(some, `${type} from ${from} to ${to}`).to.not.deep.equal([]);
    if (!copies) this.lose(type, from, to);
    for (const envelope of some) this.arrive(envelope);
  }

  lose(type: string, from: Nodes, to: Nodes): void {
    for (const envelope of this.sentFrom(from, type, to))
      this.underway.splice(this.underway.indexOf(envelope), 1);
  }

  /** A ballot of `node` is adopted by itself and these; what it proposes, itself accepts. */
  adopt(node: string, others: Nodes): void {
    this.stand(node);
    this.deliver('p1a', node, others);
    this.deliver('p1b', others, node);
  }

  accept(node: string, others: Nodes): void {
    this.deliver('p2a', node, others);
    this.deliver('p2b', others, node);
  }

  beginLife(node: string, others: Nodes, { copies = false } = {}): void {
    this.deliver('askLife', node, others);
    this.deliver('knownLife', others, node, { copies });
  }

  tell(node: string, others: Nodes): void {
    this.deliver('readmit', node, others);
    this.deliver('recollection', others, node);
  }

  /** A leader has said what is decided: it is an acceptor again. */
  recover(node: string): void {
    this.deliver('readConfirmed', this.nodes.join(''), node);
    expect(this.isForgetful(node), `${node} has not recovered`).to.equal(false);
  }
}

/**
 * With b, a is counted for a batch; it forgets, and is told by c, d and e, who have nothing of it; then d accepts it as
 * well: b, the former a, and d. May that decide? Then a, c and e could decide another, without ever hearing of it.
 */
function countsFormerLives(story: Story): void {
  story.adopt('b', 'ac');
  story.accept('b', 'a');
  story.forget('a');
  story.beginLife('a', 'cde');
  story.tell('a', 'cde');
  story.recover('a');
  story.accept('b', 'd');
  story.adopt('e', 'ac');
  story.accept('e', 'ac');
}

/**
 * With e, a is counted for a batch, and forgets; b tells it that it knows of nothing, and forgets as well. Told by c, d
 * and e, of whom none has heard of a's new life, b takes the batch over and accepts it: e, the former a, and b. It is
 * decided. Then c and d tell a that they know of nothing.
 */
function believesWhoHasForgotten(story: Story): void {
  story.adopt('e', 'ac');
  story.accept('e', 'a');
  story.forget('a');
  story.beginLife('a', 'bcd');
  story.tell('a', 'b');
  story.forget('b');
  story.beginLife('b', 'cde');
  story.tell('b', 'cde');
  story.recover('b');
  story.accept('e', 'b');
  expect(story.decided.size).to.equal(1);
  story.tell('a', 'cd');
  if (story.sentFrom('bcde', 'readConfirmed', 'a').length === 0) {
    story.wait('a');
    story.tell('a', 'b');
  }
  story.recover('a');
  // Its own acceptor tells its leader of the ballot that it has promised.
  story.stand('c');
  story.lose('p1a', 'c', 'abde');
  story.adopt('c', 'ad');
  story.accept('c', 'ad');
}

/** What a proposed in its first ballot is still under way when it forgets, and uses the ballot again. */
function usesABallotAgain(story: Story): void {
  story.adopt('a', 'b');
  const late = story.sentFrom('a', 'p2a', 'b');
  story.lose('p2a', 'a', 'bc');
  story.forget('a');
  story.beginLife('a', 'bc');
  story.tell('a', 'bc');
  story.recover('a');
  story.adopt('a', 'c');
  story.accept('a', 'c');
  expect(story.decided.size).to.equal(1);
  for (const envelope of late) story.arrive(envelope);
  story.lose('p2a', 'a', 'b');
  story.stand('b');
  story.deliver('p1a', 'b', 'c');
  story.deliver('p1b', 'c', 'b');
  if (story.sentFrom('b', 'p2a', 'c').length > 0) story.accept('b', 'c');
}

/** Late answers to what the first memory of a asked reach its second one, which would begin the same life. */
function beginsALifeTwice(story: Story): void {
  story.forget('a');
  story.beginLife('a', 'cde', { copies: true });
  story.tell('a', 'cde');
  story.recover('a');
  story.adopt('b', 'ac');
  story.accept('b', 'a');
  story.forget('a');
  story.deliver('knownLife', 'cde', 'a');
  if (story.sentFrom('a', 'readmit', 'cde').length === 0) story.beginLife('a', 'cde');
  story.tell('a', 'cde');
  story.recover('a');
  story.accept('b', 'd');
  story.adopt('e', 'ac');
  story.accept('e', 'ac');
}

const FORGETS_LIVES: StageBug = {
  acceptor: acceptor.provide({
    actions: {
      readmit: (args: Arguments): Effect[] => {
        const effects = actions.readmit(args);
        args.context.lives = new Map();
        return effects;
      },
    },
  }),
};

const BELIEVES_ALL: StageBug = {
  acceptor: acceptor.provide({
    actions: {
      recollect: (args: Arguments): void => {
        const { event, context } = args;
        const before = context.helpers.answered;
        actions.recollect(args);
        const answered = new Map([...before, ...context.helpers.answered]).set(nodeOf(event.from), 0);
        context.helpers = { ...context.helpers, answered };
      },
    },
  }),
};

const ANSWERS_TO_NO_QUESTION: StageBug = {
  acceptor: acceptor.provide({ guards: { isForThisLife: () => true } }),
};

const FORGETS_ITS_BALLOT: StageBug = {
  recalled: (node, ballot) => (ballot.leader === node ? { round: ballot.round - 1, leader: node } : ballot),
};

const ANSWERS_AT_ONCE: StageBug = { acceptor: acceptor.provide({ guards: { isForgetful: () => false } }) };

const ONE_WILL_DO: StageBug = {
  acceptor: acceptor.provide({
    guards: { hasHelpers: ({ context }) => context.helpers.answered.size > 0 },
  }),
};

describe('one batch is decided, though memories are lost', () => {
  for (const [name, nodes, tell, bug] of [
    [
      'what an acceptor said before it forgot counts with nobody who knows',
      5,
      countsFormerLives,
      FORGETS_LIVES,
    ],
    ['what was heard of one that forgot since is asked again', 5, believesWhoHasForgotten, BELIEVES_ALL],
    ['no ballot is used twice', 3, usesABallotAgain, FORGETS_ITS_BALLOT],
    ['no life is begun twice', 5, beginsALifeTwice, ANSWERS_TO_NO_QUESTION],
  ] as const) {
    it(name, () => {
      const story = new Story(nodes);
      tell(story);
      expect([...story.decided.keys()]).to.have.length(1);
      const broken = new Story(nodes, bug);
      tell(broken);
      expect([...broken.decided.keys()], 'without that').to.have.length(2);
    });
  }
});

/** Any message may arrive next, late, twice or never; any node may restart, or forget, as long as a majority has not. */
function chaos(seed: number, nodes: number, bug: StageBug = {}): number {
  const random = seededRandom(seed);
  const stage = new Stage(nodes, bug);
  const slow = new Map<string, boolean>();
  const isSlow = (link: string) => {
    if (!slow.has(link)) slow.set(link, random.next() < 0.2);
    return slow.get(link)!;
  };
  const deliverSome = () => {
    const place = random.integer(0, stage.underway.length - 1);
    const envelope = stage.underway[place]!;
    const link = `${envelope.message.type} ${nodeOf(envelope.from)} ${nodeOf(envelope.to)}`;
    if (isSlow(link) && random.next() < 0.9) return;
    const fate = random.next();
    if (fate > 0.05) stage.underway.splice(place, 1);
    if (fate < 0.98) stage.arrive(envelope);
  };
  for (let step = 0; step < 400 && stage.decided.size < 2; step++) {
    const chance = random.next();
    const node = stage.nodes[random.integer(0, nodes - 1)]!;
    const others = stage.nodes.filter((other) => other !== node && !stage.isForgetful(other));
    if (chance < 0.88 && stage.underway.length > 0) deliverSome();
    else if (chance < 0.92) stage.wait(node);
    else if (chance < 0.95) stage.stand(node);
    else if (chance < 0.97) stage.restart(node);
    else if (others.length > nodes / 2) stage.forget(node);
  }
  return stage.decided.size;
}

describe('chaos among acceptors that lose their memory', () => {
  it('never decides two batches, and mostly one', () => {
    const runs = 200;
    for (const nodes of [3, 5]) {
      const decided = Array.from({ length: runs }, (_, seed) => chaos(seed + 1, nodes));
      expect(Math.max(...decided), `${nodes} nodes`).to.equal(1);
      expect(decided.filter((count) => count === 1).length).to.be.above(runs / 4);
    }
  });

  for (const [what, bug] of [
    ['answers at once', ANSWERS_AT_ONCE],
    ['is told by one other alone', ONE_WILL_DO],
  ] as const) {
    it(`decides two in the end when an acceptor that has forgotten ${what}`, () => {
      let seed = 1;
      while (seed <= 2000 && chaos(seed, 3, bug) < 2) seed += 1;
      expect(seed).to.be.at.most(2000);
    });
  }
});
