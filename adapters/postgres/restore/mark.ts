import { z } from 'zod';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { identifier, qualified } from '../names.ts';
import type { TextForeignKey } from './load-text.ts';

/**
 * What a restore leaves behind of itself, in a comment, so that a later attempt knows that the transaction was committed, and what
 * is still to be done: a sentence for people in the first line, what the comment said before, and the rest in the last line.
 * It is written in the transaction that it tells of.
 */
const SENTENCE = /^Larder restore (\S+) of backup (\S+)$/;
const STATE = 'Larder restore state: ';

const key = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  only: z.boolean(),
  definition: z.string(),
  valid: z.boolean(),
  comment: z.string().optional(),
});

const state = z.object({
  tables: z.number(),
  rows: z.number(),
  /** With the schema's name in the backup. */
  foreignKeys: z.array(key),
  leftOut: z.array(z.object({ what: z.string(), why: z.string() })),
  warnings: z.array(z.string()),
});
export type MarkState = z.infer<typeof state>;

export interface Mark {
  readonly restoreId: string;
  readonly backupId: string;
  /** On one of a restore's objects only. */
  readonly state?: MarkState;
}

/** A comment without what a restore wrote into it, or undefined where nothing is left. */
export const unmarked = (comment: string | null): string | undefined => {
  if (comment === null) return undefined;
  const lines = comment.split('\n');
  if (!SENTENCE.test(lines[0] ?? '')) return comment;
  const own = lines.slice(lines[1] === '' ? 2 : 1);
  if (own.at(-1)?.startsWith(STATE)) own.splice(own.at(-2) === '' ? -2 : -1);
  return own.join('\n') || undefined;
};

export const markedComment = (mark: Mark, own: string | undefined): string =>
  [
    `Larder restore ${mark.restoreId} of backup ${mark.backupId}`,
    ...(own === undefined ? [] : ['', own]),
    ...(mark.state ? ['', `${STATE}${JSON.stringify(mark.state)}`] : []),
  ].join('\n');

/** @returns undefined where no restore wrote into it */
export const markIn = (comment: string | null): Mark | undefined => {
  const lines = comment?.split('\n') ?? [];
  const [, restoreId, backupId] = SENTENCE.exec(lines[0] ?? '') ?? [];
  if (restoreId === undefined || backupId === undefined) return undefined;
  const last = lines.at(-1) ?? '';
  const found = last.startsWith(STATE) ? readState(last.slice(STATE.length)) : undefined;
  return { restoreId, backupId, ...(found && { state: found }) };
};

/** Comments are anybody's to write who owns the object. */
const readState = (text: string): MarkState | undefined => {
  try {
    return state.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

export const keyState = ({ table, ...rest }: TextForeignKey): MarkState['foreignKeys'][number] => ({
  ...rest,
  schema: table.schema,
  table: table.name,
});

/** A key as it is added where its table is now. */
export const keyThere = (
  found: MarkState['foreignKeys'][number],
  schema: string,
): OutsideForeignKey => ({
  table: { schema, name: found.table },
  name: found.name,
  sql: `ALTER TABLE ${found.only ? 'ONLY ' : ''}${qualified(schema, found.table)} ADD CONSTRAINT ${identifier(found.name)} ${found.definition}`,
  ...(found.valid ? {} : { neverValidated: true }),
  ...(found.comment === undefined ? {} : { comment: found.comment }),
});
