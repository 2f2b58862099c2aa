import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for each test of a suite, gone afterwards. Call it inside `describe`. */
export function useTemporaryFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'synod-test-')));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return () => folder;
}

/** A folder for all tests of a suite that is filled once; they copy it. Call it inside `describe`. */
export function useFolderOnce(fill: (folder: string) => Promise<void>): () => string {
  let folder = '';
  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'synod-test-')));
    await fill(folder);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return () => folder;
}
