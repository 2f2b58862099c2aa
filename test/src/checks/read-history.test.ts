import { expect } from 'chai';
import fc from 'fast-check';
import {
  BadHistoryError,
  checkLinearizability,
  checkSerializability,
  checkSessions,
  type History,
  type HistoryEvent,
  HistoryRecorder,
  Keyword,
  type Outcome,
  readEdnLines,
  readHistory,
  readJsonLines,
  type Value,
  writeEdnLines,
  writeJsonLines,
} from '../../../src/checks/index.ts';

const PUT = '{:process 0, :type :invoke, :f :put, :key "x", :value "1"}';
const PUT_OK = '{:process 0, :type :ok, :f :put, :key "x", :value "1"}';

const texts: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.integer(),
  fc.string({ unit: 'binary' }),
);
const values: fc.Arbitrary<Value> = fc.oneof(texts, fc.array(texts, { maxLength: 3 }));

/** Histories as a client records them, each operation a process of its own. */
const histories: fc.Arbitrary<readonly HistoryEvent[]> = fc
  .array(
    fc.record({
      f: fc.constantFrom('get', 'put', 'cas'),
      key: fc.option(texts, { nil: undefined }),
      value: values,
      outcome: fc.constantFrom<Outcome | undefined>('ok', 'fail', 'info', undefined),
      result: values,
      applied: fc.constantFrom(true, false, undefined),
    }),
    { maxLength: 8 },
  )
  .map((plans) => {
    const recorder = new HistoryRecorder();
    for (const [process, { f, key, value, outcome, result, applied }] of plans.entries()) {
      const end = recorder.invoke({
        process,
        f,
        value,
        ...(key === undefined || key === null ? {} : { key }),
      });
      if (outcome !== undefined)
        end(outcome, { value: result, ...(applied === undefined ? {} : { applied }) });
    }
    return recorder.history.events;
  });

describe('a history', () => {
  it('is read as it was written, in EDN and as JSON lines', () => {
    fc.assert(
      fc.property(histories, (events) => {
        expect(readEdnLines('a.edn', writeEdnLines(events)).events).to.deep.equal(events);
        expect(readJsonLines('a.jsonl', writeJsonLines(events)).events).to.deep.equal(events);
      }),
    );
  });

  it('has the form of Jepsen, one event a line', () => {
    const recorder = new HistoryRecorder();
    recorder.invoke({ process: 0, f: 'put', key: 'x', value: '1' })('ok');
    recorder.invoke({ process: 'b', f: 'delete', key: 'x' })('ok', { applied: false });
    const { events } = recorder.history;
    expect(writeEdnLines(events).split('\n')).to.deep.equal([
      PUT,
      PUT_OK,
      '{:process "b", :type :invoke, :f :delete, :key "x", :value nil}',
      '{:process "b", :type :ok, :f :delete, :key "x", :value nil, :applied false}',
      '',
    ]);
    expect(writeJsonLines(events).split('\n')[0]).to.equal(
      '{"process":0,"type":"invoke","f":"put","key":"x","value":"1"}',
    );
  });

  it('as Jepsen writes it is read: other fields, tags and what its nemesis did count for nothing', () => {
    const { operations } = readHistory(
      'history.edn',
      [
        '#jepsen.history.Op{:index 0, :time 3291485317000000000000, :type :invoke, :process 0, :f :read, :value nil}',
        '{:type :info, :process :nemesis, :f :start-partition, :value {"n1" #{"n2" "n3"}}}',
        '',
        '; a comment',
        '{:type :ok, :process 0, :f :read, :value 3, :error [:none "x"]}',
      ].join('\r\n'),
    );
    expect(operations).to.have.length(1);
    expect(operations[0]).to.include({ f: 'read', result: 3, outcome: 'ok' });
  });

  it('as JSON lines is known by its first line, and may have transactions', () => {
    const lines = [
      '{"process":0,"type":"invoke","f":"txn","value":[["append","x",1],["r","x",null]]}',
      '{"process":0,"type":"ok","f":"txn","value":[["append","x",1],["r","x",[1]]]}',
    ];
    expect(checkSerializability(readHistory('a', lines.join('\n'))).verdict).to.equal('ok');
  });

  it('tells a keyword from a text', () => {
    const history = readEdnLines('a', '{:process 0, :type :invoke, :f :put, :key :x, :value ":x"}');
    expect(history.operations[0]!.key).to.deep.equal(new Keyword('x'));
    expect(history.operations[0]!.argument).to.equal(':x');
  });

  it('that is empty is in order', () => {
    expect(checkLinearizability(readHistory('a', ''), 'kv').verdict).to.equal('ok');
    expect(checkSerializability(readHistory('a', '\n\n')).verdict).to.equal('ok');
    expect(checkSessions(readHistory('a', '; nothing\n')).verdict).to.equal('ok');
  });
});

const asKv = (history: History) => checkLinearizability(history, 'kv');
const asRegister = (history: History) => checkLinearizability(history, 'register');
const asTransactions = (history: History) => checkSerializability(history);
const asSessions = (history: History) => checkSessions(history);

describe('a history that no client could have made', () => {
  const wrong: readonly (readonly [
    what: string,
    lines: readonly string[],
    message: RegExp,
    check?: (history: History) => unknown,
  ])[] = [
    ['a line that is no EDN', [PUT, '{:process 0, :type'], /^h:2: column 1: it has no \}$/],
    [
      'a line that is no JSON',
      ['{"process":0,"type":"invoke","f":"get","value":null}', '{"process":0,'],
      /^h:2: no JSON: /,
    ],
    ['a line that is no map', ['[1 2 3]'], /^h:1: a line holds one map/],
    [
      'a JSON line that is no object',
      ['{"process":0,"type":"invoke","f":"get"}', '[1]'],
      /^h:2: a line holds one object/,
    ],
    ['no process', ['{:type :invoke, :f :get, :value nil}'], /^h:1: :process is/],
    ['half a process', ['{:process 1.5, :type :invoke, :f :get, :value nil}'], /^h:1: :process is/],
    [
      'a type that is none',
      ['{:process 0, :type :begin, :f :get, :value nil}'],
      /^h:1: :type is one of :invoke, :ok, :fail, :info/,
    ],
    ['no operation', ['{:process 0, :type :invoke, :value nil}'], /^h:1: :f says what is done/],
    [
      'a value that is a map',
      ['{:process 0, :type :invoke, :f :put, :key 1, :value {:a 1}}'],
      /^h:1: :value: a value of this kind/,
    ],
    [
      'a number that is not exact',
      ['{:process 0, :type :invoke, :f :put, :key 1, :value 12345678901234567890}'],
      /^h:1: :value: 12345678901234567890 is not exact/,
    ],
    [
      'a JSON number that is not exact',
      ['{"process":0,"type":"invoke","f":"put","key":"x","value":12345678901234567890}'],
      /^h:1: :value: .* is not exact/,
    ],
    [
      ':applied that is neither true nor false',
      ['{:process 0, :type :ok, :f :cas, :value [1 2], :applied 1}'],
      /^h:1: :applied is true or false/,
    ],
    ['an end without a beginning', [PUT_OK], /^h:1: process 0 ends :put \(:ok\), but has begun nothing/],
    ['a second end', [PUT, PUT_OK, '', PUT_OK], /^h:4: process 0 ends :put \(:ok\), but has begun nothing/],
    [
      'two at once of one process',
      [PUT, PUT],
      /^h:2: process 0 begins :put, but is in :put of "x", begun in line 1/,
    ],
    [
      'an end of another operation',
      [PUT, '{:process 0, :type :ok, :f :get, :key "x", :value "1"}'],
      /^h:2: process 0 ends :get of "x", but is in :put of "x", begun in line 1/,
    ],
    [
      'an end with another key',
      [PUT, '{:process 0, :type :ok, :f :put, :key "y", :value "1"}'],
      /^h:2: process 0 ends :put of "y", but is in :put of "x"/,
    ],
    [
      'a put that ended with another value',
      [PUT, '{:process 0, :type :ok, :f :put, :key "x", :value "2"}'],
      /^h:2: :put ended with "2", but began with "1" in line 1/,
      asKv,
    ],
    [
      'an operation of another model',
      [PUT],
      /^h:1: :put is no operation of the model register: :read, :write, :cas/,
      asRegister,
    ],
    [
      'a get without a key',
      ['{:process 0, :type :invoke, :f :get, :value nil}'],
      /^h:1: :get has a :key in the model kv/,
      asKv,
    ],
    [
      'a cas of one value',
      ['{:process 0, :type :invoke, :f :cas, :value [1]}'],
      /^h:1: the value of :cas is \[old new\], not \[1\]/,
      asRegister,
    ],
    ['no transaction', [PUT], /^h:1: :put is no operation of the model transactions: :txn/, asTransactions],
    [
      'a transaction without steps',
      ['{:process 0, :type :invoke, :f :txn, :value nil}'],
      /^h:1: the value of :txn is a list of steps/,
      asTransactions,
    ],
    [
      'a step of another kind',
      ['{:process 0, :type :invoke, :f :txn, :value [[:add :x 1]]}'],
      /^h:1: \[:add :x 1\] is no step/,
      asTransactions,
    ],
    [
      'a write of nothing',
      ['{:process 0, :type :invoke, :f :txn, :value [[:w :x nil]]}'],
      /^h:1: \[:w :x nil\]: nil is what there is before any write/,
      asTransactions,
    ],
    [
      'a transaction that ended with other steps',
      [
        '{:process 0, :type :invoke, :f :txn, :value [[:w :x 1]]}',
        '{:process 0, :type :ok, :f :txn, :value [[:w :x 2]]}',
      ],
      /^h:2: the transaction ended with other steps than those that it began with in line 1/,
      asTransactions,
    ],
    [
      'a value written twice',
      [
        '{:process 0, :type :invoke, :f :txn, :value [[:w :x 1]]}',
        '{:process 1, :type :invoke, :f :txn, :value [[:w :x 1]]}',
      ],
      /^h:2: 1 is written to :x in line 1 already/,
      asTransactions,
    ],
    [
      'a key of two kinds',
      [
        '{:process 0, :type :invoke, :f :txn, :value [[:w :x 1]]}',
        '{:process 1, :type :invoke, :f :txn, :value [[:append :x 2]]}',
      ],
      /^h:2: :x is appended to here, and written elsewhere, or the other way round/,
      asTransactions,
    ],
    [
      'an append in a session',
      ['{:process 0, :type :invoke, :f :append, :key "x", :value "1"}'],
      /^h:1: :append is no operation of the model sessions: :get, :put/,
      asSessions,
    ],
    [
      'a session without a key',
      ['{:process 0, :type :invoke, :f :get, :value nil}'],
      /^h:1: :get has a :key in the model sessions/,
      asSessions,
    ],
    [
      'a put of nothing',
      ['{:process 0, :type :invoke, :f :put, :key "x", :value nil}'],
      /^h:1: nil is what there is before any put/,
      asSessions,
    ],
    ['a value put twice', [PUT, PUT_OK, PUT], /^h:3: "1" is put under "x" in line 1 already/, asSessions],
    [
      'a put of a session that ended with another value',
      [PUT, '{:process 0, :type :ok, :f :put, :key "x", :value "2"}'],
      /^h:2: :put ended with "2", but began with "1"/,
      asSessions,
    ],
  ];
  for (const [what, lines, message, check = () => {}] of wrong) {
    it(`is refused with file and line: ${what}`, () => {
      expect(() => check(readHistory('h', lines.join('\n')))).to.throw(BadHistoryError, message);
    });
  }

  it('is refused by its place where it has no file', () => {
    const recorder = new HistoryRecorder();
    recorder.invoke({ process: 0, f: 'get', key: 'x' });
    recorder.invoke({ process: 0, f: 'get', key: 'x' });
    expect(() => recorder.history).to.throw(BadHistoryError, /^history:2: process 0 begins :get/);
  });
});
