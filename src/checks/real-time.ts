/** What has a beginning and an end, in the order of a history. */
export interface Span {
  readonly invoked: number;
  /** Infinity for what may end at any time. */
  readonly completed: number;
}

/**
 * Which of these ended before which began. Those that follow from others are left out: of a before b before c, a
 * before c. Pairs of places in `spans`.
 */
export function* realTimePairs(
  spans: readonly Span[],
): Generator<readonly [number, number], void, undefined> {
  const moments = spans
    .flatMap(({ invoked, completed }, index) => [
      { at: invoked, index, isEnd: false },
      { at: completed, index, isEnd: true },
    ])
    .filter(({ at }) => at < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.at - b.at);
  /** Those that ended, and after which none began that has ended too. */
  const latest = new Set<number>();
  for (const { index, isEnd } of moments) {
    if (!isEnd) {
      for (const before of latest) yield [before, index];
      continue;
    }
    for (const before of latest) {
      if (spans[before]!.completed < spans[index]!.invoked) latest.delete(before);
    }
    latest.add(index);
  }
}
