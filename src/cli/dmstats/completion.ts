import { UsageError } from '../../mapper/errors.ts';
import { bashCompletion } from '../completion/bash.ts';
import { type CompletedProgram, completedProgram, plainProgram, SHELLS, type Shell } from '../completion/completed.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import * as filemapd from '../dmfilemapd/words.ts';
import * as dmsetupCommands from '../dmsetup/commands.ts';
import * as dmsetupOptions from '../dmsetup/option-table.ts';
import { COMMANDS } from './commands.ts';
import type { Context } from './context.ts';
import { OPTIONS } from './option-table.ts';

const WRITERS: Readonly<Record<Shell, (programs: readonly CompletedProgram[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The completions for a shell: of dmstats, dmsetup and dmfilemapd. */
export function completionText(shell: Shell): string {
  return WRITERS[shell]([
    completedProgram('dmstats', COMMANDS, OPTIONS),
    completedProgram('dmsetup', dmsetupCommands.COMMANDS, dmsetupOptions.OPTIONS),
    plainProgram('dmfilemapd', filemapd.operandText(), filemapd.OPTIONS),
  ]);
}

/** `dmstats completion`. */
export async function completion(context: Context): Promise<number> {
  const [word, ...rest] = context.words;
  const shell = SHELLS.find((name) => name === word);
  if (shell === undefined || rest.length > 0) {
    throw new UsageError(`dmstats completion takes one word, the shell: ${SHELLS.join(', ')}`);
  }
  context.print(completionText(shell));
  return 0;
}
