import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { moduleBeside, nodeArguments } from '../../files.ts';

/** A process of its own that runs one of the fixtures. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(fixture: string, ...args: string[]) {
    const script = nodeArguments(moduleBeside(`./fixtures/${fixture}`, import.meta.url));
    this.#process = spawn(process.execPath, [...script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#process, 'exit');
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** What it prints, line by line, until it ends. */
  lines(): AsyncIterable<string> {
    return createInterface({ input: this.#process.stdout! });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}
