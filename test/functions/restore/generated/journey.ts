import { GetObjectCommand } from '@aws-sdk/client-s3';
import { formOf } from '../../../../adapters/postgres/catalog/expressions/normal-form.ts';
import { makeRestoreServer } from '../../../../adapters/postgres/restore/restore-server.ts';
import type { Backup } from '../../../../core/backup.ts';
import { manifestKeyBeside } from '../../../../core/keys.ts';
import type { Restore } from '../../../../core/restore.ts';
import type { Rehearsals } from '../../../adapters/postgres/scratch-restore/support.ts';
import { differences } from '../../../support/compare-databases.ts';
import { PASSWORD, type Postgres } from '../../../support/postgres.ts';
import { PROJECT_QUERY } from '../../export/schemas.ts';
import type { Services } from '../../export/support.ts';
import { openRoom, type Room } from '../support.ts';
import type { Tenant } from './schemas.ts';
import {
  copyOf,
  dumpWithout,
  factsOf,
  makeTenant,
  pipeInto,
  rolesOf,
  rowsOfViews,
} from './tenant-in.ts';

/** A server, the database to copy for each tenant, and where backups are verified. */
export interface Home {
  readonly services: Services;
  readonly postgres: Postgres;
  readonly template: string;
  readonly scratchRestores: Rehearsals;
}

type Facts = Awaited<ReturnType<typeof factsOf>>;

const roomFor = async (
  { services, postgres }: Home,
  database: string,
  { extension }: Tenant,
): Promise<Room> => {
  const room = await openRoom(services, postgres, database, { projectQuery: PROJECT_QUERY });
  Object.assign(room.bench.options.settings, { compare: 'rows' });
  if (!extension) return room;
  const credentials = async () => ({ user: 'postgres', password: PASSWORD });
  const { settings } = room;
  const server = makeRestoreServer({ settings, credentials, stack: room.bench.table });
  return {
    ...room,
    restore: (backup, given, ports) => room.restore(backup, given, { server, ...ports }),
  };
};

const storedOf = async ({ services }: Home, { bench }: Room, backup: Backup) => {
  const manifest = (await bench.ports.vault.readManifest(manifestKeyBeside(backup.fileId ?? '')))
    ?.manifest;
  if (!manifest) throw new Error('there is no manifest');
  const { Body } = await services.s3.send(
    new GetObjectCommand({ Bucket: bench.bucket, Key: backup.fileId }),
  );
  return { manifest, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
};

/** The first lines that differ between two dumps. */
const firstDifference = (before: string, after: string): string[] => {
  if (before === after) return [];
  const [was, is] = [before.split('\n'), after.split('\n')];
  const at = was.findIndex((line, n) => line !== is[n]);
  return [
    `line ${at} was ${was.slice(at, at + 4).join(' / ')}, is ${is.slice(at, at + 4).join(' / ')}`,
  ];
};

const unequal = (was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] =>
  [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => `${name} showed ${was.get(name)}, shows ${is.get(name)}`);

const ASIDE = 'zz live aside';

/** Views and rules by their definition: a server prints some differently. The rows that views show are compared separately. */
const byForm = (facts: Facts): Facts =>
  new Map(
    [...facts].map(([key, fact]) => {
      if (!/^(view|rule) /.test(key)) return [key, fact];
      const parts: unknown[] = [JSON.parse(fact)].flat();
      const forms = parts.map((part) => (typeof part === 'string' ? formOf(part) : part));
      return [key, JSON.stringify(forms)];
    }),
  );

/** The former live schema stays under that name: it is no difference, unless another object depends on it. */
const besides = (lines: readonly string[], aside: string): string[] => {
  const names = [aside, aside.replaceAll('"', '""')];
  return lines.filter((line) => {
    const [subject = ''] = line.split(' -> ');
    return !line.startsWith('added ') || !names.some((name) => subject.includes(name));
  });
};

/** Changes that a restore makes and reports. */
const EXPECTED: readonly RegExp[] = [
  // The marker.
  /^(added|changed) comment schema .*( "Larder restore |$)/,
  // With partitions by the hash of an enum, rows move to other partitions; their sum is compared with the manifest.
  /^changed rows of .*\.enum_[01]:/,
  // Of several that would do, PostgreSQL uses the index that was created first.
  /^(added|missing) dependency table constraint .* -> index /,
  // What violates it was reported.
  /^changed constraint unmet_check on /,
];
/** Outside, objects keep using the live schema, and so does an extension, which a database has once. */
const BESIDE: readonly RegExp[] = [
  /^(changed|missing|added) ([a-z]+ )+("?[^"]*"? on )?shared\./,
  /^(missing|added) dependency .* shared\.(of_tenant|above|counted|referring)\b/,
  /unaccent/,
];

/**
 * Takes one tenant through export, verification, a restore beside, a swap and its undo.
 * @returns each unexpected difference, by the step; empty if all is right
 */
export const journey = async (home: Home, tenant: Tenant): Promise<readonly string[]> => {
  const { postgres, template } = home;
  const database = await copyOf(postgres, template);
  const { schema } = tenant;
  const taken = await makeTenant(postgres, database, tenant);
  const found: string[] =
    taken.length * 2 > tenant.steps.length ? [] : [`only ${taken.length} steps were taken`];
  const say = (step: string, lines: readonly string[]) => {
    found.push(...lines.map((line) => `${step}: ${line}`));
  };
  const roles = await rolesOf(postgres);
  const before = byForm(await factsOf(postgres, database));
  const shown = await rowsOfViews(postgres, database, schema);
  const live = await dumpWithout(postgres, database);
  const others = await dumpWithout(postgres, database, schema);
  const known = await differencesOfPipe(home, database, schema, before);
  const unlike = (after: Facts): string[] =>
    differences(before, byForm(after)).filter(
      (line) => !known.has(line) && !EXPECTED.some((pattern) => pattern.test(line)),
    );
  const checkRoles = async (step: string): Promise<void> => {
    if ((await rolesOf(postgres)) !== roles) found.push(`${step}: roles are others`);
  };

  const room = await roomFor(home, database, tenant);
  const backup = await room.backup('acme', {
    format: tenant.format,
    ...(tenant.compression && { compression: tenant.compression }),
  });
  say('export', firstDifference(live, await dumpWithout(postgres, database)));

  const verified = await home.scratchRestores
    .rehearseQuickly(await storedOf(home, room, backup), 'rows')
    .catch((error: Error) => ({
      differences: [`${error.name}: ${error.message}`],
      unfinished: undefined,
    }));
  say('verify', verified.differences);
  const isUnfinished = (verified.unfinished?.length ?? 0) > 0;
  if (isUnfinished !== taken.some((step) => step.includes('was_met')))
    say('verify', [`unfinished ${JSON.stringify(verified.unfinished)}`]);

  const wishes = {
    owners: 'keep',
    ...(tenant.extension && { acceptOwnCode: true }),
    ...(tenant.conflict && { onConflict: 'report' as const }),
  } as const;
  const ended = (step: string, { status, error, outcome }: Restore): boolean => {
    if (status !== 'completed') say(step, [`${status} ${error?.name}: ${error?.message}`]);
    say(
      step,
      (outcome?.leftOut ?? []).map(({ what, why }) => `left out ${what}: ${why}`),
    );
    say(
      step,
      (outcome?.foreignKeys ?? []).flatMap(({ name, state, why }) =>
        state === 'valid' || name.endsWith('; later') ? [] : [`key ${name} is ${state}: ${why}`],
      ),
    );
    return status === 'completed';
  };
  const besideName = 'restored "beside"';
  const { row: beside } = await room.restore(backup, { ...wishes, newSchema: besideName });
  if (ended('beside', beside)) {
    const renames = [
      { from: schema, to: ASIDE },
      { from: besideName, to: schema },
    ];
    const lines = unlike(await factsOf(postgres, database, renames));
    // Outside, objects keep using the live schema.
    say(
      'beside',
      besides(lines, ASIDE).filter((line) => !BESIDE.some((pattern) => pattern.test(line))),
    );
    say('beside, views', unequal(shown, await rowsOfViews(postgres, database, besideName)));
    const dumped = await dumpWithout(postgres, database, besideName);
    say('beside, live', firstDifference(live, dumped));
    await postgres.sql('DROP SCHEMA "restored ""beside""" CASCADE', database);
    say('beside, dropped', firstDifference(live, await dumpWithout(postgres, database)));
  }
  await checkRoles('beside');

  const { row: swap } = await room.restore(backup, {
    ...wishes,
    mode: 'swap',
    repointDependents: true,
  });
  const aside = swap.outcome?.before[0]?.to ?? '';
  if (ended('swap', swap)) {
    say('swap', besides(unlike(await factsOf(postgres, database)), aside));
    say('swap, views', unequal(shown, await rowsOfViews(postgres, database, schema)));
    say(
      'swap, others',
      firstDifference(others, await dumpWithout(postgres, database, schema, aside)),
    );
    await checkRoles('swap');
    const { row: undo } = await room.restore(backup, {
      mode: 'undo',
      undoes: swap.id,
      repointDependents: true,
    });
    if (ended('undo', undo)) {
      const undone = undo.outcome?.before[0]?.to ?? '';
      say('undo', firstDifference(live, await dumpWithout(postgres, database, undone)));
    }
    await checkRoles('undo');
  } else say('swap, live', firstDifference(live, await dumpWithout(postgres, database)));
  await postgres.sql(`DROP DATABASE ${database} WITH (FORCE)`);
  return found;
};

/** Differences that even `pg_dump | psql` makes. Objects that it doesn't restore at all are no excuse. */
const differencesOfPipe = async (
  { postgres, template }: Home,
  database: string,
  schema: string,
  before: Facts,
): Promise<ReadonlySet<string>> => {
  const twin = await copyOf(postgres, template);
  await pipeInto(postgres, database, twin, schema);
  const lines = differences(before, byForm(await factsOf(postgres, twin)));
  await postgres.sql(`DROP DATABASE ${twin} WITH (FORCE)`);
  return new Set(lines.filter((line) => line.startsWith('changed ')));
};
