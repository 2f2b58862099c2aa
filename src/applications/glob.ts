/** One step of a pattern: any number of characters, any one, or one of those that a test lets through. */
type Step = typeof ANY_NUMBER | typeof ANY_ONE | ((character: string) => boolean);

const ANY_NUMBER = '*';
const ANY_ONE = '?';

/**
 * What tells whether a name matches a pattern, whole and letter for letter: `*` stands for any characters, `?` for
 * one, `[abc]`, `[a-z]` and `[!a-z]` for one of these or one of the others; all else, an unclosed `[` too, for
 * itself. To mean one of `*?[` write `[*]`. A character is a code point; none is special as a dot or a slash is in
 * paths. It takes time in proportion to the lengths of both, multiplied, at worst.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const steps = stepsOf([...pattern]);
  return (name) => matches(steps, [...name]);
}

function matches(steps: readonly Step[], name: readonly string[]): boolean {
  let step = 0;
  let at = 0;
  /** The last `*` and the first character that it has not swallowed: an earlier one need never swallow more. */
  let star: { readonly step: number; at: number } | undefined;
  while (at < name.length) {
    const wanted = steps[step];
    if (wanted === ANY_NUMBER) {
      star = { step, at };
      step += 1;
    } else if (wanted !== undefined && (wanted === ANY_ONE || wanted(name[at]!))) {
      step += 1;
      at += 1;
    } else if (star !== undefined) {
      star.at += 1;
      at = star.at;
      step = star.step + 1;
    } else return false;
  }
  return steps.slice(step).every((rest) => rest === ANY_NUMBER);
}

function stepsOf(pattern: readonly string[]): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]!;
    const end = character === '[' ? endOfClass(pattern, at) : -1;
    if (end >= 0) {
      steps.push(classOf(pattern.slice(at + 1, end)));
      at = end + 1;
      continue;
    }
    if (character === ANY_NUMBER || character === ANY_ONE) steps.push(character);
    else steps.push((other) => other === character);
    at += 1;
  }
  return steps;
}

/** Where the class that opens here closes, -1 where it does not. A `]` right after its opening is one of its characters. */
function endOfClass(pattern: readonly string[], open: number): number {
  const first = pattern[open + 1] === '!' ? open + 2 : open + 1;
  return pattern.indexOf(']', first + 1);
}

function classOf(content: readonly string[]): (character: string) => boolean {
  const isNegated = content[0] === '!';
  const ranges: [from: number, to: number][] = [];
  for (let at = isNegated ? 1 : 0; at < content.length; at += 1) {
    const from = content[at]!;
    const to = content[at + 1] === '-' ? content[at + 2] : undefined;
    ranges.push([codeOf(from), codeOf(to ?? from)]);
    if (to !== undefined) at += 2;
  }
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([from, to]) => from <= code && code <= to) !== isNegated;
  };
}

function codeOf(character: string): number {
  return character.codePointAt(0)!;
}
