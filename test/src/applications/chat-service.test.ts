import { expect } from 'chai';
import fc from 'fast-check';
import { pack, unpack } from '../../../actors/codec.ts';
import type { JournalWrite } from '../../../actors/journal.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ApplicationStore } from '../../../machines/replication/application-store.ts';
import {
  type AccountsPage,
  type ChatServiceOperation,
  type ChatServiceQuery,
  chatService,
  chatServiceOperation,
  chatServiceQuery,
  DISCARDS_MAX,
  FETCH_MESSAGES_MAX,
  LIST_ACCOUNTS_MAX,
  LIST_LOOKS_MAX,
  type MessagesPage,
  PATTERN_CHARACTERS_MAX,
  REQUEST_TEXT_BYTES_MAX,
  statusAtSight,
} from '../../../src/applications/chat-service.ts';
import { ChatStatus } from '../../../src/applications/chat-status.ts';

const { create, delete: remove, message } = chatServiceOperation;
const { check, list, fetch } = chatServiceQuery;

/** The service as a client meets it: everything passes through the codec. */
function openService() {
  const journal = new MemoryJournal();
  let state = new ApplicationStore(journal, 0, chatService.name);
  let transaction = 0;
  const applyUnchecked = (operation: unknown) =>
    unpack(pack(chatService.apply(unpack(pack(operation)) as ChatServiceOperation, state))) as ChatStatus;
  const queryUnchecked = (query: unknown) =>
    unpack(pack(chatService.query(unpack(pack(query)) as ChatServiceQuery, state.reader))) as
      | ChatStatus
      | AccountsPage
      | MessagesPage;
  return {
    applyUnchecked,
    queryUnchecked,
    apply: (operation: ChatServiceOperation) => {
      chatService.check?.(operation);
      return applyUnchecked(operation);
    },
    query: (query: ChatServiceQuery) => queryUnchecked(query),
    /** All the accounts that match. */
    list: (pattern: string) => (queryUnchecked(list(pattern)) as AccountsPage).accounts,
    /** The status, or the first page. */
    fetch: (name: string, id: number) => {
      const page = queryUnchecked(fetch(name, id));
      return typeof page === 'number' ? page : (page as MessagesPage).messages;
    },
    /** Goes on from what is on disk. */
    restart: () => {
      const writes: JournalWrite[] = [];
      state.takeDirty(writes, ++transaction);
      journal.commit(writes, () => undefined);
      state = new ApplicationStore(journal, 0, chatService.name);
    },
    keys: (prefix: string) => [...state.scan(prefix)].map(([key]) => key),
  };
}

describe('the chat service', () => {
  it('opens an account once, and knows it', () => {
    const service = openService();
    expect(service.query(check('anna'))).to.equal(ChatStatus.noSuchAccount);
    expect(service.apply(create('anna'))).to.equal(ChatStatus.done);
    expect(service.apply(create('anna'))).to.equal(ChatStatus.failed);
    expect(service.query(check('anna'))).to.equal(ChatStatus.done);
    expect(service.query(check('Anna'))).to.equal(ChatStatus.noSuchAccount);
  });

  it('opens no account without a name', () => {
    const service = openService();
    expect(service.apply(create(''))).to.equal(ChatStatus.failed);
    expect(service.query(check(''))).to.equal(ChatStatus.noSuchAccount);
    expect(service.apply(remove(''))).to.equal(ChatStatus.noSuchAccount);
  });

  it('counts the characters of a name by code points', () => {
    const service = openService();
    expect(service.apply(create('😀'.repeat(20)))).to.equal(ChatStatus.done);
    expect(service.list('?'.repeat(20))).to.deep.equal(['😀'.repeat(20)]);
    expect(service.apply(create('😀'.repeat(21)))).to.equal(ChatStatus.nameTooLong);
    expect(service.apply(create('é'.repeat(20)))).to.equal(ChatStatus.done);
    expect(service.apply(create('x'.repeat(21)))).to.equal(ChatStatus.nameTooLong);
  });

  it('counts the characters of a message by code points', () => {
    const service = openService();
    service.apply(create('anna'));
    expect(service.apply(message('anna', 'anna', '😀'.repeat(500)))).to.equal(ChatStatus.done);
    expect(service.apply(message('anna', 'anna', '😀'.repeat(501)))).to.equal(ChatStatus.textTooLong);
    expect(service.fetch('anna', 1)).to.deep.equal([['anna', '😀'.repeat(500)]]);
  });

  it('lists accounts in order of creation, also one that was created again', () => {
    const service = openService();
    for (const name of ['zoe', 'bob', 'anna']) service.apply(create(name));
    expect(service.list('*')).to.deep.equal(['zoe', 'bob', 'anna']);
    service.apply(remove('zoe'));
    service.apply(create('zoe'));
    expect(service.list('*')).to.deep.equal(['bob', 'anna', 'zoe']);
    expect(service.list('[a-b]*')).to.deep.equal(['bob', 'anna']);
    expect(service.list('nobody')).to.deep.equal([]);
  });

  it('keeps what an account received, its own messages too, from any id on', () => {
    const service = openService();
    for (const name of ['anna', 'bob']) service.apply(create(name));
    service.apply(message('bob', 'anna', 'first'));
    service.apply(message('anna', 'bob', 'other'));
    service.apply(message('anna', 'anna', '  to myself '));
    expect(service.fetch('anna', 1)).to.deep.equal([
      ['bob', 'first'],
      ['anna', '  to myself '],
    ]);
    expect(service.fetch('anna', 2)).to.deep.equal([['anna', '  to myself ']]);
    expect(service.fetch('anna', 3)).to.equal(ChatStatus.noSuchMessage);
    expect(service.fetch('anna', 1e300)).to.equal(ChatStatus.noSuchMessage);
  });

  for (const id of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
    it(`fetches nothing from message ${id} on`, () => {
      const service = openService();
      service.apply(create('anna'));
      service.apply(message('anna', 'anna', 'hello'));
      expect(service.fetch('anna', id)).to.equal(ChatStatus.failed);
    });
  }

  it('says that there is no message yet of an account that received none', () => {
    const service = openService();
    service.apply(create('anna'));
    expect(service.fetch('anna', 1)).to.equal(ChatStatus.noSuchMessage);
  });

  it('discards with an account what it received, and nothing else', () => {
    const service = openService();
    for (const name of ['anna', 'bob']) service.apply(create(name));
    service.apply(message('anna', 'bob', 'stays'));
    service.apply(message('bob', 'anna', 'goes'));
    expect(service.apply(remove('anna'))).to.equal(ChatStatus.done);
    expect(service.apply(remove('anna'))).to.equal(ChatStatus.noSuchAccount);
    expect(service.fetch('anna', 1)).to.equal(ChatStatus.noSuchAccount);
    expect(service.fetch('bob', 1)).to.deep.equal([['anna', 'stays']]);
    expect(service.apply(message('anna', 'bob', 'from nobody'))).to.equal(ChatStatus.noSuchAccount);
    expect(service.apply(message('bob', 'anna', 'to nobody'))).to.equal(ChatStatus.noSuchAccount);
    service.apply(create('anna'));
    expect(service.fetch('anna', 1)).to.equal(ChatStatus.noSuchMessage);
    service.apply(message('bob', 'anna', 'again'));
    expect(service.fetch('anna', 1)).to.deep.equal([['bob', 'again']]);
  });

  it('discards many messages little by little, unseen, and leaves no record of them', () => {
    const service = openService();
    service.apply(create('anna'));
    const received = 3 * DISCARDS_MAX - 1;
    for (let i = 0; i < received; i += 1) service.apply(message('anna', 'anna', `${i}`));
    service.apply(remove('anna'));
    expect(service.keys('message/')).to.have.length(received - DISCARDS_MAX);
    service.apply(create('anna'));
    service.restart();
    expect(service.keys('message/')).to.have.length(DISCARDS_MAX - 1);
    expect(service.fetch('anna', 1)).to.equal(ChatStatus.noSuchMessage);
    // One more message for this account, which goes in the same round as the last of the other.
    service.apply(message('anna', 'anna', 'new'));
    expect(service.keys('message/')).to.have.length(1);
    service.apply(remove('anna'));
    expect(service.keys('')).to.deep.equal(['next']);
  });

  it('gives the messages page by page', () => {
    const service = openService();
    service.apply(create('anna'));
    for (let i = 0; i <= FETCH_MESSAGES_MAX; i += 1) service.apply(message('anna', 'anna', `${i}`));
    const first = service.query(fetch('anna', 1)) as MessagesPage;
    expect([first.messages.length, first.next]).to.deep.equal([FETCH_MESSAGES_MAX, FETCH_MESSAGES_MAX + 1]);
    const second = service.query(fetch('anna', FETCH_MESSAGES_MAX + 1)) as MessagesPage;
    expect([second.messages.length, second.next]).to.deep.equal([1, null]);
    expect(second.account).to.equal(first.account);
    service.apply(remove('anna'));
    service.apply(create('anna'));
    service.apply(message('anna', 'anna', ''));
    expect((service.query(fetch('anna', 1)) as MessagesPage).account).not.to.equal(first.account);
  });

  it('lists page by page, and looks at so many accounts for one page at most', () => {
    const service = openService();
    for (let i = 0; i <= LIST_LOOKS_MAX; i += 1) service.apply(create(`user ${i}`));
    const all = service.query(list('*')) as AccountsPage;
    expect([all.accounts.length, all.next]).to.deep.equal([LIST_ACCOUNTS_MAX, LIST_ACCOUNTS_MAX]);
    const last = `user ${LIST_LOOKS_MAX}`;
    const some = service.query(list(last)) as AccountsPage;
    expect(some).to.deep.equal({ accounts: [], next: LIST_LOOKS_MAX });
    expect(service.query(list(last, LIST_LOOKS_MAX))).to.deep.equal({ accounts: [last], next: null });
  }).timeout(60_000);

  const long = 'x'.repeat(21);
  const endless = 'y'.repeat(501);
  const orders: readonly (readonly [what: string, request: unknown, status: ChatStatus])[] = [
    ['a long name before anything else', message('nobody', long, endless), ChatStatus.nameTooLong],
    ['a long sender before anything else', message(long, 'nobody', endless), ChatStatus.nameTooLong],
    ['a long message before a missing account', message('nobody', 'nobody', endless), ChatStatus.textTooLong],
    ['a missing sender', message('nobody', 'anna', 'x'), ChatStatus.noSuchAccount],
    ['a missing receiver', message('anna', 'nobody', 'x'), ChatStatus.noSuchAccount],
    ['a long name before a wrong id', fetch(long, 0), ChatStatus.nameTooLong],
    ['a missing account before a wrong id', fetch('nobody', 0), ChatStatus.noSuchAccount],
    ['a long name to create', create(long), ChatStatus.nameTooLong],
    ['a long name to delete', remove(long), ChatStatus.nameTooLong],
    ['a long name to check', check(long), ChatStatus.nameTooLong],
    ['a pattern beyond the bound', list('*'.repeat(PATTERN_CHARACTERS_MAX + 1)), ChatStatus.failed],
    ['a name that is none', create(5 as never), ChatStatus.failed],
    ['a message that is no text', message('anna', 'anna', null as never), ChatStatus.failed],
    ['an id that is none', fetch('anna', '1' as never), ChatStatus.failed],
    ['a place that is none', list('*', -1), ChatStatus.failed],
    ['an operation of no known name', [9, 'anna'], ChatStatus.notSupported],
    ['no list', 'create', ChatStatus.notSupported],
    ['nothing', null, ChatStatus.notSupported],
  ];
  for (const [what, request, status] of orders) {
    it(`answers ${what} with ${status}, and changes nothing`, () => {
      const service = openService();
      service.apply(create('anna'));
      const isQuestion = Array.isArray(request) && request[0] >= check('')[0];
      expect(isQuestion ? service.queryUnchecked(request) : service.applyUnchecked(request)).to.equal(status);
      expect(service.list('*')).to.deep.equal(['anna']);
      expect(service.fetch('anna', 1)).to.equal(ChatStatus.noSuchMessage);
    });
  }

  it('does not support an unknown operation, a question in place of one, nor the reverse', () => {
    const service = openService();
    expect(service.applyUnchecked([9, 'anna'])).to.equal(ChatStatus.notSupported);
    expect(service.applyUnchecked(check('anna'))).to.equal(ChatStatus.notSupported);
    expect(service.queryUnchecked(create('anna'))).to.equal(ChatStatus.notSupported);
    expect(service.list('*')).to.deep.equal([]);
  });

  it('knows at sight what takes no look at the accounts', () => {
    expect(statusAtSight(create(long))).to.equal(ChatStatus.nameTooLong);
    expect(statusAtSight(message('a', 'b', endless))).to.equal(ChatStatus.textTooLong);
    expect(statusAtSight(create('\ud800'))).to.equal(ChatStatus.failed);
    expect(statusAtSight(create('anna'))).to.equal(undefined);
    expect(statusAtSight(fetch('anna', 0))).to.equal(undefined);
  });

  it('refuses at the client what is too large to be handed in at all', () => {
    expect(() => chatService.check?.(message('a', 'b', 'x'.repeat(REQUEST_TEXT_BYTES_MAX + 1))))
      .to.throw()
      .with.property('code', 'SYNOD_VALUE_TOO_LARGE');
    expect(() => chatService.check?.(null as never)).not.to.throw();
  });

  it('does as a plain list of accounts with their messages does, through restarts', () => {
    const name = fc.constantFrom('anna', 'bob', 'c c', '', long);
    const step = fc.oneof(
      fc.record({ do: fc.constant('create' as const), name }),
      fc.record({ do: fc.constant('delete' as const), name }),
      fc.record({
        do: fc.constant('message' as const),
        from: name,
        to: name,
        text: fc.constantFrom('', 'hi', endless),
      }),
      fc.record({ do: fc.constant('restart' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const service = openService();
        const model = new Map<string, [string, string][]>();
        for (const each of steps) {
          if (each.do === 'restart') service.restart();
          else if (each.do === 'create') {
            const status = each.name === long ? 101 : each.name === '' || model.has(each.name) ? 199 : 0;
            expect(service.apply(create(each.name))).to.equal(status);
            if (status === 0) model.set(each.name, []);
          } else if (each.do === 'delete') {
            const status = each.name === long ? 101 : model.delete(each.name) ? 0 : 102;
            expect(service.apply(remove(each.name))).to.equal(status);
          } else {
            const { from, to, text } = each;
            const isKnown = model.has(from) && model.has(to);
            const status = from === long || to === long ? 101 : text === endless ? 103 : isKnown ? 0 : 102;
            expect(service.apply(message(from, to, text))).to.equal(status);
            if (status === 0) model.get(to)?.push([from, text]);
          }
          expect(service.list('*')).to.deep.equal([...model.keys()]);
          for (const [account, messages] of model) {
            expect(service.fetch(account, 1)).to.deep.equal(messages.length > 0 ? messages : 1);
            expect(service.fetch(account, 2)).to.deep.equal(messages.length > 1 ? messages.slice(1) : 1);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
