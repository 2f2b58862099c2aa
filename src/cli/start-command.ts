import { Command } from 'commander';
export function startCommand(ending: (status: number) => void): Command {
  return new Command('start').action(() => ending(2));
}
