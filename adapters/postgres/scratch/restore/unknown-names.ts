import type { Manifest } from '../../../../core/manifest.ts';
import { factsOf, type MissingName, missingNameIn } from '../../session/server-messages.ts';

/**
 * Names that a server did not find while it executed code of a backup, or read a value that names something. Catalogs know what a statement
 * needs, but not what the text of a function does: where such a name is none of the backup's own, it is of elsewhere, and nothing is said
 * against the backup. A statement of the dump itself names nothing that the manifest does not know.
 */
export type OwnNames = Pick<
  Manifest,
  'project' | 'tables' | 'sequences' | 'views' | 'functions' | 'types'
>;

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

const isOwn = ({ kind, name }: MissingName, schemas: readonly string[], own: OwnNames): boolean => {
  if (kind === 'schema') return schemas.includes(name);
  if (kind === 'operator') return isOwnOperator(name, schemas);
  if (isIn(name, schemas)) return true;
  if (name.includes('.')) return false;
  const all = [own.tables, own.sequences, own.views, own.types, own.functions].flat();
  return all.some((one) => one.name === name || one.name.startsWith(`${name}(`));
};

/** What of elsewhere is missing, by an error of the server; undefined where it may be the backup's own matter. */
export const missingElsewhere = (
  error: unknown,
  schemas: readonly string[],
  own: OwnNames,
): MissingName | undefined => {
  const missing = missingNameIn(error);
  if (!missing) return undefined;
  const isSetting = missing.kind === 'configuration parameter' && missing.name.includes('.');
  const { where } = factsOf(error);
  // Without it, the statement itself names what is missing; of collations and settings the catalogs don't know all that it may.
  if (!where && !isSetting && missing.kind !== 'collation') return undefined;
  if (isOwn(missing, schemas, own)) return undefined;
  return isSetting ? { ...missing, kind: 'setting' } : missing;
};
