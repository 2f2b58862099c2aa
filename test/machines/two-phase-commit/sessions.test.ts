import { expect } from 'chai';
import { SessionTable } from '../../../machines/two-phase-commit/sessions.ts';

describe('the sessions of a leader', () => {
  it('have numbers that no life gives twice', () => {
    const first = new SessionTable(1, 10).open('clients/a');
    const second = new SessionTable(2, 10).open('clients/a');
    expect(first.id).not.to.equal(second.id);
  });

  it('end with its life', () => {
    const { id } = new SessionTable(1, 10).open('clients/a');
    const table = new SessionTable(2, 10);
    table.open('clients/a');
    expect(table.use(id, 'clients/a', 1)).to.equal(undefined);
  });

  it('are bounded: the one unheard of for longest is forgotten', () => {
    const table = new SessionTable(1, 2);
    const [a, b] = [table.open('clients/a'), table.open('clients/b')];
    table.use(a.id, 'clients/a', 1);
    table.open('clients/c');
    expect(table.use(b.id, 'clients/b', 1)).to.equal(undefined);
    expect(table.use(a.id, 'clients/a', 1)).to.equal(a);
  });

  it('remember no outcome that the client has heard, however far it says it has', () => {
    const table = new SessionTable(1, 2);
    const session = table.open('clients/a');
    for (const number of [1, 2, 3, 9]) session.outcomes.set(number, [number, 'unknown']);
    table.use(session.id, 'clients/a', 3);
    expect([...session.outcomes.keys()]).to.deep.equal([3, 9]);
    table.use(session.id, 'clients/a', 2);
    expect(session.below).to.equal(3);
    table.use(session.id, 'clients/a', Number.MAX_SAFE_INTEGER);
    expect(session.outcomes.size).to.equal(0);
  });

  it('of another leader are known where a group of theirs was left open', () => {
    const { id } = new SessionTable(1, 10).open('clients/a');
    const table = new SessionTable(2, 10);
    const session = table.inherit(id, 'clients/a');
    session.outcomes.set(3, undefined);
    expect(table.inherit(id, 'clients/a')).to.equal(session);
    expect(table.use(id, 'clients/a', 1)).to.equal(session);
    expect(session.isInherited).to.equal(true);
  });
});
