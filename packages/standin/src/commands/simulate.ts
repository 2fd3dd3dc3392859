import type { Command } from 'commander';
import type { CommandContext } from '../cli/context.ts';
import { portNumber } from './serve.ts';

export function register(command: Command, _context: CommandContext): void {
  command.option('--port <port>', 'port', portNumber);
}
