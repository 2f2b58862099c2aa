/** Carries out a look at something. What it throws must not be taken for a failure of the node in whose midst it is. */
export type Look = (check: () => void) => void;

/** Keeps the first thing that was broken. */
export class Witness {
  #broken: { readonly error: unknown } | undefined;

  /** Looks at something, and notes what it throws. */
  readonly look: Look = (check) => {
    try {
      check();
    } catch (error) {
      this.note(error);
    }
  };

  note(error: unknown): void {
    this.#broken ??= { error };
  }

  /** Notes what becomes of work that nobody waits for yet. */
  watch<Result>(work: Promise<Result>): Promise<Result> {
    work.catch((error: unknown) => this.note(error));
    return work;
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** @throws what was broken first. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken.error;
  }
}
