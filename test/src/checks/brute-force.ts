import type { History, Operation } from '../../../src/checks/index.ts';

/** Every order of some of these in which each of `sure` is, one by one. */
export function* ordersOf<Item>(
  items: readonly Item[],
  isSure: (item: Item) => boolean,
): Generator<readonly Item[], void, undefined> {
  if (!items.some(isSure)) yield [];
  for (const item of items) {
    const others = items.filter((other) => other !== item);
    for (const order of ordersOf(others, isSure)) yield [item, ...order];
  }
}

/** Whether no operation comes after one that began when it had ended. */
export function respectsRealTime(order: readonly Operation[]): boolean {
  return order.every((operation, index) =>
    order.slice(index + 1).every((later) => later.completed > operation.invoked),
  );
}

/** The operations that happened, or may have. */
export function mayHaveHappened({ operations }: History): readonly Operation[] {
  return operations.filter(({ outcome }) => outcome !== 'fail');
}
