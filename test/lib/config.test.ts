import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, describe, expect, test } from 'vitest';
import example from '../../larder.config.ts';
import { ConfigInvalid, checkConfig } from '../../lib/config.ts';
import { input, otherSource, restore, source, vpc } from './support/config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'larder-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The lines of the mistakes; none if the configuration is accepted. */
const mistakesOf = (value: unknown): readonly string[] => {
  try {
    checkConfig(value, folder);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return error.mistakes;
  }
};

/** A value that the types do not allow. */
const wrong = (own: object): unknown => ({ ...input(), ...own });

test('the example in the repository is accepted', () => {
  expect(mistakesOf(example)).toEqual([]);
});

test('settings that are left out have the documented defaults', () => {
  const { sources, ...rest } = checkConfig({ ...input(), schedules: undefined });
  expect(rest).toMatchObject({
    schedules: [],
    retention: { daily: 30, weekly: 30, monthly: 30, yearly: 30 },
    export: {
      format: 'custom',
      concurrency: 3,
      lockTimeoutMs: 5000,
      giveWayAfterSeconds: 10,
      maximumStoredBytes: 10 * 1024 ** 3,
      maximumDurationSeconds: 14 * 60,
    },
    verification: {
      which: 'weekly',
      compare: 'counts',
      memoryMb: 3008,
      temporaryMb: 4096,
      extensions: [],
      concurrency: 2,
    },
    notifications: { onSuccess: true },
    api: { type: 'regional' },
    logRetentionDays: 30,
  });
  expect(sources[0]).toMatchObject({ port: 5432, tls: 'verify-full', idPrefix: '' });
  expect(sources[0]).not.toHaveProperty('restore');
  const restoring = checkConfig(input({ sources: [source({ restore: restore() })] }));
  expect(restoring.sources[0]?.restore).toEqual({
    ...restore(),
    from: [],
    createExtensions: false,
    lockTimeoutMs: 2000,
  });
});

test('one number of days applies to all classes', () => {
  expect(checkConfig(input({ retention: 7 })).retention).toEqual({
    daily: 7,
    weekly: 7,
    monthly: 7,
    yearly: 7,
  });
  expect(checkConfig(input({ retention: { monthly: 400 } })).retention).toMatchObject({
    daily: 30,
    monthly: 400,
  });
});

describe('a retention policy', () => {
  const POLICY = { generations: { daily: 7, weekly: 12 }, timeZone: 'Europe/Berlin' };

  test('may be that of all sources, or of one', () => {
    const given = input({ retention: POLICY, sources: [source({ retention: { days: 90 } })] });
    const { retention, sources } = checkConfig(given);
    expect(retention).toEqual(POLICY);
    expect(sources[0]?.retention).toEqual({ days: 90, timeZone: 'UTC' });
  });

  test.each([
    [{ generations: { daly: 7 } }, 'retention.generations.daly: is not a setting'],
    [{ generation: { daily: 7 } }, 'retention.generation: is not a setting'],
    [{ generations: { weekly: 4 } }, 'retention: give days or generations.daily'],
    [{ days: 3, generations: { yearly: 101 } }, 'retention.generations.yearly: Too big'],
    [{ daily: 3, monthly: 0 }, 'retention.monthly: Too small'],
  ])('%j is refused where the mistake is', (retention, line) => {
    expect(mistakesOf(wrong({ retention }))).toEqual([expect.stringContaining(line)]);
  });

  test('leaves no meaning to the class of a schedule', () => {
    const schedules = [
      { name: 'weekly', expression: 'cron(0 2 ? * SUN *)', retentionClass: 'weekly' as const },
    ];
    expect(() => checkConfig(input({ retention: POLICY, schedules }))).toThrow(
      'schedules[0].retentionClass: leave it out where retention is a policy',
    );
    expect(() => checkConfig(input({ retention: 30, schedules }))).not.toThrow();
    const sources = [source(), { ...otherSource(), retention: POLICY }];
    expect(() => checkConfig(input({ retention: 30, sources, schedules }))).not.toThrow();
  });
});

test('three mistakes in three places are three lines, each with its path', () => {
  const three = input({
    sources: [source({ port: 70_000 })],
    schedules: [{ name: 'nightly', expression: 'cron(0 2 * * *)', sources: ['mian'] }],
  });
  const mistakes = mistakesOf(three);
  expect(mistakes).toHaveLength(3);
  expect(mistakes[0]).toMatch(/^sources\[0\]\.port: .*65535/);
  expect(mistakes[1]).toMatch(/^schedules\[0\]\.expression: cron needs 6 fields/);
  expect(mistakes[2]).toBe('schedules[0].sources[0]: there is no source "mian": give one of main');
  expect(new ConfigInvalid(mistakes).message.split('\n')).toHaveLength(4);
});

describe('a mistake is named with its path and the correct form', () => {
  const { secretArn: _, ...noLogin } = source();
  const iam = { user: 'larder', resourceId: 'db-ABC' };
  const nightly = { name: 'nightly', expression: 'cron(0 2 * * ? *)' };
  const { routeTableIds: __, ...noRoutes } = vpc;
  test.each<[string, unknown, string]>([
    ['nothing at all', null, 'the configuration: expected object'],
    ['no sources', { ...input(), sources: [] }, 'sources: '],
    ['a word misspelt', { ...input(), envronment: 'x' }, 'envronment: '],
    ['a word misspelt further in', wrong({ export: { konkurrency: 3 } }), 'export.konkurrency: '],
    [
      'a source without a host',
      wrong({ sources: [{ ...source(), host: undefined }] }),
      'sources[0].host: is missing',
    ],
    [
      'a name taken twice',
      wrong({ sources: [source(), source()] }),
      'sources[1].name: "main" is taken by number 1',
    ],
    [
      'names that differ by a dash only',
      wrong({ sources: [source({ name: 'a-b' }), source({ name: 'a--b' })] }),
      'sources[1].name: ',
    ],
    [
      'names that are one name where dashes are lost',
      wrong({ sources: [source({ name: 'a-1' }), source({ name: 'a1' })] }),
      'sources[1].name: "a1" is taken by number 1',
    ],
    [
      'a schedule’s name taken twice',
      wrong({ schedules: [nightly, nightly] }),
      'schedules[1].name: "nightly" is taken',
    ],
    [
      'no login',
      wrong({ sources: [noLogin] }),
      'sources[0]: give one of secretArn and iam, here is none',
    ],
    [
      'two logins',
      wrong({ sources: [source({ iam })] }),
      'sources[0]: give one of secretArn and iam, here are both',
    ],
    [
      'a secret’s name for its ARN',
      wrong({ sources: [source({ secretArn: 'main' })] }),
      'sources[0].secretArn: give the full ARN',
    ],
    [
      'an ARN without its last characters',
      wrong({
        sources: [
          source({ secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:main' }),
        ],
      }),
      'sources[0].secretArn: ',
    ],
    [
      'a query with a semicolon',
      wrong({ sources: [source({ projectQuery: 'SELECT 1;' })] }),
      'sources[0].projectQuery: leave out the semicolon',
    ],
    [
      'a CA that is no file',
      wrong({ sources: [source({ ca: 'none.pem' })] }),
      'sources[0].ca: the file "none.pem" does not exist',
    ],
    [
      'a CA with TLS switched off',
      wrong({ sources: [source({ ca: 'x.pem', tls: 'disable' })] }),
      'sources[0].ca: leave it out',
    ],
    [
      'a source’s name in capitals',
      wrong({ sources: [source({ name: 'Main' })] }),
      'sources[0].name: use lower-case',
    ],
    [
      'a schedule called manual',
      wrong({ schedules: [{ ...nightly, name: 'manual' }] }),
      'schedules[0].name: "manual" is the name',
    ],
    [
      'a time zone that is none',
      wrong({ schedules: [{ ...nightly, timeZone: 'Berlin' }] }),
      'schedules[0].timeZone: give a time zone',
    ],
    [
      'an unknown source',
      wrong({ schedules: [{ ...nightly, sources: ['x'] }] }),
      'schedules[0].sources[0]: there is no source "x"',
    ],
    [
      'projects of neither form',
      wrong({ schedules: [{ ...nightly, projects: 'some' }] }),
      'schedules[0].projects: expected "all", or expected array',
    ],
    ['K of 0', wrong({ export: { concurrency: 0 } }), 'export.concurrency: '],
    ['K of 1001', wrong({ export: { concurrency: 1001 } }), 'export.concurrency: '],
    [
      'more than 14 minutes',
      wrong({ export: { maximumDurationSeconds: 841 } }),
      'export.maximumDurationSeconds: ',
    ],
    [
      'tar with zstd',
      wrong({ export: { format: 'tar', compression: 'zstd' } }),
      'export.compression: format tar allows none',
    ],
    [
      'a key template elsewhere',
      wrong({ keyTemplate: 'archive/{projectId}/{createdAt}-{backupId}-{attempt}' }),
      'keyTemplate: must begin with "backups/"',
    ],
    [
      'a header in an address',
      wrong({
        notifications: { from: 'a@example.com\r\nBcc: b@example.com', to: ['c@example.com'] },
      }),
      'notifications.from: give one plain mail address',
    ],
    [
      'nobody to tell',
      wrong({ notifications: { from: 'a@example.com', to: [] } }),
      'notifications.to: ',
    ],
    [
      'a private API without an endpoint',
      wrong({ api: { type: 'private' } }),
      'api.vpcEndpointIds: is missing',
    ],
    [
      'days that CloudWatch can’t keep',
      wrong({ logRetentionDays: 8 }),
      'logRetentionDays: expected one of 1|3|5',
    ],
    [
      'both a topic and an address for alarms',
      wrong({
        alarms: {
          topicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms',
          email: 'a@example.com',
        },
      }),
      'alarms: give either topicArn or email',
    ],
    [
      'endpoints without route tables',
      wrong({ sources: [source({ vpc: { ...noRoutes, endpoints: true } })] }),
      'sources[0].vpc.routeTableIds: give the route tables',
    ],
    [
      'an API of no kind',
      { ...input(), api: { type: 'public' } },
      "api.type: expected 'regional' | 'private'",
    ],
    ['an API without its kind', { ...input(), api: {} }, "api.type: expected 'regional'"],
    [
      'schemas and a query',
      wrong({ sources: [source({ schemas: ['a'], projectQuery: 'SELECT 1' })] }),
      'sources[0].projectQuery: leave it out if schemas are the projects',
    ],
    ['no schemas', wrong({ sources: [source({ schemas: [] })] }), 'sources[0].schemas: Too small'],
    [
      'a query of blanks',
      wrong({ sources: [source({ projectQuery: ' ' })] }),
      'sources[0].projectQuery: give a query',
    ],
    [
      'an id that no project can have',
      wrong({ schedules: [{ name: 'n', expression: 'rate(1 day)', projects: ['x'.repeat(129)] }] }),
      'schedules[0].projects[0]: its id is longer than 128 bytes',
    ],
    [
      'endpoints twice in one VPC',
      wrong({
        sources: [
          source({ vpc: { ...vpc, endpoints: true } }),
          otherSource({ vpc: { ...vpc, endpoints: true } }),
        ],
      }),
      'sources[1].vpc.endpoints: another source creates the endpoints',
    ],
    [
      'a restore without a login',
      wrong({ sources: [source({ restore: {} })] }),
      'sources[0].restore: give one of secretArn and iam, here is none',
    ],
    [
      'a restore with the backup’s secret',
      wrong({ sources: [source({ restore: { secretArn: source().secretArn } })] }),
      'sources[0].restore.secretArn: is the secret that backups log in with: give a login of the restore role',
    ],
    [
      'a restore with the backup’s user of IAM',
      wrong({ sources: [{ ...noLogin, iam, restore: { iam } }] }),
      'sources[0].restore.iam.user: is the user that backups log in as',
    ],
    [
      'a key for a restore’s secret that is not there',
      wrong({
        sources: [
          source({
            restore: { iam, secretKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0-a' },
          }),
        ],
      }),
      'sources[0].restore.secretKeyArn: only goes with secretArn',
    ],
    [
      'restores from a source there is not',
      wrong({ sources: [source({ restore: restore({ from: ['archve'] }) }), otherSource()] }),
      'sources[0].restore.from[0]: there is no source "archve": give one of archive',
    ],
    [
      'restores from the source itself',
      wrong({ sources: [source({ restore: restore({ from: ['main'] }) })] }),
      'sources[0].restore.from[0]: is the source itself',
    ],
    [
      'restores from one source twice',
      wrong({
        sources: [source({ restore: restore({ from: ['archive', 'archive'] }) }), otherSource()],
      }),
      'sources[0].restore.from[1]: "archive" is taken by number 1',
    ],
    [
      'a restore misspelt',
      wrong({ sources: [source({ restore: { ...restore(), form: [] } as never })] }),
      'sources[0].restore.form: is not a setting',
    ],
    [
      'hashes to compare that nobody takes',
      wrong({ verification: { compare: 'rows' }, export: { compare: 'counts' } }),
      'export.compare: leave it out, or make it "rows"',
    ],
    [
      'verifications of no kind',
      wrong({ verification: { which: 'daily' } }),
      'verification.which: expected one of "none"|"each"|"weekly"',
    ],
    [
      'more than all of the backups',
      wrong({ verification: { which: { share: 2 } } }),
      'verification.which.share: ',
    ],
    [
      'more room than Lambda has',
      wrong({ verification: { temporaryMb: 10_241 } }),
      'verification.temporaryMb: ',
    ],
    [
      'an extension that is no package',
      wrong({ verification: { extensions: ['PostGIS!'] } }),
      'verification.extensions[0]: give the name of a Debian package',
    ],
  ])('%s', (_, value, line) => {
    const mistakes = mistakesOf(value);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.startsWith(line), mistakes[0]).toBe(true);
  });
});

test('a mistake in a form does not hide one between settings', () => {
  const mistakes = mistakesOf(
    input({ environment: '', sources: [source(), source()], retention: 0 }),
  );
  expect(mistakes.map((line) => line.split(':')[0]).sort()).toEqual([
    'environment',
    'retention',
    'sources[1].name',
  ]);
});

test('a comparison of rows needs the hashes that the export takes', () => {
  const { export: defaults } = checkConfig(input({ verification: { compare: 'rows' } }));
  expect(defaults.compare).toBe('rows');
  expect(checkConfig(input()).export.compare).toBe('counts');
});

test('the path of a certificate authority is relative to the configuration’s folder', () => {
  writeFileSync(path.join(folder, 'ca.pem'), rootCertificates[0] ?? '');
  writeFileSync(path.join(folder, 'empty.pem'), 'no certificate');
  const withCa = (ca: string) => input({ sources: [source({ ca })] });
  expect(checkConfig(withCa('ca.pem'), folder).sources[0]?.ca).toBe(path.join(folder, 'ca.pem'));
  expect(mistakesOf(withCa('empty.pem'))).toEqual([
    'sources[0].ca: "empty.pem" contains no certificate in PEM',
  ]);
});

test('two sources of one VPC may share the endpoints that one of them creates', () => {
  const sources = [source({ vpc: { ...vpc, endpoints: true } }), otherSource({ vpc })];
  expect(mistakesOf(input({ sources }))).toEqual([]);
});
