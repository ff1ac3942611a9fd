import type pg from 'pg';
import type { Manifest } from '../../../core/manifest.ts';
import { majorOfVersion } from '../../../core/programs.ts';
import type { TableName } from '../../../core/restore.ts';
import { bindingDifferences } from '../catalog/bindings/operator-bindings.ts';
import { changedColumns, type ReportedObject } from './reported-objects.ts';

const MAJOR = `SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major`;

interface Restored {
  readonly manifest: Manifest;
  /** Others' objects are in the schemas as well: of those only these tables' are compared. */
  readonly intoLive?: boolean;
  readonly tables?: readonly TableName[] | undefined;
  /** A view that could not be made whole is there without its expressions, a generated column that could not be computed without its own. */
  readonly unfinished: readonly ReportedObject[];
}

/** A line for each object that is bound to other operators than it was; none for a manifest that does not say. */
export const compareBindings = async (
  client: pg.Client,
  { manifest, intoLive, tables = [], unfinished }: Restored,
  schemaOids: readonly string[],
): Promise<string[]> => {
  const { operatorBindings: expected } = manifest;
  if (!expected) return [];
  const { rows } = await client.query<{ major: number }>(MAJOR);
  const isChosen = (of: TableName): boolean =>
    tables.some(({ schema, name }) => schema === of.schema && name === of.name);
  const isReported = (of: TableName): boolean =>
    unfinished.some(
      ({ kind, on }) => kind === 'view' && on.schema === of.schema && on.name === of.name,
    );
  const changed = new Set((await changedColumns(client, unfinished)).map(({ column }) => column));
  return await bindingDifferences(client, {
    schemaOids,
    expected,
    sameMajor: rows[0]?.major === majorOfVersion(manifest.source.serverVersion),
    isOurs: (of, key) => (!intoLive || isChosen(of)) && !isReported(of) && !changed.has(key),
  });
};
