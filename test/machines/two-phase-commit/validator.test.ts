import { expect } from 'chai';
import { OpenGroups } from '../../../machines/two-phase-commit/open-groups.ts';
import type { RequestedTransaction } from '../../../machines/two-phase-commit/requests.ts';
import { SessionTable } from '../../../machines/two-phase-commit/sessions.ts';
import { type ValidatorInput, validator } from '../../../machines/two-phase-commit/validator.ts';
import { RoleDriver, sent } from '../role-driver.ts';
import { letters, puts, settingsWith } from './values.ts';

const CLIENT = 'clients/c';

function start(): RoleDriver {
  const session = new SessionTable(1, 10).open(CLIENT);
  const member = (number: number): RequestedTransaction => ({
    session,
    number,
    bytes: new Uint8Array(0),
    shared: [`key ${number}`],
    exclusive: [],
    missing: 0,
  });
  const input: ValidatorInput = {
    number: 5,
    settings: settingsWith(),
    groups: new OpenGroups(1),
    followers: ['2', '3', '1'],
    members: [member(1), member(2)],
    transactions: puts(),
  };
  return new RoleDriver(validator, '0/validator/5', input);
}

describe('a validator', () => {
  it('asks one follower, and tells the clients what it says: there is no second phase', () => {
    const role = start();
    expect(sent(role.started)).to.have.length(1);
    const [to, message] = sent(role.started)[0]!;
    expect(to).to.equal('2/participant');
    expect(message).to.deep.include({ type: 'VOTE-REQ', readOnly: true, group: 5 });
    const effects = role.receive(
      { type: 'VOTE-READ', group: 5, refused: [[1, 'conflict']] },
      '2/participant',
    );
    const outcomes = [
      [1, 'committed', 0],
      [2, 'aborted', 'conflict'],
    ];
    expect(sent(effects).map(([, answer]) => answer)).to.deep.equal([
      { type: 'outcomes', session: 2 ** 32 + 1, outcomes },
    ]);
    expect(role.output).to.deep.equal({ number: 5, outcomes });
  });

  it('passes on to another follower when one is silent', () => {
    const role = start();
    const { retryMs } = settingsWith();
    expect(letters(role.pass(retryMs))).to.deep.equal(['VOTE-REQ 3/participant']);
    expect(letters(role.pass(2 * retryMs))).to.deep.equal(['VOTE-REQ 1/participant']);
  });

  it('gives up when all are silent', () => {
    const role = start();
    const effects = role.pass(settingsWith().voteTimeoutMs);
    expect(letters(effects).at(-1)).to.equal(`outcomes ${CLIENT}`);
    expect(role.output).to.deep.include({
      outcomes: [
        [1, 'aborted', 'timeout'],
        [2, 'aborted', 'timeout'],
      ],
    });
  });
});
