import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Run } from '../../../core/run.ts';
import { backupLetter, restoreCommand } from '../../../functions/notify/backup-letter.ts';
import { mailOf } from '../../../functions/notify/letter.ts';
import { runLetter } from '../../../functions/notify/run-letter.ts';
import type { Ended, RunReport } from '../../../functions/notify/run-report.ts';
import {
  durationOf,
  nameLine,
  numberOf,
  oneLine,
  sizeOf,
} from '../../../functions/notify/wording.ts';
import { completionOf, NIGHT, pendingBackup } from '../../support/backups.ts';

const run: Run = {
  id: uuidv7(NIGHT, 'run'),
  schedule: 'nightly',
  scheduledAt: '2026-11-21T02:00:00.000Z',
  createdAt: '2026-11-21T02:00:03.000Z',
  sources: ['main'],
  parts: {},
  retentionClass: 'daily',
};

const ended = (index: number, changes: Partial<Ended> = {}): Ended => ({
  id: uuidv7(NIGHT, String(index)),
  projectId: `p${index}`,
  projectName: `Project ${index}`,
  source: 'main',
  status: 'completed',
  attempt: 1,
  size: 1_234_567,
  rowCount: 98_765,
  durationMs: 61_000,
  completedAt: '2026-11-21T02:03:04.000Z',
  ...changes,
});

const report = (changes: Partial<RunReport> = {}): RunReport => ({
  run,
  completed: [ended(1), ended(2)],
  failed: [],
  cancelled: [],
  skipped: [],
  skippedCount: 0,
  planFailures: [],
  ...changes,
});
const failedOne = ended(3, {
  status: 'failed',
  attempt: 3,
  error: { name: 'LockTimeout', message: 'Table "x" could not be locked. The way out is this.' },
});
const completed = (changes: Partial<Backup> = {}): Backup => {
  const pending = pendingBackup(changes);
  return { ...pending, ...completionOf(pending), status: 'completed', attempt: 1, ...changes };
};

test('a mail of a successful run has counts, total size, duration and a line for each backup', () => {
  const { subject, text, html } = mailOf(runLetter('production', report()));
  expect(subject).toBe('[Larder production] nightly: 2 of 2 backups completed');
  for (const body of [text, html]) {
    expect(body).toContain('2.47 MB');
    expect(body).toContain('3 min 4 s');
    expect(body).toContain('Project 1 (p1)');
    expect(body).toContain('1.23 MB');
    expect(body).toContain('98,765');
    expect(body).toContain('2026-11-21 02:00:00 UTC');
    expect(body).not.toContain('Failed</h2>');
  }
});

test('a mail of a run with failures lists them with reason and remedy, before the successes', () => {
  const { subject, text } = mailOf(
    runLetter(
      'production',
      report({
        failed: [failedOne],
        skipped: [{ projectId: 'p9', why: 'still running' }],
        skippedCount: 1,
      }),
    ),
  );
  expect(subject).toBe('[Larder production] nightly: 1 of 3 backups failed, 1 skipped');
  expect(text).toMatch(/Project 3[\s\S]*The way out is this\.[\s\S]*LockTimeout, 3 attempts/);
  expect(text).toMatch(/p9 +still running/);
  expect(text.indexOf('Project 3')).toBeLessThan(text.indexOf('Project 1'));
});

test('a failure of planning is in the subject and in the mail', () => {
  const failure = { source: 'main', message: 'Source "main" refused the login. Check it.' };
  const { subject, text } = mailOf(
    runLetter('test', report({ completed: [], planFailures: [failure] })),
  );
  expect(subject).toBe('[Larder test] nightly: planning failed for main');
  expect(text).toContain(failure.message);
});

test('a run with nothing to do reports that', () => {
  const { subject } = mailOf(runLetter('test', report({ completed: [] })));
  expect(subject).toContain('there was nothing to back up');
});

test('long lists end with the number of omitted items, and the mail stays below the size that clients cut', () => {
  const long = 'x'.repeat(500);
  const many = report({
    completed: Array.from({ length: 9000 }, (_, index) =>
      ended(index, { warnings: [long], projectName: long }),
    ),
    failed: Array.from({ length: 1000 }, (_, index) =>
      ended(index, { status: 'failed', projectName: long, error: { name: 'E', message: long } }),
    ),
    skipped: Array.from({ length: 100 }, (_, index) => ({ projectId: `s${index}`, why: long })),
    skippedCount: 700,
  });
  const { subject, text, html } = mailOf(runLetter('test', many));
  expect(subject).toContain('1,000 of 10,000 backups failed');
  for (const body of [text, html])
    for (const more of ['and 8950 more', 'and 970 more', 'and 670 more'])
      expect(body).toContain(more);
  expect(Buffer.byteLength(html)).toBeLessThan(102_000);
});

test('a mail of one backup has its contents, date, size, duration, and how to use it', () => {
  const { subject, text, html } = mailOf(
    backupLetter(completed({ warnings: ['extension "hstore" must be there first'] })),
  );
  expect(subject).toBe('[Larder test] Backup of Acme completed (1.00 kB)');
  for (const body of [text, html]) {
    expect(body).toContain('Acme (acme)');
    expect(body).toContain('2026-11-21 02:00:00 UTC');
    expect(body).toContain('1 min 0 s');
    expect(body).toContain('1.00 kB stored, of 4.00 kB on the server');
    expect(body).toContain('3 tables, 42 rows');
    expect(body).toContain('hstore');
    expect(body).toMatch(/GET \/projects\/acme\/backups\/[0-9a-f-]+\/download/);
    expect(body).toContain('pg_restore');
  }
});

test('a mail of one failed backup has its reason, and no download', () => {
  const error = { name: 'SchemaNotFound', message: 'Database "db" has no schema "acme".' };
  const { subject, text } = mailOf(
    backupLetter({ ...pendingBackup(), status: 'failed', attempt: 2, error }),
  );
  expect(subject).toBe('[Larder test] Backup of Acme failed');
  expect(text).toContain(error.message);
  expect(text).not.toContain('download');
});

test('a mail of rows without definitions names the guide, and no command that fails', () => {
  const { text } = mailOf(backupLetter(completed({ content: 'data' })));
  expect(text).toMatch(/GET \/projects\/\S+\/restore-guide/);
  expect(text).not.toMatch(/pg_restore|psql/);
});

test('each format and compression has the command that loads it', () => {
  expect(restoreCommand('custom', 'zstd', 'f.dump')).toMatch(/^pg_restore .*f\.dump$/);
  expect(restoreCommand('tar', 'none', 'f.tar')).toMatch(/^pg_restore .*f\.tar$/);
  expect(restoreCommand('plain', 'none', 'f.sql')).toMatch(/^psql .*--file=f\.sql$/);
  expect(restoreCommand('plain', 'zstd', 'f.sql.zst')).toMatch(
    /^zstd -d f\.sql\.zst && psql .*--file=f\.sql$/,
  );
  expect(restoreCommand('plain', 'bzip2', 'f.sql.bz2')).toMatch(
    /^bzip2 -dk f\.sql\.bz2 && psql .*--file=f\.sql$/,
  );
});

test('a mail names the compression that was made or requested, and none if none was chosen yet', () => {
  const contents = (changes: Partial<Backup>): string => {
    const { compression: _, ...pending } = pendingBackup();
    const row = { ...pending, status: 'cancelled' as const, ...changes };
    return /Contents: +(.*)/.exec(mailOf(backupLetter(row)).text)?.[1] ?? '';
  };
  expect(contents({})).toBe('full, format custom');
  expect(contents({ compression: 'zstd' })).toBe('full, format custom, zstd compression');
  expect(contents({ compression: 'none' })).toBe('full, format custom, not compressed');
});

test('no file name in a command is parsed as an option of its program', () => {
  for (const format of ['custom', 'plain'] as const) {
    const backup = completed({ projectId: '-rf', format, compression: 'gzip' });
    expect(mailOf(backupLetter(backup)).text).not.toMatch(/[ =]-rf-/);
    expect(mailOf(backupLetter(backup)).text).toContain('./-rf-');
  }
});

const HOSTILE = fc.string({ unit: 'binary', maxLength: 300 });
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('no name, message or warning can break out of a subject, a line or the HTML', () => {
  const fixed = mailOf(backupLetter(completed({ projectName: 'x' }))).html;
  const tags = (html: string) => (html.match(/<[^>]*>/g) ?? []).length;
  fc.assert(
    fc.property(HOSTILE, (text) => {
      const name = `${text}<img src=x onerror=alert(1)>\r\nBcc: eve@example.com`;
      const backup = completed({ projectName: name, name, schemaName: name });
      const mail = mailOf(backupLetter(backup));
      expect(mail.subject).not.toMatch(CONTROL);
      expect(Array.from(mail.subject).length).toBeLessThanOrEqual(150);
      expect(mail.html).not.toContain('<img');
      expect(tags(mail.html)).toBe(tags(fixed));
      expect(mail.text).not.toMatch(/^Bcc:/m);

      const failed = ended(1, {
        status: 'failed',
        projectName: name,
        error: { name: 'E', message: name },
      });
      const skipped = [{ projectId: name, why: name }];
      const ofRun = mailOf(
        runLetter('test', report({ failed: [failed], skipped, skippedCount: 1 })),
      );
      expect(ofRun.subject).not.toMatch(CONTROL);
      expect(ofRun.html).not.toContain('<img');
      expect(ofRun.text).not.toMatch(/^Bcc:/m);
    }),
  );
});

test('sizes, durations and numbers are formatted for people', () => {
  expect([0, 1, 999, 1000, 12_345, 999_499, 999_999, 1_234_567_890, 5e15].map(sizeOf)).toEqual([
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1.00 kB',
    '12.3 kB',
    '999 kB',
    '1.00 MB',
    '1.23 GB',
    '5000 TB',
  ]);
  expect([0, 950, 9_949, 9_950, 59_499, 60_000, 3_599_000, 7_440_000].map(durationOf)).toEqual([
    '0.0 s',
    '0.9 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 0 s',
    '59 min 59 s',
    '2 h 4 min',
  ]);
  expect(numberOf(1_234_567)).toBe('1,234,567');
  expect(oneLine(' a\n\tb\u202ec ', 20)).toBe('a b\\u{202e}c');
  expect(nameLine('a\nb', 20)).toBe('a\\u{a}b');
  expect(oneLine('🐘'.repeat(5), 3)).toBe('🐘🐘…');
});
