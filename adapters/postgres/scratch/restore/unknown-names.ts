import type { Manifest } from '../../../../core/manifest.ts';
import { factsOf, type MissingName, missingNameIn } from '../../session/server-messages.ts';

/**
 * Names that a server did not find while it executed code of a backup, or read a value that names an object. Catalogs record what a
 * statement needs, but not what the text of a function needs. If such a name is not one of the backup's own, the object belongs elsewhere,
 * and the error is no evidence against the backup. A statement of the dump itself names only objects that the manifest knows.
 */
export type OwnNames = Pick<
  Manifest,
  'project' | 'tables' | 'sequences' | 'views' | 'functions' | 'types'
>;

/** Messages show names without quotes, so the start of the name identifies the schema. */
const isIn = (name: string, schemas: readonly string[]): boolean =>
  schemas.some((schema) => name.startsWith(`${schema}.`));

/** `integer s.=== integer` by the operator's own schema, or by its operands' schemas if it has none. */
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

/** The missing object outside the backup, from an error of the server; undefined if it may belong to the backup itself. */
export const missingElsewhere = (
  error: unknown,
  schemas: readonly string[],
  own: OwnNames,
): MissingName | undefined => {
  const missing = missingNameIn(error);
  if (!missing) return undefined;
  const isSetting = missing.kind === 'configuration parameter' && missing.name.includes('.');
  const { where } = factsOf(error);
  // Without a context, the statement itself names the missing object; the catalogs do not record all collations and settings that it may
  // name.
  if (!where && !isSetting && missing.kind !== 'collation') return undefined;
  if (isOwn(missing, schemas, own)) return undefined;
  return isSetting ? { ...missing, kind: 'setting' } : missing;
};
