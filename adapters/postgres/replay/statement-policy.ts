import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { changedBy } from '../sql/kinds/changed-object.ts';
import { isPartitionOf, nameInText } from '../sql/kinds/clauses.ts';
import { commentedObject, labelledSchema } from '../sql/kinds/comments.ts';
import type { Name } from '../sql/kinds/read-statement-kind.ts';
import type { Meaning } from '../sql/kinds/statement-kind.ts';
import { hasConstantBounds, isUsualAction, unusualClause } from '../sql/kinds/usual-clauses.ts';
import type { Word } from '../sql/statement-words.ts';
import type { Giving } from './access/role-rights.ts';

/**
 * What becomes of each statement of a backup. It is an allow-list: pg_dump writes few kinds of statements for a schema, and each
 * names the object that it makes or changes. What is about another schema, or is none of these kinds, ends the restore: the
 * backup was damaged, or made to do harm to others in the same database.
 */
export type Decision =
  | { readonly do: 'run' }
  /** Nothing is lost by not running it. */
  | { readonly do: 'pass' }
  | { readonly do: 'leave-out'; readonly what: string; readonly why: string }
  /** It gives something to roles, which must be there and ours to give to. */
  | { readonly do: 'give' }
  /** A foreign key to a table outside, and what is said of it. */
  | { readonly do: 'keep-for-later' };

export interface Boundaries {
  readonly schemas: readonly string[];
  readonly extensions: readonly string[];
  /** Extensions that the database had before, by name. */
  readonly extensionsThere: ReadonlySet<string>;
  readonly owners: 'keep' | 'drop';
  readonly intoLive: boolean;
  /** Roles that the backup may name; absent where nobody else is on the server. */
  readonly roles?: readonly string[];
  /** What this text has made so far, as `shown`. */
  readonly made: ReadonlySet<string>;
  /** What it was to make, and could not. */
  readonly unmade: ReadonlySet<string>;
  /**
   * What belongs to extensions of the backup's schemas that the database had before, as `shown`, with the extension's name. Absent on a
   * server where nobody else is: there the text may write to whatever has the backup's names.
   */
  readonly lent?: ReadonlyMap<string, string>;
  /** Foreign keys that were kept for later, as `keyOf`. */
  readonly kept: ReadonlySet<string>;
}

const RUN: Decision = { do: 'run' };
const PASS: Decision = { do: 'pass' };
const GIVE: Decision = { do: 'give' };
const LATER: Decision = { do: 'keep-for-later' };

const NOT_OURS = 'pg_dump writes nothing of the kind for a schema';

const refuse = (meaning: Meaning, words: readonly Word[], why = NOT_OURS): never => {
  throw new DumpUnreadable(described(meaning, words), why);
};

/** What pg_dump begins its text with. Timeouts are the session's own affair. */
const OURS = /_timeout$/;
const SETTINGS: Readonly<Record<string, (values: readonly string[]) => boolean>> = {
  client_encoding: ([value = '']) => /^(UTF-?8|SQL_ASCII)$/i.test(value),
  standard_conforming_strings: ([value = '']) => /^(on|off)$/i.test(value),
  escape_string_warning: () => true,
  search_path: (values) => values.length === 1 && values[0] === '',
  check_function_bodies: () => true,
  xmloption: () => true,
  client_min_messages: () => true,
  row_security: ([value = '']) => /^off$/i.test(value),
  default_table_access_method: () => true,
  default_tablespace: () => true,
};

const settingRule = (
  meaning: Extract<Meaning, { readonly kind: 'setting' }>,
  words: readonly Word[],
): Decision => {
  if (OURS.test(meaning.name)) return PASS;
  if (SETTINGS[meaning.name]?.(meaning.values)) return RUN;
  return refuse(meaning, words, `a dump does not set it to ${quoted(meaning.values.join(', '))}`);
};

export const keyOf = (table: Name, constraint: string): string =>
  `${shown(table)} ${quoted(constraint)}`;

/** An owner or a grant for somebody that the manifest does not know was not in the schema. */
const stranger = (meaning: Giving, roles: readonly string[] | undefined): string | undefined => {
  const named = meaning.kind === 'owner' ? [meaning.role] : meaning.roles;
  const giver =
    meaning.kind === 'default-privileges' && meaning.role !== null ? [meaning.role] : [];
  return roles && [...named, ...giver].find((name) => !roles.includes(name));
};

const refuseStranger = (meaning: Giving, words: readonly Word[], bounds: Boundaries): void => {
  const role = stranger(meaning, bounds.roles);
  if (role !== undefined)
    refuse(meaning, words, `the manifest names no role ${quoted(role)} among those of the backup`);
};

const beyond = ({ kind }: Meaning): string =>
  `a ${kind.replace('-', ' ')} belongs to the database, not to a schema`;

const NOT_MADE = 'the restore did not create it, and changes only what it creates';

const belongs = (extension: string): string =>
  `it belongs to extension ${quoted(extension)}, which existed before the restore: its live objects stay as they are`;

/**
 * A restore changes nothing that was there before it. What is about an extension's part is left out, since an honest backup holds such
 * statements; anything else ends the restore.
 */
const aboutLive = (
  meaning: Meaning,
  words: readonly Word[],
  { schemas, intoLive, made, unmade, lent }: Boundaries,
): Decision | undefined => {
  const object = lent && changedBy(meaning, words);
  if (!lent || !object?.schema || !schemas.includes(object.schema)) return undefined;
  if (made.has(shown(object))) return undefined;
  const extension = lent.get(shown(object));
  if (extension !== undefined)
    return { do: 'leave-out', what: described(meaning, words), why: belongs(extension) };
  if (!intoLive) {
    // A table that an extension had once, and has no more in the version that is there.
    const isOfOld = meaning.kind === 'copy' || meaning.kind === 'sequence-value';
    return isOfOld && lent.size
      ? { do: 'leave-out', what: described(meaning, words), why: NOT_MADE }
      : undefined;
  }
  if (unmade.has(shown(object)))
    return { do: 'leave-out', what: described(meaning, words), why: NOT_MADE };
  if (meaning.kind === 'copy')
    return refuse(meaning, words, 'the table is there already, and rows are never added to it');
  return refuse(meaning, words, NOT_MADE);
};

export const decide = (meaning: Meaning, words: readonly Word[], bounds: Boundaries): Decision => {
  const { schemas, intoLive, made } = bounds;
  const live = aboutLive(meaning, words, bounds);
  if (live) return live;
  const isOwn = ({ schema }: Name): boolean => schema !== null && schemas.includes(schema);
  const isOwnObject = (what: string, on: Name): boolean =>
    what === 'schema' ? schemas.includes(on.name) && on.schema === null : isOwn(on);
  const outside = (): never =>
    refuse(meaning, words, 'it is about something outside the schemas that the backup is of');
  const own = (name: Name, decision = RUN): Decision => (isOwn(name) ? decision : outside());
  /** A table that this text made: in a live schema others are somebody's, who would wait or find other rows. */
  const isInside = (table: Name): boolean => isOwn(table) && (!intoLive || made.has(shown(table)));

  switch (meaning.kind) {
    case 'setting':
      return settingRule(meaning, words);
    case 'session-authorization':
      return PASS;
    case 'create-schema':
      if (!schemas.includes(meaning.schema)) return outside();
      return intoLive ? PASS : RUN;
    case 'comment-on-schema':
      if (!schemas.includes(meaning.schema)) return outside();
      return intoLive ? PASS : RUN;
    case 'create-extension':
    case 'comment-on-extension':
      if (!bounds.extensions.includes(meaning.extension)) return outside();
      return bounds.extensionsThere.has(meaning.extension) ? PASS : RUN;
    case 'foreign-key':
      own(meaning.table);
      return isInside(meaning.references) ? RUN : LATER;
    case 'comment-on-constraint':
      own(meaning.table);
      return bounds.kept.has(keyOf(meaning.table, meaning.constraint)) ? LATER : RUN;
    case 'attach-partition':
    case 'attach-index':
      own(meaning.child);
      if (!hasConstantBounds(words)) return refuse(meaning, words);
      if (meaning.kind === 'attach-index' ? isOwn(meaning.parent) : isInside(meaning.parent))
        return RUN;
      return {
        do: 'leave-out',
        what: `${shown(meaning.child)} as a partition of ${shown(meaning.parent)}`,
        why: 'the parent is outside the restored schemas and would show its rows twice; attach it once it has taken the place of the other',
      };
    case 'owner':
    case 'grant':
    case 'revoke':
      if (!isOwnObject(meaning.what, meaning.on)) return outside();
      refuseStranger(meaning, words, bounds);
      return intoLive && meaning.what === 'schema' ? PASS : GIVE;
    case 'default-privileges':
      if (meaning.schema === null || !schemas.includes(meaning.schema)) return outside();
      refuseStranger(meaning, words, bounds);
      return intoLive ? PASS : GIVE;
    case 'create': {
      if (!isOwn(meaning.table ?? meaning)) return outside();
      const why =
        meaning.what.endsWith('table') && isPartitionOf(words)
          ? NOT_OURS
          : unusualClause(meaning, words, isOwn);
      return why === undefined ? RUN : refuse(meaning, words, why);
    }
    case 'alter':
      if (!isOwn(meaning.on)) return outside();
      return isUsualAction(words) ? RUN : refuse(meaning, words);
    case 'refresh':
      return own(meaning.view);
    case 'copy':
      return own(meaning.table);
    case 'sequence-value': {
      const sequence = nameInText(meaning.text);
      return sequence ? own(sequence) : refuse(meaning, words);
    }
    case 'publication':
    case 'subscription':
    case 'event-trigger':
      return { do: 'leave-out', what: described(meaning, words), why: beyond(meaning) };
    case 'other': {
      const labelled = labelledSchema(words);
      if (labelled !== undefined) {
        if (!schemas.includes(labelled)) return outside();
        return intoLive ? PASS : RUN;
      }
      const on = commentedObject(words);
      return on ? own(on) : refuse(meaning, words);
    }
    default:
      return refuse(meaning, words);
  }
};
