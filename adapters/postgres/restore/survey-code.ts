import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { OwnCode, SurveyRequest } from '../../../core/restore-ports.ts';
import { ROLES_PAGE } from './refusals.ts';
import type { Findings } from './survey-rights.ts';

/**
 * What of the backup runs while it comes back, where the restore role may do more than the code's owner. Under `owners: 'keep'` a
 * function has to reset its role for that, by intent; under `drop` it runs as the restore role whatever it does.
 */
const REACH = `
  SELECT session_user::text AS self, pg_catalog.current_setting('is_superuser') = 'on' AS superuser,
    ARRAY(
      SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
      WHERE n.nspname <> ALL ($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND r.rolname !~ '^pg_'
        AND r.rolname <> session_user AND r.rolname <> ALL ($2) AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace o WHERE o.nspname = ANY ($1) AND o.nspowner = r.oid)
      ORDER BY 1) AS others`;

interface Reach {
  readonly self: string;
  readonly superuser: boolean;
  /** Owners of other schemas that the restore role is a member of. */
  readonly others: readonly string[];
}

const NONE: Findings = { problems: [], warnings: [] };
const NAMED = 5;

const listed = (all: readonly string[]): string =>
  `${all.slice(0, NAMED).join(', ')}${all.length > NAMED ? ` and ${all.length - NAMED} more` : ''}`;

const reachOf = ({ self, superuser, others }: Reach): string =>
  superuser
    ? `${quoted(self)}, a superuser`
    : `${quoted(self)}, a member of owners of other schemas: ${listed(others.map(quoted))}`;

const said = ({ what, functions }: OwnCode): string =>
  `${what} calls ${listed(functions.map(quoted))}`;

/** A line for each: records cut what is long. */
const LINES = 10;
const linesOf = (code: readonly OwnCode[]): string[] => [
  ...code.slice(0, LINES).map((one) => `While it comes back, ${said(one)}.`),
  ...(code.length > LINES ? [`So do ${code.length - LINES} more.`] : []),
];

const kept = (code: readonly OwnCode[], reach: Reach): Findings => {
  const open = code.filter(({ restricted }) => !restricted);
  return open.length
    ? {
        problems: [],
        warnings: [
          `The backup's own functions run as the owner of their table; one that resets its role acts as ${reachOf(reach)}. ${ROLES_PAGE}`,
          ...linesOf(open),
        ],
      }
    : NONE;
};

const dropped = (
  code: readonly OwnCode[] | undefined,
  reach: Reach,
  acceptOwnCode: boolean,
): Findings => {
  const head = `With owners "drop" the backup's own functions run as ${reachOf(reach)}`;
  const lines = code ? linesOf(code) : [];
  if (acceptOwnCode) return { problems: [], warnings: [`${head}, as was asked for.`, ...lines] };
  const which = code ? listed(code.map(said)) : 'a plain backup does not tell which';
  return {
    problems: [
      `${head}. Keep the owners, take a login that is a member of fewer, or ask with acceptOwnCode if you trust them: ${which}.`,
    ],
    warnings: lines,
  };
};

export const surveyCode = async (client: pg.Client, request: SurveyRequest): Promise<Findings> => {
  const { ownCode, owners, mode, manifest, places } = request;
  if (ownCode ? !ownCode.length : !manifest.functions.length) return NONE;
  const elsewhere = mode === 'elsewhere';
  // A schema of the name is another's there; who owns the backup's parts there is known once they are.
  const live = elsewhere ? [] : places.map(({ from }) => from);
  const theirs = elsewhere && owners === 'keep' ? manifest.roles : [];
  const [reach] = (await client.query<Reach>(REACH, [live, theirs])).rows;
  if (!reach || (!reach.superuser && !reach.others.length)) return NONE;
  if (owners === 'drop') return dropped(ownCode, reach, request.acceptOwnCode ?? false);
  return ownCode ? kept(ownCode, reach) : NONE;
};
