/** Whether tests take the time to be thorough (`npm run test:long`), and not just the share of it that CI has. */
export const isLong = process.env.SYNOD_LONG === '1';

/** Defines a test that CI has no time for. */
export function itInLongRuns(title: string, test: Mocha.AsyncFunc): void {
  if (isLong) it(title, test);
  else it.skip(title, test);
}
