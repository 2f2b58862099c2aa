import type { Random } from '../../../actors/random.ts';
import type { LinkEndpoint } from '../../../src/cluster/node-group.ts';

/** What is sent from one end of a link to the other. */
export type Direction = readonly [from: LinkEndpoint, to: LinkEndpoint];

/** What strikes a cluster, or is mended. */
export type Strike =
  | { readonly kind: 'crash' | 'restart'; readonly nodes: readonly number[] }
  | { readonly kind: 'cut' | 'mend'; readonly directions: readonly Direction[] }
  | {
      readonly kind: 'degrade';
      readonly directions: readonly Direction[];
      readonly lossProbability: number;
      readonly delayMs: number;
    };

/** A strike, and when it is due after the beginning, in ms. */
export interface PlannedStrike {
  readonly atMs: number;
  readonly strike: Strike;
}

interface Draw {
  readonly random: Random;
  readonly nodes: readonly number[];
}

/** What begins an episode, and what ends it. */
type Episode = readonly [begin: Strike, end: Strike];

/** Between the beginnings of two episodes; how much at most, each plan draws for itself. */
const CALM_MS_MAX = [500, 2000] as const;
const EPISODE_MS_MIN = 30;
const EPISODE_MS_MAX = 900;

const EPISODES: readonly (readonly [share: number, draw: (draw: Draw) => Episode])[] = [
  [4, (draw) => down([someOf(draw)])],
  [3, ({ nodes }) => down(nodes)],
  [1, (draw) => cut(bothWays([twoOf(draw)]))],
  [2, (draw) => cut([twoOf(draw)])],
  [2, (draw) => cut(bothWays(linksOf(someOf(draw), draw.nodes)))],
  [1, (draw) => cut(linksOf(someOf(draw), draw.nodes))],
  [1, (draw) => cut(linksOf(someOf(draw), draw.nodes).map(backwards))],
  [2, (draw) => cut(bothWays(linksAcross(draw)))],
  [1, (draw) => cut([['clients', someOf(draw)]])],
  [1, (draw) => cut([[someOf(draw), 'clients']])],
  [2, (draw) => degraded(draw, bothWays(linksAmong(draw.nodes)))],
  [1, (draw) => degraded(draw, bothWays(linksOf('clients', draw.nodes)))],
  [1, (draw) => degraded(draw, linksOf(someOf(draw), draw.nodes))],
];

const LOTS = EPISODES.flatMap(([share, draw]) => Array.from({ length: share }, () => draw));

/** What is to strike, in order of time: the same for the same draws. All of it ends within `durationMs`. */
export function planStrikes(draw: Draw, durationMs: number): PlannedStrike[] {
  const { random } = draw;
  const plan: PlannedStrike[] = [];
  const calmMsMax = random.integer(...CALM_MS_MAX);
  for (let atMs = random.next() * calmMsMax; atMs < durationMs; atMs += random.next() * calmMsMax) {
    const [begin, end] = drawEpisode(draw);
    const endMs = atMs + EPISODE_MS_MIN + random.next() * (EPISODE_MS_MAX - EPISODE_MS_MIN);
    plan.push({ atMs, strike: begin }, { atMs: Math.min(endMs, durationMs), strike: end });
  }
  return plan.sort((a, b) => a.atMs - b.atMs);
}

/** For people. */
export function describeStrike({ atMs, strike }: PlannedStrike): string {
  return `${atMs.toFixed(0).padStart(6)} ms  ${textOf(strike)}`;
}

function textOf(strike: Strike): string {
  switch (strike.kind) {
    case 'crash':
      return `crash ${strike.nodes.join(' ')}`;
    case 'restart':
      return `restart ${strike.nodes.join(' ')}`;
    case 'cut':
      return `cut ${arrows(strike.directions)}`;
    case 'mend':
      return `mend ${arrows(strike.directions)}`;
    case 'degrade': {
      const { directions, lossProbability, delayMs } = strike;
      return `loss ${lossProbability.toFixed(2)}, delay ${delayMs.toFixed(0)} ms: ${arrows(directions)}`;
    }
  }
}

function arrows(directions: readonly Direction[]): string {
  return directions.map(([from, to]) => `${from}→${to}`).join(' ');
}

function drawEpisode(draw: Draw): Episode {
  return LOTS[draw.random.integer(0, LOTS.length - 1)]!(draw);
}

function down(nodes: readonly number[]): Episode {
  return [
    { kind: 'crash', nodes },
    { kind: 'restart', nodes },
  ];
}

function cut(directions: readonly Direction[]): Episode {
  return [
    { kind: 'cut', directions },
    { kind: 'mend', directions },
  ];
}

function degraded({ random }: Draw, directions: readonly Direction[]): Episode {
  const lossProbability = random.next() < 0.3 ? 0 : random.next() * 0.4;
  const delayMs = random.next() < 0.3 ? 0 : random.next() * 60;
  return [
    { kind: 'degrade', directions, lossProbability, delayMs },
    { kind: 'degrade', directions, lossProbability: 0, delayMs: 0 },
  ];
}

function someOf({ random, nodes }: Draw): number {
  return nodes[random.integer(0, nodes.length - 1)]!;
}

function twoOf(draw: Draw): Direction {
  const from = someOf(draw);
  return [from, someOf({ ...draw, nodes: draw.nodes.filter((node) => node !== from) })];
}

function linksOf(end: LinkEndpoint, nodes: readonly number[]): Direction[] {
  return nodes.filter((node) => node !== end).map((node): Direction => [end, node]);
}

function linksAmong(nodes: readonly number[]): Direction[] {
  return nodes.flatMap((node, place) => linksOf(node, nodes.slice(place + 1)));
}

/** Between the two sides of a partition, one of them a minority. */
function linksAcross({ random, nodes }: Draw): Direction[] {
  const left = [...nodes];
  const count = random.integer(1, Math.floor((nodes.length - 1) / 2));
  const minority = Array.from(
    { length: count },
    () => left.splice(random.integer(0, left.length - 1), 1)[0]!,
  );
  return minority.flatMap((node) => linksOf(node, left));
}

function bothWays(directions: readonly Direction[]): Direction[] {
  return directions.flatMap((direction) => [direction, backwards(direction)]);
}

function backwards([from, to]: Direction): Direction {
  return [to, from];
}
