import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import { described, shown } from '../sql/describe-statement.ts';
import { changedBy } from '../sql/kinds/changed-object.ts';
import { isPartitionOf, nameInText } from '../sql/kinds/clauses.ts';
import { commentedObject, labelledSchema } from '../sql/kinds/comments.ts';
import type { StatementKind } from '../sql/kinds/statement-kind.ts';
import { hasConstantBounds, isUsualAction, unusualClause } from '../sql/kinds/usual-clauses.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import type { Word } from '../sql/statement-words.ts';
import type { OwnerOrGrant } from './access/role-rights.ts';

/**
 * Decides what happens to each statement of a backup. It is an allow-list: pg_dump writes few kinds of statements for a schema,
 * and each names the object that it creates or changes. A statement about another schema, or of none of these kinds, ends the
 * restore: the backup was damaged, or made to harm others in the same database.
 */
export type Decision =
  | { readonly do: 'run' }
  /** Without this statement nothing is lost. */
  | { readonly do: 'pass' }
  | { readonly do: 'leave-out'; readonly what: string; readonly why: string }
  /** It gives something to roles. They must exist, and the restore role must be able to give to them. */
  | { readonly do: 'give' }
  /** A foreign key to a table outside, or a comment on one. */
  | { readonly do: 'keep-for-later' };

export interface Boundaries {
  readonly schemas: readonly string[];
  readonly extensions: readonly string[];
  /** Extensions that the database had before the restore, by name. */
  readonly extensionsThere: ReadonlySet<string>;
  readonly owners: 'keep' | 'drop';
  readonly intoLive: boolean;
  /** Roles that the backup may name; absent on a server without other tenants. */
  readonly roles?: readonly string[];
  /** Objects that the backup's SQL has created so far, as `shown`. */
  readonly made: ReadonlySet<string>;
  /** Objects that it should have created, but could not. */
  readonly unmade: ReadonlySet<string>;
  /**
   * Objects of extensions in the backup's schemas that the database had before the restore, as `shown`, with the extension's name.
   * Absent on a server without other tenants: there the backup's SQL may write to any object that has its names.
   */
  readonly extensionParts?: ReadonlyMap<string, string>;
  /** Foreign keys that were kept for later, as `keyOf`. */
  readonly kept: ReadonlySet<string>;
}

const RUN: Decision = { do: 'run' };
const PASS: Decision = { do: 'pass' };
const GIVE: Decision = { do: 'give' };
const LATER: Decision = { do: 'keep-for-later' };

const NOT_OURS = 'pg_dump writes nothing of the kind for a schema';

const refuse = (statement: StatementKind, words: readonly Word[], why = NOT_OURS): never => {
  throw new DumpUnreadable(described(statement, words), why);
};

/** pg_dump's SQL begins with these settings. Timeouts are left to the session. */
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
  statement: Extract<StatementKind, { readonly kind: 'setting' }>,
  words: readonly Word[],
): Decision => {
  if (OURS.test(statement.name)) return PASS;
  if (SETTINGS[statement.name]?.(statement.values)) return RUN;
  return refuse(
    statement,
    words,
    `a dump does not set it to ${quoted(statement.values.join(', '))}`,
  );
};

export const keyOf = (table: Name, constraint: string): string =>
  `${shown(table)} ${quoted(constraint)}`;

/** The role of an owner or grant that the manifest does not list: the statement was not in the schema. */
const stranger = (
  statement: OwnerOrGrant,
  roles: readonly string[] | undefined,
): string | undefined => {
  const named = statement.kind === 'owner' ? [statement.role] : statement.roles;
  const giver =
    statement.kind === 'default-privileges' && statement.role !== null ? [statement.role] : [];
  return roles && [...named, ...giver].find((name) => !roles.includes(name));
};

const refuseStranger = (
  statement: OwnerOrGrant,
  words: readonly Word[],
  bounds: Boundaries,
): void => {
  const role = stranger(statement, bounds.roles);
  if (role !== undefined)
    refuse(
      statement,
      words,
      `the manifest names no role ${quoted(role)} among those of the backup`,
    );
};

const beyond = ({ kind }: StatementKind): string =>
  `a ${kind.replace('-', ' ')} belongs to the database, not to a schema`;

const NOT_MADE = 'the restore did not create it, and changes only what it creates';

const belongs = (extension: string): string =>
  `it belongs to extension ${quoted(extension)}, which existed before the restore: its live objects stay as they are`;

/**
 * A restore changes nothing that existed before it. A statement about an extension's part is left out, because honest backups contain
 * such statements; any other one ends the restore.
 */
const aboutLive = (
  statement: StatementKind,
  words: readonly Word[],
  { schemas, intoLive, made, unmade, extensionParts }: Boundaries,
): Decision | undefined => {
  const object = extensionParts && changedBy(statement, words);
  if (!extensionParts || !object?.schema || !schemas.includes(object.schema)) return undefined;
  if (made.has(shown(object))) return undefined;
  const extension = extensionParts.get(shown(object));
  if (extension !== undefined)
    return { do: 'leave-out', what: described(statement, words), why: belongs(extension) };
  if (!intoLive) {
    // The extension once had this table. Its installed version no longer has it.
    const isOfOld = statement.kind === 'copy' || statement.kind === 'sequence-value';
    return isOfOld && extensionParts.size
      ? { do: 'leave-out', what: described(statement, words), why: NOT_MADE }
      : undefined;
  }
  if (unmade.has(shown(object)))
    return { do: 'leave-out', what: described(statement, words), why: NOT_MADE };
  if (statement.kind === 'copy')
    return refuse(statement, words, 'the table already exists, and rows are never added to it');
  return refuse(statement, words, NOT_MADE);
};

export const decide = (
  statement: StatementKind,
  words: readonly Word[],
  bounds: Boundaries,
): Decision => {
  const { schemas, intoLive, made } = bounds;
  const live = aboutLive(statement, words, bounds);
  if (live) return live;
  const isOwn = ({ schema }: Name): boolean => schema !== null && schemas.includes(schema);
  const isOwnObject = (what: string, on: Name): boolean =>
    what === 'schema' ? schemas.includes(on.name) && on.schema === null : isOwn(on);
  const outside = (): never =>
    refuse(statement, words, 'it concerns something outside the schemas of the backup');
  const own = (name: Name, decision = RUN): Decision => (isOwn(name) ? decision : outside());
  /**
   * True for a table that the backup's SQL created. Other tables of a live schema are in use: their sessions
   * would wait or find other rows.
   */
  const isInside = (table: Name): boolean => isOwn(table) && (!intoLive || made.has(shown(table)));

  switch (statement.kind) {
    case 'setting':
      return settingRule(statement, words);
    case 'session-authorization':
      return PASS;
    case 'create-schema':
      if (!schemas.includes(statement.schema)) return outside();
      return intoLive ? PASS : RUN;
    case 'comment-on-schema':
      if (!schemas.includes(statement.schema)) return outside();
      return intoLive ? PASS : RUN;
    case 'create-extension':
    case 'comment-on-extension':
      if (!bounds.extensions.includes(statement.extension)) return outside();
      return bounds.extensionsThere.has(statement.extension) ? PASS : RUN;
    case 'foreign-key':
      own(statement.table);
      return isInside(statement.references) ? RUN : LATER;
    case 'comment-on-constraint':
      own(statement.table);
      return bounds.kept.has(keyOf(statement.table, statement.constraint)) ? LATER : RUN;
    case 'attach-partition':
    case 'attach-index':
      own(statement.child);
      if (!hasConstantBounds(words)) return refuse(statement, words);
      if (statement.kind === 'attach-index' ? isOwn(statement.parent) : isInside(statement.parent))
        return RUN;
      return {
        do: 'leave-out',
        what: `${shown(statement.child)} as a partition of ${shown(statement.parent)}`,
        why: 'the parent is outside the restored schemas and would show its rows twice; attach it after it has replaced the other',
      };
    case 'owner':
    case 'grant':
    case 'revoke':
      if (!isOwnObject(statement.what, statement.on)) return outside();
      refuseStranger(statement, words, bounds);
      return intoLive && statement.what === 'schema' ? PASS : GIVE;
    case 'default-privileges':
      if (statement.schema === null || !schemas.includes(statement.schema)) return outside();
      refuseStranger(statement, words, bounds);
      return intoLive ? PASS : GIVE;
    case 'create': {
      if (!isOwn(statement.table ?? statement)) return outside();
      const why =
        statement.what.endsWith('table') && isPartitionOf(words)
          ? NOT_OURS
          : unusualClause(statement, words, isOwn);
      return why === undefined ? RUN : refuse(statement, words, why);
    }
    case 'alter':
      if (!isOwn(statement.on)) return outside();
      return isUsualAction(words) ? RUN : refuse(statement, words);
    case 'refresh':
      return own(statement.view);
    case 'copy':
      return own(statement.table);
    case 'sequence-value': {
      const sequence = nameInText(statement.text);
      return sequence ? own(sequence) : refuse(statement, words);
    }
    case 'publication':
    case 'subscription':
    case 'event-trigger':
      return { do: 'leave-out', what: described(statement, words), why: beyond(statement) };
    case 'other': {
      const labelled = labelledSchema(words);
      if (labelled !== undefined) {
        if (!schemas.includes(labelled)) return outside();
        return intoLive ? PASS : RUN;
      }
      const on = commentedObject(words);
      return on ? own(on) : refuse(statement, words);
    }
    default:
      return refuse(statement, words);
  }
};
