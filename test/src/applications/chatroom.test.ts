import { expect } from 'chai';
import { pack, unpack } from '../../../actors/codec.ts';
import { MemoryJournal } from '../../../actors/memory-journal.ts';
import { ApplicationStore } from '../../../machines/replication/application-store.ts';
import {
  type ChatOperation,
  type ChatPage,
  type ChatQuery,
  chatOperation,
  chatQuery,
  chatroom,
  LOG_BYTES_MAX,
  LOG_ENTRIES_MAX,
  SENDER_BYTES_MAX,
  SKIP_COUNT_MAX,
  TEXT_BYTES_MAX,
} from '../../../src/applications/chatroom.ts';

function openRoom() {
  const state = new ApplicationStore(new MemoryJournal(), 0, chatroom.name);
  return {
    apply: (operation: ChatOperation) => {
      chatroom.check?.(operation);
      return chatroom.apply(unpack(pack(operation)) as ChatOperation, state);
    },
    applyUnchecked: (operation: unknown) => chatroom.apply(operation as ChatOperation, state),
    log: (from?: number, limit?: number) =>
      unpack(pack(chatroom.query(chatQuery.log(from, limit), state.reader))) as ChatPage,
    queryUnchecked: (query: unknown) => chatroom.query(query as ChatQuery, state.reader),
  };
}

describe('the chat room', () => {
  it('numbers messages from 0 and keeps their texts as they are', () => {
    const room = openRoom();
    expect(room.log()).to.deep.equal({ entries: [], next: 0, length: 0 });
    expect(room.apply(chatOperation.send('0', '  two  spaces '))).to.equal(0);
    expect(room.apply(chatOperation.send('1', ''))).to.equal(1);
    expect(room.log()).to.deep.equal({
      entries: [
        { slot: 0, sender: '0', text: '  two  spaces ' },
        { slot: 1, sender: '1', text: '' },
      ],
      next: 2,
      length: 2,
    });
  });

  it('shows nothing for skipped slots, which take numbers all the same', () => {
    const room = openRoom();
    expect(room.apply(chatOperation.skip(3))).to.equal(0);
    expect(room.apply(chatOperation.send('0', 'a'))).to.equal(3);
    expect(room.apply(chatOperation.skip(SKIP_COUNT_MAX))).to.equal(4);
    expect(room.apply(chatOperation.send('0', 'b'))).to.equal(SKIP_COUNT_MAX + 4);
    expect(room.log().entries.map(({ slot }) => slot)).to.deep.equal([3, SKIP_COUNT_MAX + 4]);
    expect(room.log(4).entries.map(({ text }) => text)).to.deep.equal(['b']);
    room.apply(chatOperation.skip(1));
    expect(room.log(SKIP_COUNT_MAX + 5)).to.deep.equal({
      entries: [],
      next: SKIP_COUNT_MAX + 6,
      length: SKIP_COUNT_MAX + 6,
    });
  });

  it('gives the log page by page, whole and in order', () => {
    const room = openRoom();
    for (let i = 0; i < 25; i += 1)
      room.apply(i % 5 === 4 ? chatOperation.skip(2) : chatOperation.send('0', `m${i}`));
    const whole = room.log().entries;
    expect(whole).to.have.length(20);
    const paged: unknown[] = [];
    for (let page = room.log(0, 3); ; page = room.log(page.next, 3)) {
      expect(page.entries.length).to.be.at.most(3);
      paged.push(...page.entries);
      if (page.next === page.length) break;
    }
    expect(paged).to.deep.equal(whole);
  });

  it('bounds a page by entries and by bytes', () => {
    const many = openRoom();
    for (let i = 0; i <= LOG_ENTRIES_MAX; i += 1) many.apply(chatOperation.send('0', 'm'));
    expect(many.log(0, Number.MAX_SAFE_INTEGER).next).to.equal(LOG_ENTRIES_MAX);
    const large = openRoom();
    const messages = LOG_BYTES_MAX / TEXT_BYTES_MAX + 1;
    for (let i = 0; i < messages; i += 1) large.apply(chatOperation.send('0', 'x'.repeat(TEXT_BYTES_MAX)));
    expect(large.log().next).to.be.within(1, messages - 1);
  });

  it('stays where it was asked when that is beyond the end', () => {
    const room = openRoom();
    room.apply(chatOperation.send('0', 'a'));
    expect(room.log(10)).to.deep.equal({ entries: [], next: 10, length: 1 });
  });

  const bad: [what: string, operation: unknown, code: string][] = [
    ['a long text', chatOperation.send('0', 'x'.repeat(TEXT_BYTES_MAX + 1)), 'SYNOD_VALUE_TOO_LARGE'],
    ['a long sender', chatOperation.send('x'.repeat(SENDER_BYTES_MAX + 1), ''), 'SYNOD_VALUE_TOO_LARGE'],
    ['a sender that is a number', [0, 0, 'text'], 'SYNOD_BAD_OPERATION'],
    ['half a character', chatOperation.send('0', '\udc00'), 'SYNOD_BAD_OPERATION'],
    ['no text', [0, '0'], 'SYNOD_BAD_OPERATION'],
    ['a skip of nothing', chatOperation.skip(0), 'SYNOD_BAD_OPERATION'],
    ['a skip of part of a slot', chatOperation.skip(1.5), 'SYNOD_BAD_OPERATION'],
    ['a skip beyond the bound', chatOperation.skip(SKIP_COUNT_MAX + 1), 'SYNOD_BAD_OPERATION'],
    ['an unknown type', [9], 'SYNOD_BAD_OPERATION'],
    ['no list', 'send', 'SYNOD_BAD_OPERATION'],
  ];
  for (const [what, operation, code] of bad) {
    it(`refuses ${what}: at the client with an error, at the replicas with a result`, () => {
      const room = openRoom();
      expect(() => chatroom.check?.(operation as ChatOperation))
        .to.throw()
        .with.property('code', code);
      expect(room.applyUnchecked(operation)).to.deep.equal({ refused: code });
      expect(room.log().length).to.equal(0);
    });
  }

  it('answers a query that is none with the reason', () => {
    const room = openRoom();
    for (const query of [null, [7], [0, -1, 5], [0, 0, 0], [0, 'a', 1]]) {
      expect(room.queryUnchecked(query), JSON.stringify(query)).to.deep.equal({
        refused: 'SYNOD_BAD_OPERATION',
      });
    }
  });
});
