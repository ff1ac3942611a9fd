import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { TableName } from '../../../core/restore.ts';
import type { OwnCode, PreflightRequest } from '../../../core/restore-ports.ts';
import { harmfulAmong } from '../replay/tenant-code/harmful-names.ts';
import {
  listed,
  type Reach,
  reachOf,
  readReach,
} from '../replay/tenant-code/restore-role-reach.ts';
import { actingAmong, actingOutside } from '../replay/tenant-code/view-code.ts';
import type { Findings } from './rights.ts';

/**
 * Finds code of the backup that would run with the restore role's rights during the restore, if that role has more rights than the code's
 * owner. With `owners: 'drop'` that is all code; otherwise the code that the restore role or a superuser owns. All other code is restricted
 * to its owner (see tenant-code/). The restore checks the catalog again before any code runs.
 */
const NONE: Findings = { problems: [], warnings: [] };

const said = ({ what, functions, builtIns }: OwnCode): string =>
  `${what} calls ${listed([...functions, ...builtIns].map(quoted))}`;

/** One line for each object; limited, because records truncate long lists. */
const LINES = 10;
const linesOf = (code: readonly OwnCode[]): string[] => [
  ...code.slice(0, LINES).map((one) => `During the restore, ${said(one)}.`),
  ...(code.length > LINES ? [`${code.length - LINES} more objects call such functions.`] : []),
];

const asOurs = (
  code: readonly OwnCode[] | undefined,
  reach: Reach,
  { owners, acceptOwnCode }: Pick<PreflightRequest, 'owners' | 'acceptOwnCode'>,
): Findings => {
  const head =
    owners === 'drop'
      ? `With owners "drop" the backup's own functions run as ${reachOf(reach)}`
      : `Code of what the restore role or a superuser owns runs as ${reachOf(reach)}`;
  const lines = code ? linesOf(code) : [];
  if (acceptOwnCode) return { problems: [], warnings: [`${head}, as requested.`, ...lines] };
  const which = code ? listed(code.map(said)) : 'a plain backup does not list them';
  return {
    problems: [
      `${head}. Keep the owners, use a login that is a member of fewer owners, or ask with acceptOwnCode if you trust them: ${which}.`,
    ],
    warnings: lines,
  };
};

const fullName = ({ schema, name }: TableName): string => `${schema}.${name}`;

/** Names of functions outside of the backup that may do more than compute. */
const outsideAmong = async (
  client: pg.Client,
  code: readonly OwnCode[],
  isView: boolean,
): Promise<ReadonlySet<string>> => {
  const names = code.flatMap((one) => (Boolean(one.isView) === isView ? (one.outside ?? []) : []));
  return new Set((await actingOutside(client, names, isView)).map((one) => fullName(one)));
};

/** Without functions of PostgreSQL and of extensions that only compute. */
const withHarmful = async (
  client: pg.Client,
  code: readonly OwnCode[],
): Promise<readonly OwnCode[]> => {
  const namesOf = (isView: boolean) => [
    ...new Set(code.flatMap((one) => (Boolean(one.isView) === isView ? one.builtIns : []))),
  ];
  const plain = namesOf(false);
  const found = await harmfulAmong(client, { plain, functions: [], operators: [] });
  const harmful = new Set(found.map((one) => one.slice(0, one.indexOf('('))));
  const acting = new Set(await actingAmong(client, namesOf(true)));
  const outside = new Map([
    [true, await outsideAmong(client, code, true)],
    [false, await outsideAmong(client, code, false)],
  ]);
  return code
    .map((one) => ({
      ...one,
      builtIns: one.builtIns.filter((name) => (one.isView ? acting : harmful).has(name)),
      functions: [
        ...one.functions,
        ...(one.outside ?? [])
          .filter((name) => outside.get(Boolean(one.isView))?.has(fullName(name)))
          .map((name) => fullName(name)),
      ],
    }))
    .filter(({ functions, builtIns }) => functions.length || builtIns.length);
};

const EXPOSED = `
  SELECT r.rolname::text AS name FROM pg_catalog.pg_roles r WHERE r.rolname = ANY ($1) AND (r.rolsuper OR r.rolname = session_user)`;

/** Code that runs with the rights of a superuser or of the restore role. PostgreSQL or Larder restricts all other code. */
const ofExposedOwners = async (
  client: pg.Client,
  code: readonly OwnCode[],
): Promise<readonly OwnCode[]> => {
  const owners = [...new Set(code.map(({ owner }) => owner))];
  const { rows } = await client.query<{ name: string }>(EXPOSED, [owners]);
  const exposed = new Set(rows.map(({ name }) => name));
  return code.filter(({ owner }) => exposed.has(owner));
};

export const checkCode = async (
  client: pg.Client,
  request: PreflightRequest,
): Promise<Findings> => {
  const { ownCode, owners, mode, manifest, places } = request;
  if (ownCode ? !ownCode.length : !manifest.functions.length) return NONE;
  if (!ownCode && owners === 'keep') return NONE;
  const elsewhere = mode === 'elsewhere';
  // On another source, a schema of this name belongs to another project; the owners of the backup's objects are known once those exist.
  const live = elsewhere ? [] : places.map(({ from }) => from);
  const theirs = elsewhere && owners === 'keep' ? manifest.roles : [];
  const reach = await readReach(client, live, theirs);
  if (!reach) return NONE;
  const all = ownCode && (await withHarmful(client, ownCode));
  const code = all && owners === 'keep' ? await ofExposedOwners(client, all) : all;
  if (code && !code.length) return NONE;
  return asOurs(code, reach, request);
};
