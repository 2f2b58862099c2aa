/** Something happened that must never happen, or has not happened that must. */
export class Violation extends Error {
  /** What is broken, in a few words. */
  readonly invariant: string;

  constructor(invariant: string, what: string) {
    super(`${invariant}: ${what}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}
