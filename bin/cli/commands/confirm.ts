import { isCancel, text } from '@clack/prompts';
import type { Session } from '../command.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import type * as shown from '../shown.ts';
import { textOf } from '../words.ts';
import { restoreText } from './restore-text.ts';

interface Question {
  /** What `--yes` gave. */
  readonly given: string | undefined;
  /** What happens, as the beginning of a sentence. */
  readonly effect: string;
  readonly question: string;
}

/**
 * The user types the project's id, or gives it with `--yes`. Without a terminal, the command can't ask.
 * @throws CommandFailed if it was not confirmed
 */
export const confirmProject = async (
  projectId: string,
  { given, effect, question }: Question,
): Promise<void> => {
  if (given === projectId) return;
  if (given !== undefined)
    throw new CommandFailed(
      `--yes names "${given}", and the project is "${projectId}".`,
      EXIT.usage,
    );
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CommandFailed(`${effect}: confirm it with --yes ${projectId}.`, EXIT.usage);
  const typed = await text({ message: question, output: process.stderr });
  if (isCancel(typed) || typed !== projectId)
    throw new CommandFailed('Not confirmed: nothing was changed.');
};

/** Shows the dry run, and asks. A swap replaces live data. @throws CommandFailed if it was not confirmed */
export const confirmSwap = async (
  { output }: Session,
  projectId: string,
  given: string | undefined,
  checked: shown.Restore,
): Promise<void> => {
  output.note(`${restoreText(checked)}\n`);
  await confirmProject(projectId, {
    given,
    effect: 'A swap replaces the live schema',
    question: `The backup replaces the live schema of ${textOf(projectId)}, which is kept under another name. Type the project's id to continue`,
  });
};
