import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import { quoted } from '../../../core/errors/base.ts';
import { riskWarnings } from '../../../core/manifest.ts';
import { stateWarnings } from '../../../core/manifest-states.ts';
import { usesOf } from '../../../core/ownership.ts';
import { notOwnedSentence } from '../../../core/ownership-sentence.ts';
import {
  type Dependent,
  dependentTitle,
  dependentTitles,
} from '../../../core/restore-dependents.ts';
import type { Preflight, PreflightRequest } from '../../../core/restore-ports.ts';
import type { ServerFacts } from '../../../core/snapshot-ports.ts';
import { dependentOf, findDependents } from '../dependents/find-dependents.ts';
import { checkOwnership } from '../projects/schema-ownership.ts';
import { refusal } from '../replay/statement-errors.ts';
import { schemaOids } from '../schema-names/schema-names.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import type { RestoreAccess } from '../session/restore-access.ts';
import { withSession } from '../session/session.ts';
import { serverFacts } from '../snapshot/snapshot.ts';
import { checkExtensions } from './extensions.ts';
import { checkLocks } from './lock-slots.ts';
import { checkNames } from './names.ts';
import { checkSnapshots } from './open-snapshots.ts';
import { checkKeys, checkNeeds, checkOutside, functionsNaming } from './outside-needs.ts';
import { checkCode } from './restored-code.ts';
import { checkRights, checkRoles, type Findings } from './rights.ts';
import { checkSuperuserObjects } from './superuser-objects.ts';

/** Checks a source before anything is written. It only reads, in a few queries, however many tenants share the catalog. */
const STATEMENT_TIMEOUT_MS = 120_000;

const counted = (count: number): string => `${count} ${count === 1 ? 'object' : 'objects'}`;

const majorOf = (version: string): number => Number.parseInt(version, 10);

const NAMED = 5;
const shortNames = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).map(quoted).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

const serverFindings = (server: ServerFacts, { manifest }: PreflightRequest): Findings => {
  const { source, options } = manifest;
  const problems: string[] = [];
  const warnings = [
    ...riskWarnings(manifest.atRisk ?? [], shortNames),
    ...stateWarnings(manifest.states ?? [], shortNames),
  ];
  if (majorOf(source.serverVersion) > server.major) {
    problems.push(
      `The backup is of PostgreSQL ${source.serverVersion}, and the server is ${server.version}: what a newer server wrote may not run on an older one. Upgrade the server first.`,
    );
  }
  if (options.content === 'data') {
    problems.push(
      'The backup holds rows only, which need tables to go into: restore one with content "full".',
    );
  }
  if (options.content === 'schema') {
    warnings.push('The backup holds definitions only: no table will have rows.');
  }
  if (source.encoding !== server.encoding && server.encoding !== 'SQL_ASCII') {
    const what =
      source.encoding === 'SQL_ASCII'
        ? 'bytes that are no text in it'
        : `characters that ${server.encoding} does not have`;
    if (source.encoding === 'SQL_ASCII' || server.encoding !== 'UTF8') {
      warnings.push(
        `The backup's database is ${source.encoding}, the server's ${server.encoding}: ${what} would end the restore.`,
      );
    }
  }
  return { problems, warnings };
};

const dependentFindings = (
  dependents: readonly Dependent[],
  { mode, acceptDependents, repointDependents, before = [] }: PreflightRequest,
): Findings => {
  if (mode !== 'swap' || !dependents.length) return { problems: [], warnings: [] };
  const possible = dependents.filter(({ repoint }) => repoint === 'possible');
  const staying = repointDependents
    ? dependents.filter(({ repoint }) => repoint !== 'possible')
    : dependents;
  const warnings =
    repointDependents && possible.length
      ? [
          `${counted(possible.length)} outside will be repointed to the restored schema: ${dependentTitles(possible)}.`,
        ]
      : [];
  if (!staying.length) return { problems: [], warnings };
  const old = before.map(({ to }) => quoted(to)).join(', ');
  const said = `${counted(staying.length)} outside would stay with the old schema${old && ` (${old} after the swap)`} and not use the restored one: ${dependentTitles(staying)}.`;
  if (acceptDependents) {
    const dropped = `DROP SCHEMA ... CASCADE of the old schema would drop ${staying.length === 1 ? 'it' : 'them'}.`;
    return { problems: [], warnings: [...warnings, `${said} ${dropped}`] };
  }
  const ways = [
    ...(repointDependents || !possible.length
      ? []
      : [
          `With "repointDependents": true ${possible.length === dependents.length ? 'all of them are' : `${possible.length} of them are`} repointed to the restored schema.`,
        ]),
    'report.dependentObjects has a statement for each that can be recreated by hand.',
    'With "acceptDependents": true the swap runs, and they stay with the old schema.',
  ];
  return { problems: [`${said} ${ways.join(' ')}`], warnings };
};

const ownershipOf = async (
  access: RestoreAccess,
  request: PreflightRequest,
  live: ReadonlyMap<string, string>,
): Promise<Findings & Pick<Preflight, 'notOwned'>> => {
  const { mode, places, before = [] } = request;
  const uses = usesOf(mode, places, before, live);
  const notOwned = await checkOwnership(access, request, uses);
  return { notOwned, problems: notOwned.map(notOwnedSentence), warnings: [] };
};

const look = async (
  access: RestoreAccess,
  client: pg.Client,
  request: PreflightRequest,
): Promise<Preflight> => {
  const { places, mode, before = [] } = request;
  const from = places.map((place) => place.from);
  const [server, oids] = await atOnce(
    client,
    () => serverFacts(client),
    () => schemaOids(client, from),
  );
  const live: ReadonlySet<string> = new Set(oids.keys());
  const asking = ownershipOf(access, request, oids);
  // If the other session fails, this one's reads must still finish.
  asking.catch(() => undefined);
  const [
    rights,
    roles,
    extensions,
    outside,
    needs,
    keys,
    names,
    code,
    snapshots,
    dependents,
    functionsNamingLive,
    locks,
    superusers,
  ] = await atOnce(
    client,
    () => checkRights(client, request),
    () => checkRoles(client, request),
    () => checkExtensions(client, request),
    () => checkOutside(client, request),
    () => checkNeeds(client, request),
    () => checkKeys(client, request),
    () => checkNames(client, request, live),
    () => checkCode(client, request),
    () => checkSnapshots(client, request, live),
    async () =>
      mode === 'swap'
        ? (await findDependents(client, [...live], before)).map((one) => dependentOf(one))
        : [],
    () => functionsNaming(client, request),
    () => checkLocks(client, request),
    () => checkSuperuserObjects(client, request),
  );
  const hanging = dependentFindings(dependents, request);
  const ownership = await asking;
  const all = [
    ownership,
    serverFindings(server, request),
    names,
    rights,
    roles,
    extensions,
    outside,
    needs,
    keys,
    code,
    hanging,
    snapshots,
    locks,
    superusers,
  ];
  return {
    server,
    live: from.flatMap((schema) => {
      const oid = oids.get(schema);
      return oid === undefined ? [] : [{ schema, oid }];
    }),
    notOwned: ownership.notOwned,
    missingExtensions: extensions.missingExtensions,
    missingRoles: roles.missingRoles,
    missingOutside: outside.missingOutside,
    functionsNamingLive,
    foreignKeysOutside: keys.foreignKeysOutside,
    dependents: dependents.map(dependentTitle),
    ...(dependents.length > 0 && { dependentObjects: dependents }),
    problems: all.flatMap(({ problems }) => problems),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
};

/** @throws the named errors of connecting and reading */
export const preflight = async (
  access: RestoreAccess,
  request: PreflightRequest,
): Promise<Preflight> => {
  const session = {
    applicationName: `${APPLICATION}/survey`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    pipelined: true,
    signal: request.signal,
  };
  try {
    return await withSession(access, session, (client) => look(access, client, request));
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    throw refusal(error, { object: 'the preflight checks' });
  }
};
