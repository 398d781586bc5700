import { UsageError } from '../../mapper/errors.ts';
import { STATS_FIELDS } from '../../report/stats-fields.ts';
import { SORTS } from '../../watch/measure.ts';
import { bashCompletion } from '../completion/bash.ts';
import { type CompletedProgram, completedProgram, plainProgram, SHELLS, type Shell } from '../completion/completed.ts';
import { fieldWords } from '../completion/field-lists.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import * as filemapd from '../dmfilemapd/words.ts';
import * as dmsetupCommands from '../dmsetup/commands.ts';
import { INFO_FIELDS, SPLIT_FIELDS } from '../dmsetup/info.ts';
import * as dmsetupOptions from '../dmsetup/option-table.ts';
import { COMMANDS } from './commands.ts';
import type { Context } from './context.ts';
import { type CommandName, OPTIONS } from './option-table.ts';

const WRITERS: Readonly<Record<Shell, (programs: readonly CompletedProgram[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

function statsWords(command: CommandName, option: string): readonly string[] {
  if (command === 'watch') return option === 'sort' ? SORTS : [];
  return fieldWords(STATS_FIELDS, option);
}

function setupWords(command: dmsetupOptions.CommandName, option: string): readonly string[] {
  if (command === 'info') return fieldWords(INFO_FIELDS, option);
  return command === 'splitname' ? fieldWords(SPLIT_FIELDS, option) : [];
}

/** The completions for a shell: of dmstats, dmsetup and dmfilemapd. */
export function completionText(shell: Shell): string {
  return WRITERS[shell]([
    completedProgram('dmstats', COMMANDS, OPTIONS, statsWords),
    completedProgram('dmsetup', dmsetupCommands.COMMANDS, dmsetupOptions.OPTIONS, setupWords),
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
