import { expect } from 'chai';
import { findNonlinearizable, type RegisterCall } from './support/linearizability.ts';

let client = 0;

function call(invoked: number, returned: number, what: RegisterCall['call'], key = 'a'): RegisterCall {
  return { client: `client-${client++}`, key, invoked, returned, call: what };
}
const put = (value: string) => ({ kind: 'put', value }) as const;
const get = (value: string | null) => ({ kind: 'get', value }) as const;
const compareAndSet = (expected: string | null, value: string, set: boolean | undefined) =>
  ({ kind: 'compareAndSet', expected, value, set }) as const;
const remove = (existed: boolean | undefined) => ({ kind: 'delete', existed }) as const;

describe('the search for a linearizable order', () => {
  it('takes what happens one after the other', () => {
    const calls = [
      call(1, 2, put('x')),
      call(3, 4, get('x')),
      call(5, 6, remove(true)),
      call(7, 8, get(null)),
    ];
    expect(findNonlinearizable(calls)).to.equal(undefined);
  });

  it('refuses a read that misses a write that had ended', () => {
    const calls = [call(1, 2, put('x')), call(3, 4, get(null))];
    expect(findNonlinearizable(calls)).to.have.length(2);
  });

  it('lets a read see a write under way, or not', () => {
    for (const seen of ['x', null]) {
      expect(findNonlinearizable([call(1, 4, put('x')), call(2, 3, get(seen))])).to.equal(undefined);
    }
  });

  it('refuses a read that goes back behind an earlier one', () => {
    const calls = [call(1, 10, put('x')), call(2, 3, get('x')), call(4, 5, get(null))];
    expect(findNonlinearizable(calls)).to.have.length(3);
  });

  it('lets a call without a known result happen at any time, or never', () => {
    const unknown = call(1, Number.POSITIVE_INFINITY, put('x'));
    expect(findNonlinearizable([unknown, call(2, 3, get(null))])).to.equal(undefined);
    expect(findNonlinearizable([unknown, call(2, 3, get(null)), call(4, 5, get('x'))])).to.equal(undefined);
    expect(findNonlinearizable([unknown, call(2, 3, get('x')), call(4, 5, get(null))])).to.have.length(3);
  });

  it('lets only one of two compare-and-sets win', () => {
    const race = (second: boolean) => [
      call(1, 4, compareAndSet(null, 'x', true)),
      call(2, 3, compareAndSet(null, 'y', second)),
    ];
    expect(findNonlinearizable(race(true))).to.have.length(2);
    expect(findNonlinearizable(race(false))).to.equal(undefined);
  });

  it('judges each key by itself', () => {
    const calls = [call(1, 2, put('x')), call(3, 4, get(null), 'b')];
    expect(findNonlinearizable(calls)).to.equal(undefined);
  });

  it('finds an order among many calls at once', () => {
    const calls = Array.from({ length: 12 }, (_, index) => call(index, 100 + index, put(`v${index}`)));
    expect(findNonlinearizable([...calls, call(200, 201, get('v0'))])).to.equal(undefined);
    expect(findNonlinearizable([...calls, call(200, 201, get('other'))])).to.have.length(13);
  });
});
