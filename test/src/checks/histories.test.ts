import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  checkLinearizability,
  checkSerializability,
  checkSessions,
  type Findings,
  readHistory,
} from '../../../src/checks/index.ts';
import { ROOT } from '../../files.ts';

const FOLDER = new URL('fixtures/histories/', ROOT);

interface Expectation {
  readonly about: string;
  readonly model: string;
  readonly verdict: string;
  readonly finds: readonly string[];
}

/** What the comments at the top of a history say: about what it is, and what must be found. */
function expectationOf(text: string): Expectation {
  const comments = [...text.matchAll(/^; (.*)$/gm)].map(([, comment]) => comment!);
  const field = (name: string) =>
    comments.find((comment) => comment.startsWith(`${name}: `))?.slice(name.length + 2);
  return {
    about: comments
      .slice(
        0,
        comments.findIndex((comment) => comment.startsWith('model: ')),
      )
      .join(' '),
    model: field('model') ?? '',
    verdict: field('expect') ?? '',
    finds: field('finds')?.split(', ') ?? [],
  };
}

function check(file: string, text: string, model: string): Findings {
  const history = readHistory(file, text);
  switch (model) {
    case 'register':
    case 'kv':
      return checkLinearizability(history, model);
    case 'transactions':
      return checkSerializability(history);
    case 'transactions --strict':
      return checkSerializability(history, { realTime: true });
    case 'sessions':
      return checkSessions(history);
    default:
      throw new Error(`${file}: ${model} is no model`);
  }
}

describe('histories made by hand', () => {
  const files = readdirSync(FOLDER).sort();

  it('are many, good and bad', () => {
    const verdicts = files.map((file) => expectationOf(readFileSync(new URL(file, FOLDER), 'utf8')).verdict);
    expect(verdicts.filter((verdict) => verdict === 'ok').length).to.be.at.least(15);
    expect(verdicts.filter((verdict) => verdict === 'violated').length).to.be.at.least(30);
  });

  for (const file of files) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    const { about, model, verdict, finds } = expectationOf(text);
    it(`${file}: ${verdict}. ${about}`, () => {
      const found = check(file, text, model);
      expect({ verdict: found.verdict, finds: found.violations.map(({ name }) => name) }).to.deep.equal({
        verdict,
        finds,
      });
    });
  }
});
