import type { Manifest } from '../../../../core/manifest.ts';

/**
 * Names that a server did not find while it executed code of a backup, or read a value that names something. Catalogs know what a statement
 * needs, but not what the text of a function does: where such a name is none of the backup's own, it is of elsewhere, and nothing is said
 * against the backup. A statement of the dump itself names nothing that the manifest does not know.
 */
export interface ServerComplaint {
  readonly code?: unknown;
  readonly message?: unknown;
  /** What was being executed: empty for the statement itself. */
  readonly where?: unknown;
}

export type OwnNames = Pick<
  Manifest,
  'project' | 'tables' | 'sequences' | 'views' | 'functions' | 'types'
>;

/** SQLSTATEs of PostgreSQL's appendix A: undefined table, function, object, schema, database. */
const NOT_THERE = /^(42P01|42883|42704|3F000|3D000)$/;

/** `relation "s.t" does not exist`, `function s.f(integer, text) does not exist`, `operator does not exist: integer s.=== integer` */
const FORMS = [
  /^(?<kind>[\w -]+?) "(?<name>.+?)"(?: for .*)? does not exist/,
  /^(?<kind>function|procedure|aggregate|routine|operator) (?<name>.+?)\(.*\) does not exist/,
  /^(?<kind>operator) does not exist: (?<name>.+)/,
  /^unrecognized (?<kind>configuration parameter) "(?<name>.+)"/,
];

const said = (value: unknown): string => (typeof value === 'string' ? value : '');

interface Missing {
  readonly kind: string;
  readonly name: string;
}

const missingIn = (message: string): Missing | undefined => {
  for (const form of FORMS) {
    const { kind, name } = form.exec(message)?.groups ?? {};
    if (kind !== undefined && name !== undefined) return { kind, name };
  }
  return undefined;
};

/** Names stand in messages without quotes, so a schema is known by what the name begins with. */
const isIn = (name: string, schemas: readonly string[]): boolean =>
  schemas.some((schema) => name.startsWith(`${schema}.`));

/** `integer s.=== integer` by the operator's own schema, or by its operands' where it says none. */
const isOwnOperator = (name: string, schemas: readonly string[]): boolean => {
  const words = name.split(' ');
  const operator = words.find((word) => /[-+*/<>=~!@#%^&|`?]/.test(word)) ?? '';
  return /^[^.]+\./.test(operator)
    ? isIn(operator, schemas)
    : words.some((word) => isIn(word, schemas));
};

const isOwn = ({ kind, name }: Missing, schemas: readonly string[], own: OwnNames): boolean => {
  if (kind === 'schema') return schemas.includes(name);
  if (kind === 'operator') return isOwnOperator(name, schemas);
  if (isIn(name, schemas)) return true;
  if (name.includes('.')) return false;
  const all = [own.tables, own.sequences, own.views, own.types, own.functions].flat();
  return all.some((one) => one.name === name || one.name.startsWith(`${name}(`));
};

/** What of elsewhere is missing, such as `the function public.unaccent`; undefined where it may be the backup's own matter. */
export const missingElsewhere = (
  { code, message, where }: ServerComplaint,
  schemas: readonly string[],
  own: OwnNames,
): string | undefined => {
  if (!NOT_THERE.test(said(code))) return undefined;
  const missing = missingIn(said(message));
  if (!missing) return undefined;
  const isSetting = missing.kind === 'configuration parameter' && missing.name.includes('.');
  // Without it, the statement itself names what is missing; of collations and settings the catalogs don't know all that it may.
  if (!said(where) && !isSetting && missing.kind !== 'collation') return undefined;
  return isOwn(missing, schemas, own)
    ? undefined
    : `the ${isSetting ? 'setting' : missing.kind} ${missing.name}`;
};
