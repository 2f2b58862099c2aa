import { Command } from 'commander';
export function benchCommand(ending: (status: number) => void): Command {
  return new Command('bench').action(() => ending(2));
}
