import { diffArrays } from 'diff';
import type picocolors from 'picocolors';
import { linesOf } from './parse.ts';

type Colors = ReturnType<typeof picocolors.createColors>;

/** How many equal lines are shown around a difference. */
const CONTEXT_LINES = 3;

/** One line of a comparison: in both, only expected (`missing`), or only printed (`unexpected`). */
export interface ComparedLine {
  readonly kind: 'same' | 'missing' | 'unexpected';
  readonly text: string;
}

/** The lines that a file says must be printed. Blank lines at its end count for nothing. */
export function expectedLines(content: string): string[] {
  const lines = linesOf(content);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/** Compares line by line, strictly. Undefined when both are equal. */
export function compareLines(
  expected: readonly string[],
  printed: readonly string[],
): readonly ComparedLine[] | undefined {
  if (expected.length === printed.length && expected.every((line, index) => line === printed[index]))
    return undefined;
  return diffArrays([...expected], [...printed]).flatMap(({ value, added, removed }) =>
    value.map((text): ComparedLine => ({ kind: added ? 'unexpected' : removed ? 'missing' : 'same', text })),
  );
}

/** Draws a comparison: `-` expected and missing, `+` printed and not expected, far equal lines left out. */
export function drawComparison(compared: readonly ComparedLine[], colors: Colors): string {
  const near = (index: number) =>
    compared
      .slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1)
      .some(({ kind }) => kind !== 'same');
  const drawn: string[] = [colors.dim('- expected   + printed')];
  let skipped = 0;
  for (const [index, { kind, text }] of compared.entries()) {
    if (!near(index)) {
      skipped++;
      continue;
    }
    if (skipped > 0) drawn.push(colors.dim(`  … ${skipped} equal`));
    skipped = 0;
    if (kind === 'missing') drawn.push(colors.red(`- ${visible(text)}`));
    else if (kind === 'unexpected') drawn.push(colors.green(`+ ${visible(text)}`));
    else drawn.push(`  ${text}`);
  }
  if (skipped > 0) drawn.push(colors.dim(`  … ${skipped} equal`));
  return drawn.join('\n');
}

/** Makes visible what would otherwise look equal: spaces at the end, and tabs. */
function visible(text: string): string {
  return text.replace(/\t/g, '→').replace(/ +$/, (spaces) => '·'.repeat(spaces.length));
}
