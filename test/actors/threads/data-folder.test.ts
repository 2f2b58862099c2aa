import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDataFolder } from '../../../actors/threads/data-folder.ts';
import { Child } from './child.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

const IDENTITY = { protocol: 'bench', nodes: ['a', 'b', 'c'] };

describe('a data folder', function () {
  this.timeout(60_000);
  const folder = useTemporaryFolder();
  const refusal = async (
    identity: Parameters<typeof openDataFolder>[1],
    path = folder(),
  ): Promise<unknown> => {
    try {
      await using opened = await openDataFolder(path, identity);
      return opened.identity;
    } catch (error) {
      return error;
    }
  };

  it('is made where there is none, and belongs to its cluster from then on', async () => {
    const path = join(folder(), 'deep', 'below');
    let cluster = '';
    {
      await using opened = await openDataFolder(path, IDENTITY);
      cluster = opened.identity.cluster;
      expect(opened.nodeFolder('a')).to.equal(join(path, 'a'));
      expect(JSON.parse(readFileSync(join(path, 'cluster.json'), 'utf8'))).to.deep.equal({
        formatVersion: 2,
        cluster,
        ...IDENTITY,
        members: IDENTITY.nodes,
        former: [],
        ran: [],
        lost: [],
      });
    }
    await using again = await openDataFolder(path, { ...IDENTITY, nodes: ['c', 'b', 'a'] });
    expect(again.identity.cluster).to.equal(cluster).and.not.equal('');
    await using other = await openDataFolder(join(folder(), 'other'), IDENTITY);
    expect(other.identity.cluster).not.to.equal(cluster);
  });

  it('gives every node a folder that no file system minds', async () => {
    await using opened = await openDataFolder(folder(), IDENTITY);
    for (const name of ['.', '..', 'a.b', 'a b', 'ä', 'a\\b', 'CON:']) {
      expect(opened.nodeFolder(name)).to.match(/\/[\w%-]+$/);
    }
    expect(opened.nodeFolder('a.b')).not.to.equal(opened.nodeFolder('a%2Eb'));
  });

  it('is refused to another cluster, saying what differs', async () => {
    await refusal({ ...IDENTITY, cluster: 'mine' });
    for (const [identity, words] of [
      [{ ...IDENTITY, protocol: 'other' }, /runs bench, not other/],
      [{ ...IDENTITY, nodes: ['a', 'b', 'c', 'd', 'e'] }, /has 3 nodes, not 5/],
      [{ ...IDENTITY, nodes: ['a', 'b', 'd'] }, /nodes are a, b, c, not a, b, d/],
      [{ ...IDENTITY, cluster: 'yours' }, /id is mine, not yours/],
    ] as const) {
      expect(await refusal(identity)).to.have.property('code', 'SYNOD_WRONG_FOLDER');
      expect(await refusal(identity))
        .to.have.property('message')
        .that.matches(words);
    }
    expect(await refusal(IDENTITY)).to.have.property('cluster', 'mine');
  });

  it('of a later format is refused', async () => {
    writeFileSync(join(folder(), 'cluster.json'), '{"formatVersion":99}');
    expect(await refusal(IDENTITY)).to.have.property('code', 'SYNOD_WRONG_FOLDER');
  });

  it('whose cluster.json is damaged or missing is refused, and left as it is', async () => {
    for (const content of [
      '',
      '{"format',
      'null',
      '[]',
      '{"formatVersion":1}',
      '{"formatVersion":1,"protocol":"bench","nodes":[1],"cluster":"x"}',
      '{"formatVersion":2,"protocol":"bench","nodes":["a","b","c"],"cluster":"x"}',
      '{"formatVersion":2,"protocol":"bench","nodes":["a"],"cluster":"x","members":[],"ran":[],"lost":[]}',
      '{"formatVersion":2,"protocol":"bench","nodes":["a"],"cluster":"x","members":["a"],"lost":[]}',
    ]) {
      writeFileSync(join(folder(), 'cluster.json'), content);
      expect(await refusal(IDENTITY), content).to.have.property('code', 'SYNOD_CORRUPT_FOLDER');
      expect(readFileSync(join(folder(), 'cluster.json'), 'utf8')).to.equal(content);
    }
    const path = join(folder(), 'headless');
    mkdirSync(join(path, 'b'), { recursive: true });
    expect(await refusal(IDENTITY, path)).to.have.property('code', 'SYNOD_CORRUPT_FOLDER');
    expect(readdirSync(path)).to.deep.equal(['b']);
    mkdirSync(join(folder(), 'grown', 'z', 'journal'), { recursive: true });
    writeFileSync(join(folder(), 'grown', 'z', 'journal', 'data.mdb'), '');
    expect(await refusal(IDENTITY, join(folder(), 'grown'))).to.have.property('code', 'SYNOD_CORRUPT_FOLDER');
  });

  it('remembers its founders and its present members, each for what it is for', async () => {
    {
      await using opened = await openDataFolder(folder(), IDENTITY);
      expect(opened.members).to.deep.equal(['a', 'b', 'c']);
      await opened.addMember('d');
      mkdirSync(join(opened.nodeFolder('a'), 'journal'), { recursive: true });
      await opened.removeMember('a');
      expect(opened.members).to.deep.equal(['b', 'c', 'd']);
      expect(readdirSync(folder())).not.to.include('a');
    }
    {
      await using again = await openDataFolder(folder(), IDENTITY);
      expect(again.members).to.deep.equal(['b', 'c', 'd']);
      expect(again.former).to.deep.equal(['a']);
      expect(again.identity.nodes).to.deep.equal(['a', 'b', 'c']);
    }
    {
      await using again = await openDataFolder(folder(), IDENTITY);
      await again.addMember('a');
      await again.removeMember('c');
      expect(again.former).to.deep.equal(['c']);
    }
    const refused = await refusal({ ...IDENTITY, nodes: ['b', 'c', 'd'] });
    expect(refused).to.have.property('code', 'SYNOD_WRONG_FOLDER');
  });

  it('of version 1, which knew no members, opens with its nodes', async () => {
    const old = { formatVersion: 1, ...IDENTITY, cluster: 'old' };
    writeFileSync(join(folder(), 'cluster.json'), JSON.stringify(old));
    mkdirSync(join(folder(), 'a', 'journal'), { recursive: true });
    await using opened = await openDataFolder(folder(), IDENTITY);
    expect(opened.members).to.deep.equal(['a', 'b', 'c']);
    expect(opened.former).to.deep.equal([]);
    expect(opened.identity).to.deep.equal({ ...IDENTITY, cluster: 'old' });
  });

  it('whose change was cut short between any two steps opens, and the change can be made again', async () => {
    await (await openDataFolder(folder(), IDENTITY))[Symbol.asyncDispose]();
    // A draft that was not renamed; files of a member that was removed but for these.
    writeFileSync(join(folder(), 'cluster.json.draft'), '{"formatVersion":2,"prot');
    mkdirSync(join(folder(), 'd', 'journal'), { recursive: true });
    writeFileSync(join(folder(), 'd', 'journal', 'data.mdb'), 'of a former d');
    await using opened = await openDataFolder(folder(), IDENTITY);
    expect(opened.members).to.deep.equal(['a', 'b', 'c']);
    await opened.addMember('d');
    expect(opened.members).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(readdirSync(folder()).filter((name) => !name.startsWith('in-use'))).to.deep.equal([
      'cluster.json',
    ]);
  });

  it('that cannot be made or written is refused', async () => {
    writeFileSync(join(folder(), 'file'), '');
    for (const path of [join(folder(), 'file'), join(folder(), 'file', 'below')]) {
      expect(await refusal(IDENTITY, path)).to.have.property('code', 'SYNOD_FOLDER_NOT_WRITABLE');
    }
  });

  it("is one host's alone in a process, until it is disposed of", async () => {
    const first = await openDataFolder(folder(), IDENTITY);
    expect(await refusal(IDENTITY)).to.have.property('code', 'SYNOD_FOLDER_IN_USE');
    await first[Symbol.asyncDispose]();
    expect(await refusal(IDENTITY)).to.have.property('protocol', 'bench');
    expect(readdirSync(folder())).to.deep.equal(['cluster.json']);
  });

  it("is one process's alone, until that one ends, be it by kill -9", async () => {
    const child = new Child('hold-folder', folder());
    for await (const line of child.lines()) {
      expect(line).to.equal('open');
      const error = await refusal({ protocol: 'bench', nodes: ['a'] });
      expect(error).to.have.property('code', 'SYNOD_FOLDER_IN_USE');
      expect(error).to.have.property('message').that.contains(`process ${child.pid}`);
      await child.kill();
    }
    expect(readdirSync(folder()).filter((name) => name.startsWith('in-use-by'))).to.have.length(1);
    expect(await refusal({ protocol: 'bench', nodes: ['a'] })).to.have.property('protocol', 'bench');
    expect(readdirSync(folder())).to.deep.equal(['cluster.json']);
  });

  it('is not kept from anyone by a process that has the id of a former owner', async () => {
    // On systems that tell when a process started; elsewhere an id that is in use counts as the owner.
    if (process.platform !== 'linux') return;
    writeFileSync(join(folder(), `in-use-by-${process.ppid}-1234-another-boot`), '');
    writeFileSync(join(folder(), `in-use-by-${process.pid}-1234-another-boot`), '');
    expect(await refusal(IDENTITY)).to.have.property('protocol', 'bench');
    expect(readdirSync(folder())).to.deep.equal(['cluster.json']);
  });
});
