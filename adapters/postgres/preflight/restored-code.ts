import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { OwnCode, PreflightRequest } from '../../../core/restore-ports.ts';
import { harmfulAmong } from '../replay/tenant-code/harmful-names.ts';
import {
  listed,
  type Reach,
  reachOf,
  readReach,
} from '../replay/tenant-code/restore-role-reach.ts';
import { actingAmong } from '../replay/tenant-code/view-code.ts';
import type { Findings } from './rights.ts';

/**
 * What of the backup would run with the restore role's rights while it comes back, where that role may do more than the code's owner:
 * under `owners: 'drop'` all of it, else what the restore role itself or a superuser owns. The rest is restricted to its owner (see
 * tenant-code/). The restore itself looks again, in the catalog, before anything runs.
 */
const NONE: Findings = { problems: [], warnings: [] };

const said = ({ what, functions, builtIns }: OwnCode): string =>
  `${what} calls ${listed([...functions, ...builtIns].map(quoted))}`;

/** A line for each: records cut what is long. */
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
  const which = code ? listed(code.map(said)) : 'a plain backup does not tell which';
  return {
    problems: [
      `${head}. Keep the owners, use a login that is a member of fewer owners, or ask with acceptOwnCode if you trust them: ${which}.`,
    ],
    warnings: lines,
  };
};

/** Built-ins that only compute are left out. */
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
  return code
    .map((one) => ({
      ...one,
      builtIns: one.builtIns.filter((name) => (one.isView ? acting : harmful).has(name)),
    }))
    .filter(({ functions, builtIns }) => functions.length || builtIns.length);
};

const EXPOSED = `
  SELECT r.rolname::text AS name FROM pg_catalog.pg_roles r WHERE r.rolname = ANY ($1) AND (r.rolsuper OR r.rolname = session_user)`;

/** What nobody else could run. PostgreSQL restricts the rest, or Larder does. */
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
  // A schema of the name is another's there; who owns the backup's parts there is known once they are.
  const live = elsewhere ? [] : places.map(({ from }) => from);
  const theirs = elsewhere && owners === 'keep' ? manifest.roles : [];
  const reach = await readReach(client, live, theirs);
  if (!reach) return NONE;
  const all = ownCode && (await withHarmful(client, ownCode));
  const code = all && owners === 'keep' ? await ofExposedOwners(client, all) : all;
  if (code && !code.length) return NONE;
  return asOurs(code, reach, request);
};
