/** Numbers, of which the least comes out first. */
export class MinHeap {
  readonly #numbers: number[] = [];

  push(number: number): void {
    const numbers = this.#numbers;
    let at = numbers.push(number) - 1;
    for (let above = (at - 1) >> 1; at > 0 && numbers[above]! > number; above = (at - 1) >> 1) {
      numbers[at] = numbers[above]!;
      at = above;
    }
    numbers[at] = number;
  }

  pop(): number | undefined {
    const numbers = this.#numbers;
    const [least] = numbers;
    const last = numbers.pop();
    if (last === undefined || numbers.length === 0) return least;
    let at = 0;
    for (let below = 1; below < numbers.length; below = 2 * at + 1) {
      if (below + 1 < numbers.length && numbers[below + 1]! < numbers[below]!) below += 1;
      if (numbers[below]! >= last) break;
      numbers[at] = numbers[below]!;
      at = below;
    }
    numbers[at] = last;
    return least;
  }
}
