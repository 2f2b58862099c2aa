import { expect } from 'chai';
import { receivers } from '../role-driver.ts';
import { ServerDriver } from './server-driver.ts';

describe('a Raft leader', () => {
  it('goes on with what waits when its log has room again', () => {
    const driver = new ServerDriver({ settings: { logBytesMax: 2000, logKeptBytes: 0 } });
    driver.lead();
    for (let chunk = 0; chunk < 2; chunk++) {
      driver.receive({ type: 'propose', chunk: new Uint8Array(1000), client: 'clients/a' }, '0/replica');
      driver.receive({ type: 'appendPending' }, '0/server');
      driver.receive({ type: 'appended', term: 1, match: 2 }, '1/server');
      driver.receive({ type: 'appended', term: 1, match: 2 }, '2/server');
    }
    const effects = driver.receive({ type: 'durable', index: 2 }, '0/replica');
    expect(receivers(effects, 'appendEntries')).to.deep.equal(['1/server', '2/server']);
  });
});
