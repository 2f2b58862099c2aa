import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moduleBeside, nodeArguments, ROOT } from '../../files.ts';

const MAIN = nodeArguments(moduleBeside('../../../src/cli/main', import.meta.url));

/** How a run of the command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for one test: its files, and the place for temporary ones of the processes that it starts. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'synod-test-'));
  readonly #temporary = mkdtempSync(join(this.path, 'temporary-'));

  file(name: string, content: string): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  /** What processes have left behind where temporary files go; the loader of the sources keeps its cache there too. */
  get leftBehind(): string[] {
    return readdirSync(this.#temporary).filter((name) => !name.startsWith('tsx-'));
  }

  /** Runs the command line to its end. */
  run(args: readonly string[], input = ''): Promise<Ended> {
    return ended(this.start(args, input));
  }

  /** Starts the command line. Without `input`, its standard input stays open. */
  start(args: readonly string[], input?: string): ChildProcess {
    const child = spawn(process.execPath, [...MAIN, ...args], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: this.#temporary, NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (input !== undefined) child.stdin?.end(input);
    return child;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Gathers what a process prints until it ends. */
export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
