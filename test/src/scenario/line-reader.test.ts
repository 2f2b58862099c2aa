import { expect } from 'chai';
import { LineReader } from '../../../src/scenario/line-reader.ts';

describe('line reader', () => {
  it('takes words apart at any spaces and tabs', () => {
    const line = new LineReader('  put \t 0   key');
    expect([line.word(), line.word(), line.word(), line.word()]).to.deep.equal([
      'put',
      '0',
      'key',
      undefined,
    ]);
  });

  it('keeps every space of the rest but the one that separates it', () => {
    const line = new LineReader('sendMessage 0  a  b');
    line.word();
    line.word();
    expect(line.text()).to.equal(' a  b');
    expect(line.text()).to.equal(undefined);
  });

  it('ignores what stands at the end of the line: spaces, tabs, a carriage return', () => {
    const line = new LineReader('sendMessage 0 a b \t \r');
    line.word();
    line.word();
    expect(line.text()).to.equal('a b');
  });

  it('sees no text where only spaces are left', () => {
    const line = new LineReader('sendMessage 0    ');
    line.word();
    line.word();
    expect(line.text()).to.equal(undefined);
  });
});
