import { expect } from 'chai';
import { type ChatService, ChatStatus, chatService, kv, openChatService, type SynodError } from 'synod';
import { createSimulatedCluster } from 'synod/simulation';
import { MemoryJournal } from '../../actors/memory-journal.ts';
import { ApplicationStore } from '../../machines/replication/application-store.ts';
import {
  chatService as application,
  type ChatServiceOperation,
  type ChatServiceQuery,
  chatServiceOperation,
  FETCH_MESSAGES_MAX,
  LIST_ACCOUNTS_MAX,
} from '../../src/applications/chat-service.ts';
import { type ChatServiceClient, chatServiceThrough } from '../../src/chat-service.ts';

const LIMIT_MS = 60_000;

async function openSimulated(
  applications = [chatService] as Parameters<typeof createSimulatedCluster>[0]['application'],
) {
  const { cluster, world } = createSimulatedCluster({
    protocol: 'paxos',
    nodes: 3,
    application: applications,
    seed: 1,
  });
  const until = <Value>(work: Promise<Value>): Promise<Value> => world.runWhile(work, LIMIT_MS);
  await until(cluster.start());
  const client = await until(cluster.client({ timeoutMs: 2000 }));
  return { cluster, client, until };
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: SynodError) => error.code,
  );
}

describe('the chat service of a cluster', () => {
  it('says how each operation went', async () => {
    const { client, until } = await openSimulated();
    const service = openChatService(client);
    expect(await until(service.create('anna'))).to.equal(ChatStatus.done);
    expect(await until(service.create('anna'))).to.equal(ChatStatus.failed);
    expect(await until(service.check('bob'))).to.equal(ChatStatus.noSuchAccount);
    expect(await until(service.message('anna', 'anna', 'hello'))).to.equal(ChatStatus.done);
    expect(await until(service.fetch('anna', 1))).to.deep.equal({
      status: ChatStatus.done,
      messages: [{ sender: 'anna', text: 'hello' }],
    });
    expect(await until(service.fetch('anna', 2))).to.deep.equal({
      status: ChatStatus.noSuchMessage,
      messages: [],
    });
    expect(await until(service.list('a*'))).to.deep.equal({ status: ChatStatus.done, accounts: ['anna'] });
    expect(await until(service.delete('anna'))).to.equal(ChatStatus.done);
    expect(await until(service.create('x'.repeat(21)))).to.equal(ChatStatus.nameTooLong);
    expect(await until(service.create('\ud800'))).to.equal(ChatStatus.failed);
  });

  it('finds the leader by itself; a node that is asked alone and does not lead answers 190', async () => {
    const { cluster, client, until } = await openSimulated();
    const follower = openChatService(client, { node: 1 });
    const first = openChatService(client, { node: 0 });
    for (const answer of [follower.create('anna'), follower.delete('anna'), follower.check('anna')])
      expect(await until(answer)).to.equal(ChatStatus.notLeader);
    expect(await until(follower.message('a', 'b', ''))).to.equal(ChatStatus.notLeader);
    expect(await until(follower.list('*'))).to.deep.equal({ status: ChatStatus.notLeader, accounts: [] });
    expect(await until(follower.fetch('a', 1))).to.deep.equal({ status: ChatStatus.notLeader, messages: [] });
    expect(await until(follower.create('x'.repeat(21)))).to.equal(ChatStatus.nameTooLong);
    expect(await until(first.list('*'))).to.deep.equal({ status: ChatStatus.done, accounts: [] });
    expect(await until(first.create('anna'))).to.equal(ChatStatus.done);

    // Cut off, it leads no more; the others elect one that does, and it is told of that when it hears them again.
    await until(cluster.disconnect(0, 1));
    await until(cluster.disconnect(0, 2));
    expect(await until(openChatService(client).create('bob'))).to.equal(ChatStatus.done);
    await until(cluster.connect(0, 1));
    await until(cluster.connect(0, 2));
    await until(cluster.settled());
    const { leader } = await until(cluster.status());
    expect(await until(first.check('anna'))).to.equal(ChatStatus.notLeader);
    expect(await until(openChatService(client, { node: leader ?? -1 }).check('anna'))).to.equal(
      ChatStatus.done,
    );
  });

  it('answers 199 when no answer comes in time', async () => {
    const { cluster, client, until } = await openSimulated();
    await until(cluster.crash(1));
    expect(await until(openChatService(client, { node: 1 }).check('anna'))).to.equal(ChatStatus.failed);
    await until(cluster.crash(2));
    const service = openChatService(client);
    expect(await until(service.create('anna', { timeoutMs: 500 }))).to.equal(ChatStatus.failed);
    expect(await until(service.check('anna', { timeoutMs: 500 }))).to.equal(ChatStatus.failed);
    expect(await until(service.list('*', { timeoutMs: 500 }))).to.deep.equal({
      status: ChatStatus.failed,
      accounts: [],
    });
    // What was not answered in time happens once, before all that comes later.
    await until(cluster.restart(2));
    expect(await until(service.create('bob'))).to.equal(ChatStatus.done);
    expect((await until(service.list('*'))).accounts).to.deep.equal(['anna', 'bob']);
  });

  it('throws where the program is wrong: the client is closed, or the cluster carries no such service', async () => {
    const closed = await openSimulated();
    await closed.until(closed.client[Symbol.asyncDispose]());
    for (const service of [openChatService(closed.client), openChatService(closed.client, { node: 0 })])
      expect(await codeOf(closed.until(service.check('anna')))).to.equal('SYNOD_CLOSED');
    const other = await openSimulated(kv);
    expect(await codeOf(other.until(openChatService(other.client).create('anna')))).to.equal(
      'SYNOD_UNKNOWN_APPLICATION',
    );
  });
});

describe('the chat service, page by page', () => {
  /** A client of one replica that is always there; `meanwhile` happens after each question, until it gives nothing. */
  function openLocal(meanwhile: (apply: (operation: ChatServiceOperation) => void) => void): {
    service: ChatService;
    apply: (operation: ChatServiceOperation) => void;
  } {
    const state = new ApplicationStore(new MemoryJournal(), 0, application.name);
    const apply = (operation: ChatServiceOperation) => void application.apply(operation, state);
    const client: ChatServiceClient = {
      execute: async (_application, operation) =>
        application.apply(operation as unknown as ChatServiceOperation, state) as never,
      query: async (_application, query) => {
        const answer = application.query(query as unknown as ChatServiceQuery, state.reader);
        meanwhile(apply);
        return answer as never;
      },
    };
    return { service: chatServiceThrough((work) => work(client)), apply };
  }

  const { create, delete: remove, message } = chatServiceOperation;
  const many = FETCH_MESSAGES_MAX + 10;

  it('lists more accounts, and fetches more messages, than one page has', async () => {
    const { service, apply } = openLocal(() => undefined);
    const names = Array.from({ length: LIST_ACCOUNTS_MAX + 10 }, (_, index) => `user ${index}`);
    for (const name of names) apply(create(name));
    expect((await service.list('user *')).accounts).to.deep.equal(names);
    for (let id = 1; id <= many; id += 1) apply(message('user 0', 'user 1', `${id}`));
    const { messages } = await service.fetch('user 1', 3);
    expect(messages.map(({ text }) => Number(text))).to.deep.equal(
      Array.from({ length: many - 2 }, (_, index) => index + 3),
    );
  });

  for (const [what, received] of [
    ['fewer', 1],
    ['as many', many],
  ] as const) {
    it(`gives the messages of one account only, also when another of its name and ${what} comes in between`, async () => {
      let changed = false;
      const { service, apply } = openLocal((meanwhile) => {
        if (changed) return;
        changed = true;
        meanwhile(remove('anna'));
        meanwhile(create('anna'));
        for (let id = 1; id <= received; id += 1) meanwhile(message('anna', 'anna', 'new'));
      });
      apply(create('anna'));
      for (let id = 1; id <= many; id += 1) apply(message('anna', 'anna', 'old'));
      const { status, messages } = await service.fetch('anna', 1);
      expect(status).to.equal(ChatStatus.done);
      expect(messages.map(({ text }) => text)).to.deep.equal(Array.from({ length: received }, () => 'new'));
    });
  }

  it('gives none of an account that goes away in between', async () => {
    const { service, apply } = openLocal((meanwhile) => meanwhile(remove('anna')));
    apply(create('anna'));
    for (let id = 1; id <= many; id += 1) apply(message('anna', 'anna', 'old'));
    expect(await service.fetch('anna', 1)).to.deep.equal({ status: ChatStatus.noSuchAccount, messages: [] });
  });
});
