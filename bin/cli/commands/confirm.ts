import { isCancel, text } from '@clack/prompts';
import type { Session } from '../command.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import type * as shown from '../shown.ts';
import { textOf } from '../words.ts';
import { restoreText } from './restore-text.ts';

/**
 * A swap replaces live data, so the user must first type the project's name, or give it with `--yes`. Without a terminal, the
 * command can't ask.
 * @throws CommandFailed if it was not confirmed
 */
export const confirmSwap = async (
  { output }: Session,
  projectId: string,
  given: string | undefined,
  checked: shown.Restore,
): Promise<void> => {
  output.note(`${restoreText(checked)}\n`);
  if (given === projectId) return;
  if (given !== undefined)
    throw new CommandFailed(
      `--yes names "${given}", and the project is "${projectId}".`,
      EXIT.usage,
    );
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CommandFailed(
      `A swap replaces the live schema: confirm it with --yes ${projectId}.`,
      EXIT.usage,
    );
  const typed = await text({
    message: `The backup replaces the live schema of ${textOf(projectId)}, which is kept under another name. Type the project's id to continue`,
    output: process.stderr,
  });
  if (isCancel(typed) || typed !== projectId)
    throw new CommandFailed('Not confirmed: nothing was changed.');
};
