import { quoted } from '../../../../core/errors/base.ts';
import { sqlStateOf } from '../../session/server-messages.ts';
import { shown } from '../../sql/describe-statement.ts';
import { commentedObject, labelProvider } from '../../sql/kinds/comments.ts';
import type { Word } from '../../sql/statement-words.ts';
import type { Run } from '../run-state.ts';

/**
 * A label has a meaning only for its provider, and the server refuses one whose provider it has not loaded (22023). No catalog lists the
 * loaded providers: https://www.postgresql.org/docs/current/sql-security-label.html
 */
const NOT_LOADED = '22023';
const SAVEPOINT = 'larder_label';

/**
 * Executes a SECURITY LABEL. If the server does not know the label's provider, the label is left out and
 * reported.
 */
export const labelOrLeaveOut = async (
  { client, leftOut }: Run,
  words: readonly Word[],
  execute: () => Promise<void>,
): Promise<void> => {
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    await execute();
    await client.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
  } catch (error) {
    if (!(error instanceof Error) || sqlStateOf(error.cause) !== NOT_LOADED) throw error;
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
    const on = commentedObject(words);
    leftOut.push({
      what: `a security label on ${on ? shown(on) : 'an object'}`,
      why: `the server has not loaded its provider ${quoted(labelProvider(words) ?? '')}`,
    });
  }
};
