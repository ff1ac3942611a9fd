import { quoted } from '../../core/errors/base.ts';
import { RestoreRefused } from '../../core/errors/restore.ts';
import { BackupDamaged } from '../../core/errors/vault.ts';
import { type Manifest, schemasIn } from '../../core/manifest.ts';
import {
  type Restore,
  restoredName,
  type SchemaPlace,
  type TableName,
} from '../../core/restore.ts';
import type {
  ChosenEntries,
  OwnCode,
  PreflightRequest,
  ReadNaming,
  VaultReader,
} from '../../core/restore-ports.ts';
import { tableProblem } from '../../core/restore-tables.ts';
import type { StoredBackup } from '../../core/stored-backup.ts';
import type { RestorePorts } from './ports.ts';

/** The plan of a restore, from its row and its backup's manifest. */
export interface RestorePlan {
  readonly mode: PreflightRequest['mode'];
  readonly places: readonly SchemaPlace[];
  /** Absent: everything. */
  readonly chosen?: ChosenEntries;
  /** Ids of the table of contents that are read; absent: all. */
  readonly entries?: readonly number[];
  /** Code of the backup that runs during the restore; absent if it cannot be known. */
  readonly ownCode?: readonly OwnCode[];
  /** Objects that name schemas which get another name; absent if they cannot be known, as for a plain backup. */
  readonly naming?: Awaited<ReturnType<ReadNaming>>;
}

const modeOf = ({ mode, into }: Restore): PreflightRequest['mode'] => {
  if (mode === 'swap') return 'swap';
  if (mode === 'elsewhere') return 'elsewhere';
  return into === 'live' ? 'tables-live' : 'beside';
};

/** @throws RestoreRefused if one name is given for several schemas */
export const placesOf = (restore: Restore, manifest: Manifest): readonly SchemaPlace[] => {
  const schemas = schemasIn(manifest);
  if (restore.newSchema !== undefined && schemas.length > 1) {
    throw new RestoreRefused([
      `This backup holds ${schemas.length} schemas, and one new name was given: leave "schemaName" out, each then gets a name of its own.`,
    ]);
  }
  const nameFor = (from: string): string => {
    if (restore.mode === 'elsewhere') return restore.newSchema ?? from;
    if (restore.into === 'live') return from;
    return restore.newSchema ?? restoredName(from, restore.createdAt);
  };
  return schemas.map((from) => ({ from, to: nameFor(from) }));
};

const tablesNamed = (names: readonly string[], manifest: Manifest): readonly TableName[] => {
  const problems = names.flatMap((name) => {
    const problem = tableProblem(name, manifest);
    return problem === undefined ? [] : [`${quoted(name)} ${problem}.`];
  });
  if (problems.length) throw new RestoreRefused(problems);
  return manifest.tables
    .filter(({ name, kind }) => names.includes(name) && kind !== 'materialized-view')
    .map(({ schema, name }) => ({ schema, name }));
};

/** Reads a range of a stored object completely; of its contents no more than they have, if the manifest says how long they are. */
const readPart = async (
  vault: VaultReader,
  { key, contents }: Manifest['object'],
  from: number,
  wanted: number,
): Promise<Buffer> => {
  const bytes = contents ? Math.min(wanted, contents.bytes - from) : wanted;
  const chunks: Buffer[] = [];
  if (bytes <= 0) return Buffer.alloc(0);
  for await (const chunk of vault.read(key, { from, bytes })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

type Sources = Pick<RestorePorts, 'archives' | 'readNaming' | 'readOwnCode' | 'vault'>;

const namingIn = async (
  { readNaming, vault }: Sources,
  manifest: Manifest,
  { mode, places, entries }: Pick<RestorePlan, 'mode' | 'places' | 'entries'>,
): Promise<Pick<RestorePlan, 'naming'>> => {
  const renamed = places.filter(({ from, to }) => from !== to).map(({ from }) => from);
  if (mode === 'swap' || !renamed.length) return { naming: { all: [], functions: [] } };
  if (manifest.options.format === 'plain') return {};
  const read = (from: number, bytes: number) => readPart(vault, manifest.object, from, bytes);
  return { naming: await readNaming({ read, schemas: renamed, ...(entries && { entries }) }) };
};

/**
 * For a plain backup this is unknown. If the manifest has no functions and is certainly the stored one, nothing needs to be
 * read. Built-ins matter as well if the restore role is to own all.
 * @throws BackupDamaged if the archive has functions and the manifest has none
 */
const ownCodeIn = async (
  { readOwnCode, vault }: Sources,
  { manifest, vouched }: Pick<StoredBackup, 'manifest' | 'vouched'>,
  { owners, entries }: Pick<Restore, 'owners'> & { readonly entries?: readonly number[] },
): Promise<Pick<RestorePlan, 'ownCode'>> => {
  const { functions, options, object } = manifest;
  const { format } = options;
  const isNothing = vouched !== 'row' && (owners === 'keep' || format === 'plain');
  if (!functions.length && isNothing) return { ownCode: [] };
  if (format === 'plain') return {};
  const read = (from: number, bytes: number) => readPart(vault, object, from, bytes);
  const found = await readOwnCode({ format, read });
  if (!functions.length && found.some((one) => one.functions.length)) {
    throw new BackupDamaged(
      object.key,
      'its table of contents has functions, but its manifest, which is not signed, lists none',
    );
  }
  const wanted = entries && new Set(entries);
  return { ownCode: found.filter(({ entry }) => !wanted || wanted.has(entry)) };
};

/** All projects of a source use its shared schemas. @throws RestoreRefused */
const refuseSharedSwap = ({ mode }: Restore, { project }: Manifest): void => {
  if (mode !== 'swap' || !project.schemas) return;
  throw new RestoreRefused([
    'These schemas belong to all projects of their source: they are not exchanged. Restore them beside, and copy what you need from there.',
  ]);
};

/** @throws RestoreRefused for tables that the backup does not hold, a plain backup, or a swap of shared schemas */
export const planRestore = async (
  sources: Sources,
  restore: Restore,
  stored: Pick<StoredBackup, 'manifest' | 'vouched'>,
): Promise<RestorePlan> => {
  const plan = await planWithoutNaming(sources, restore, stored);
  return { ...plan, ...(await namingIn(sources, stored.manifest, plan)) };
};

const planWithoutNaming = async (
  sources: Sources,
  restore: Restore,
  stored: Pick<StoredBackup, 'manifest' | 'vouched'>,
): Promise<RestorePlan> => {
  const { archives, vault } = sources;
  const { manifest } = stored;
  refuseSharedSwap(restore, manifest);
  const mode = modeOf(restore);
  const places = placesOf(restore, manifest);
  if (!restore.tables) return { mode, places, ...(await ownCodeIn(sources, stored, restore)) };
  const { format } = manifest.options;
  if (format === 'plain') {
    throw new RestoreRefused([
      'A plain backup has no table of contents: tables can only be chosen from formats custom and tar. Restore all of it beside the live schema, and copy the tables from there.',
    ]);
  }
  const chosen = await archives.choose({
    format,
    read: (from, bytes) => readPart(vault, manifest.object, from, bytes),
    tables: tablesNamed(restore.tables, manifest),
  });
  // Existing live types evaluate the rows as well.
  const { owners } = restore;
  const code = await ownCodeIn(sources, stored, { owners, entries: chosen.withNeeds });
  // In a live schema, the objects that they need exist already; a new schema has nothing yet.
  if (mode === 'tables-live') return { mode, places, chosen, entries: chosen.entries, ...code };
  const leftOut = [...chosen.leftOut, ...(chosen.leftOutBeside ?? [])];
  return { mode, places, chosen: { ...chosen, leftOut }, entries: chosen.withNeeds, ...code };
};
