const BEFORE = 40;
const AFTER = 120;

/** What stands around the place where two texts begin to differ, a line for each. */
export function difference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const around = (text: string) => `…${text.slice(Math.max(0, at - BEFORE), at + AFTER)}…`;
  return `${around(one)}\n${around(other)}`;
}
