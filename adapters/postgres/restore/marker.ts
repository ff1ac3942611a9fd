import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { type SchemaPlace, UNFINISHED_KINDS, UNFINISHED_STATES } from '../../../core/restore.ts';
import type { Loaded, MarkerSecret, OutsideForeignKey } from '../../../core/restore-ports.ts';
import type { TextForeignKey } from '../replay/text-request.ts';
import { underNames } from '../replay/unfinished-objects.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * The marker that a restore writes into a comment, so that a later attempt knows that the transaction was committed, and what is still to
 * do. The first line is a sentence for people, then comes the previous comment, and the last line holds the data. It is written in the
 * transaction that it describes. Every owner of the object may write comments and knows the restore's id: so a marker counts only with an
 * HMAC of its content, by a secret that is in the restore's record and not on the server.
 */
const LOADED = /^Larder restore (\S+) of backup (\S+)$/;
const ASIDE = /^Put aside by Larder restore (\S+)$/;
const STATE = 'Larder restore state: ';
/** HMAC-SHA256 in hex, then JSON. */
const SEALED = /^([0-9a-f]{64}) (.*)$/s;

const key = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  only: z.boolean(),
  definition: z.string(),
  valid: z.boolean(),
  comment: z.string().optional(),
});

const unfinished = z.object({
  kind: z.enum(UNFINISHED_KINDS),
  object: z.string(),
  state: z.enum(UNFINISHED_STATES),
  why: z.string(),
  sql: z.string().optional(),
});

const state = z.object({
  tables: z.number(),
  rows: z.number(),
  /** By the schema's name in the backup. */
  foreignKeys: z.array(key),
  leftOut: z.array(z.object({ what: z.string(), why: z.string() })),
  /** By the schemas' names in the backup. Absent in older markers. */
  unfinished: z.array(unfinished).optional(),
  warnings: z.array(z.string()),
});
export type MarkerState = z.infer<typeof state>;

/** OID of the object whose comment it is: everyone can read a comment and copy it to another object. Absent in older markers. */
const of = z.string().optional();
const loaded = z.object({ state: state.optional(), of });
const aside = z.object({ takenBy: z.string(), of });

export interface Marker {
  readonly backupId: string;
  /** OID of the schema or table. */
  readonly of?: string | undefined;
  /** On only one of a restore's objects. */
  readonly state?: MarkerState;
}

export interface AsideMarker {
  /** OID of the schema that was set aside. */
  readonly of?: string | undefined;
  /** The OID of the schema that took the name. */
  readonly takenBy: string;
}

const signed = (sentence: string, json: string, { restoreId, seal }: MarkerSecret): string => {
  // Never write a marker without the secret: anyone could forge it.
  if (!/^[0-9a-f]{32,}$/.test(seal)) throw new Error(`restore ${restoreId} has no marker secret`);
  return createHmac('sha256', seal).update(`${sentence}\n${json}`).digest('hex');
};

const comment = (
  sentence: string,
  content: unknown,
  own: string | undefined,
  by: MarkerSecret,
): string => {
  const json = JSON.stringify(content);
  const lines = [
    ...(own === undefined ? [] : [own, '']),
    `${STATE}${signed(sentence, json, by)} ${json}`,
  ];
  return [sentence, '', ...lines].join('\n');
};

/** What this restore's marker in a comment says; undefined if there is none. */
const contentIn = (text: string | null | undefined, form: RegExp, by: MarkerSecret): unknown => {
  const lines = text?.split('\n') ?? [];
  const [sentence = ''] = lines;
  const last = lines.at(-1) ?? '';
  if (form.exec(sentence)?.[1] !== by.restoreId || !last.startsWith(STATE)) return undefined;
  const [, code = '', json = ''] = SEALED.exec(last.slice(STATE.length)) ?? [];
  const wanted = Buffer.from(signed(sentence, json, by));
  const found = Buffer.from(code);
  if (found.length !== wanted.length || !timingSafeEqual(found, wanted)) return undefined;
  return JSON.parse(json);
};

/** A comment without a restore's marker; undefined if nothing is left. */
export const unmarked = (text: string | null | undefined): string | undefined => {
  if (text === null || text === undefined) return undefined;
  const lines = text.split('\n');
  const [sentence = ''] = lines;
  if (!LOADED.test(sentence) && !ASIDE.test(sentence)) return text;
  const own = lines.slice(lines[1] === '' ? 2 : 1);
  if (own.at(-1)?.startsWith(STATE)) own.splice(own.at(-2) === '' ? -2 : -1);
  return own.join('\n') || undefined;
};

export const commentWithMarker = (
  { backupId, of: object, state: reported }: Marker,
  own: string | undefined,
  by: MarkerSecret,
): string =>
  comment(
    `Larder restore ${by.restoreId} of backup ${backupId}`,
    { ...(reported && { state: reported }), ...(object !== undefined && { of: object }) },
    own,
    by,
  );

const isOf = (mark: { readonly of?: string | undefined }, oid: string | undefined): boolean =>
  mark.of === undefined || mark.of === oid;

/**
 * @param oid of the object that has the comment
 * @returns undefined if this restore left none on this object
 */
export const markerIn = (
  text: string | null | undefined,
  by: MarkerSecret,
  oid: string | undefined,
): Marker | undefined => {
  const said = loaded.safeParse(contentIn(text, LOADED, by)).data;
  const backupId = LOADED.exec(text?.split('\n', 1)[0] ?? '')?.[2];
  if (!said || backupId === undefined || !isOf(said, oid)) return undefined;
  return { backupId, of: said.of, ...(said.state && { state: said.state }) };
};

/** The comment of a schema whose name another schema takes. */
export const asideComment = (
  mark: AsideMarker,
  own: string | undefined,
  by: MarkerSecret,
): string => comment(`Put aside by Larder restore ${by.restoreId}`, mark, own, by);

/** @param oid of the schema that has the comment */
export const asideIn = (
  text: string | null | undefined,
  by: MarkerSecret,
  oid: string | undefined,
): AsideMarker | undefined => {
  const mark = aside.safeParse(contentIn(text, ASIDE, by)).data;
  return mark && isOf(mark, oid) ? mark : undefined;
};

export const keyState = ({
  table,
  ...rest
}: TextForeignKey): MarkerState['foreignKeys'][number] => ({
  ...rest,
  schema: table.schema,
  table: table.name,
});

/** A key, as it is added to its table under its present name. */
export const keyThere = (
  found: MarkerState['foreignKeys'][number],
  schema: string,
): OutsideForeignKey => ({
  table: { schema, name: found.table },
  name: found.name,
  sql: `ALTER TABLE ${found.only ? 'ONLY ' : ''}${qualified(schema, found.table)} ADD CONSTRAINT ${identifier(found.name)} ${found.definition}`,
  ...(found.valid ? {} : { neverValidated: true }),
  ...(found.comment === undefined ? {} : { comment: found.comment }),
});

/** What a restore has created, under its present name. */
export const loadedThere = (reported: MarkerState, places: readonly SchemaPlace[]): Loaded => ({
  ...reported,
  foreignKeys: reported.foreignKeys.map((one) =>
    keyThere(one, places.find(({ from }) => from === one.schema)?.to ?? one.schema),
  ),
  unfinished: (reported.unfinished ?? []).map(({ sql, ...one }) => ({
    ...one,
    ...(sql !== undefined && { sql: underNames(sql, places) }),
  })),
});
