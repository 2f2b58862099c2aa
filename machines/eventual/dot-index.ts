import type { Held } from './held.ts';
import type { Origin } from './origin.ts';

/** Counters that share a page. */
const PAGE = 1024;

interface Page {
  readonly keys: (string | undefined)[];
  live: number;
}

/** Writes, and the keys that they wrote. */
export interface DotList {
  readonly origins: Origin[];
  readonly counters: number[];
  readonly keys: string[];
}

/** By the number of a write, the key that it wrote: of each version that is kept, and of no other. */
export class DotIndex {
  readonly #pages = new Map<Origin, Map<number, Page>>();
  #size = 0;

  /** How many versions are kept. */
  get size(): number {
    return this.#size;
  }

  set(origin: Origin, counter: number, key: string): void {
    const page = this.#pageOf(origin, Math.floor(counter / PAGE));
    const place = counter % PAGE;
    if (page.keys[place] === undefined) {
      page.live += 1;
      this.#size += 1;
    }
    page.keys[place] = key;
  }

  delete(origin: Origin, counter: number): void {
    const pages = this.#pages.get(origin);
    const number = Math.floor(counter / PAGE);
    const page = pages?.get(number);
    if (pages === undefined || page?.keys[counter % PAGE] === undefined) return;
    page.keys[counter % PAGE] = undefined;
    page.live -= 1;
    this.#size -= 1;
    if (page.live === 0) pages.delete(number);
  }

  get(origin: Origin, counter: number): string | undefined {
    return this.#pages.get(origin)?.get(Math.floor(counter / PAGE))?.keys[counter % PAGE];
  }

  /** The versions that are kept and not in `held`, by origin and counter. */
  notIn(held: Held): DotList {
    const list: DotList = { origins: [], counters: [], keys: [] };
    for (const origin of [...this.#pages.keys()].sort((a, b) => a - b)) {
      const pages = this.#pages.get(origin)!;
      const upTo = held.upTo(origin);
      for (const number of [...pages.keys()].sort((a, b) => a - b)) {
        if ((number + 1) * PAGE <= upTo) continue;
        pages.get(number)!.keys.forEach((key, place) => {
          const counter = number * PAGE + place;
          if (key === undefined || held.has(origin, counter)) return;
          list.origins.push(origin);
          list.counters.push(counter);
          list.keys.push(key);
        });
      }
    }
    return list;
  }

  #pageOf(origin: Origin, number: number): Page {
    let pages = this.#pages.get(origin);
    if (pages === undefined) {
      pages = new Map();
      this.#pages.set(origin, pages);
    }
    let page = pages.get(number);
    if (page === undefined) {
      page = { keys: new Array<string | undefined>(PAGE), live: 0 };
      pages.set(number, page);
    }
    return page;
  }
}
