import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeLog } from '../../adapters/log.ts';
import { failureText } from '../../bin/failures.ts';
import { compareJson, compareText } from '../../bin/history/compare-report.ts';
import { emptyTally } from '../../bin/history/findings.ts';
import { rebuildJson, rebuildText } from '../../bin/history/rebuild-report.ts';
import type { Backup } from '../../core/backup.ts';
import { ProjectNotFound } from '../../core/errors/request.ts';
import type { Restore, RestoreReport } from '../../core/restore.ts';
import { notRun, type Verification } from '../../core/verification.ts';
import { toResult } from '../../functions/api/http.ts';
import { problemAnswer } from '../../functions/api/problems.ts';
import { showBackup } from '../../functions/api/public.ts';
import { showRestore, showVerification } from '../../functions/api/public-jobs.ts';
import { backupLetter } from '../../functions/notify/backup-letter.ts';
import { type Letter, mailOf } from '../../functions/notify/letter.ts';
import { restoreLetter } from '../../functions/notify/restore-letter.ts';
import { planFailedLetter, runLetter } from '../../functions/notify/run-letter.ts';
import { verificationLetter } from '../../functions/notify/verification-letter.ts';
import { openLogs } from '../../local/stack/logs.ts';
import { makeProgress } from '../../local/start/progress.ts';
import { jsonText, tableText } from '../../local/start/report.ts';
import { completionOf, NIGHT, pendingBackup } from '../support/backups.ts';
import { restoreRow, verificationRow } from '../support/jobs.ts';

/** Every surface that shows people a tenant's names, with names that contain invisible characters. The restore guide has its own tests. */
const EVIL = 'x\x03\x1b[2J\x7f\u009b31m\u202e\u200b\u2028\u2066\ud800y';
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const shownOn = (text: string): string => text.replaceAll('\n', '');

const base = pendingBackup();
const backup: Backup = {
  ...base,
  ...completionOf(base),
  status: 'completed',
  projectId: EVIL,
  projectName: EVIL,
  schemaName: EVIL,
  name: EVIL,
  description: EVIL,
  warnings: [`Table ${EVIL} is odd.`],
  error: { name: 'Odd', message: EVIL },
  validationWhy: EVIL,
};
const lines = [EVIL];
const report: RestoreReport = {
  at: base.createdAt,
  serverVersion: EVIL,
  schemas: [{ from: EVIL, to: EVIL }],
  needs: { databaseBytes: 1, seconds: 1, secondsAllowed: 1 },
  missingExtensions: [{ name: EVIL, version: EVIL, schema: EVIL, available: true }],
  missingRoles: lines,
  missingOutside: lines,
  functionsNamingLive: lines,
  foreignKeysOutside: lines,
  dependents: lines,
  problems: lines,
  warnings: lines,
};
const restore: Restore = {
  ...restoreRow(NIGHT, { projectName: EVIL, schemaName: EVIL, report }),
  projectId: EVIL,
  status: 'completed',
  error: { name: 'Odd', message: EVIL },
  outcome: {
    schemas: report.schemas,
    tables: 1,
    rows: 1,
    bytesRead: 1,
    foreignKeys: [
      { table: { schema: EVIL, name: EVIL }, name: EVIL, state: 'left-out', why: EVIL, sql: EVIL },
    ],
    leftOut: [{ what: EVIL, why: EVIL }],
    unfinished: [
      { kind: 'index', object: EVIL, state: 'missing', why: EVIL, sql: `CREATE "${EVIL}"` },
    ],
    before: report.schemas,
    warnings: lines,
  },
};
const verification: Verification = {
  ...verificationRow(NIGHT, { projectName: EVIL }),
  projectId: EVIL,
  status: 'completed',
  result: {
    ...notRun(EVIL),
    verdict: 'failed',
    differences: lines,
    differenceCount: 1,
    notChecked: lines,
    serverVersion: EVIL,
  },
};
const run = {
  id: 'run',
  schedule: EVIL,
  scheduledAt: base.createdAt,
  createdAt: base.createdAt,
  sources: ['main'],
  parts: {},
  retentionClass: 'daily' as const,
};
const names = { table: EVIL, bucket: EVIL, projectId: EVIL };
const finding = { kind: 'refused' as const, projectId: EVIL, key: EVIL, why: EVIL };

describe('names with hidden characters', () => {
  const inRun = [backup];
  const letters: readonly (readonly [string, Letter])[] = [
    ['a backup', backupLetter(backup)],
    ['a failed backup', backupLetter({ ...backup, status: 'failed' })],
    ['a restore', restoreLetter(restore)],
    ['a dry run', restoreLetter({ ...restore, dryRun: true })],
    ['a failed restore', restoreLetter({ ...restore, status: 'failed' })],
    ['a verification', verificationLetter(verification)],
    [
      'planning that failed',
      planFailedLetter(EVIL, { runId: 'r', source: EVIL, error: { message: EVIL } }),
    ],
    [
      'a run',
      runLetter(EVIL, {
        run,
        completed: inRun,
        failed: inRun,
        cancelled: inRun,
        skipped: [{ projectId: EVIL, why: EVIL }],
        skippedCount: 1,
        planFailures: [{ source: EVIL, message: EVIL }],
      }),
    ],
  ];
  it.each(letters)('are escaped in the mail of %s', (_, letter) => {
    const { subject, text, html } = mailOf(letter);
    for (const part of [subject, text, html]) expect(shownOn(part)).not.toMatch(HIDDEN);
    expect(text).toContain('\\u{202e}');
  });

  it('are escaped in sentences of the API, and JSON parses to the original names', () => {
    const shown = [
      showBackup(backup, ''),
      showRestore(restore, ''),
      showVerification(verification, ''),
    ].map((body) => toResult({ status: 200, body }).body);
    for (const body of shown) expect(body).not.toMatch(HIDDEN);
    const [ofBackup, ofRestore, ofVerification] = shown.map((body) => JSON.parse(body));
    expect(ofBackup.projectName).toBe(EVIL);
    const sentences = [
      ...ofBackup.warnings,
      ofBackup.error.message,
      ofBackup.validationWhy,
      ofRestore.error.message,
      ...ofRestore.report.problems,
      ...ofRestore.report.warnings,
      ...ofRestore.outcome.warnings,
      ofRestore.outcome.leftOut[0].why,
      ...ofVerification.result.differences,
      ...ofVerification.result.notChecked,
      ofVerification.result.why,
    ];
    for (const sentence of sentences) expect(sentence).not.toMatch(HIDDEN);
  });

  it('are escaped in problem details', () => {
    const answer = problemAnswer(new ProjectNotFound(EVIL), 'x');
    expect(toResult(answer).body).not.toMatch(HIDDEN);
    expect(JSON.parse(toResult(answer).body).detail).not.toMatch(HIDDEN);
  });

  it('are escaped in the output of a start', () => {
    const local = {
      ...showBackup(backup, ''),
      warnings: [EVIL],
      error: { name: 'Odd', message: EVIL },
    };
    const result = {
      run: {
        ...run,
        parts: {
          [EVIL]: {
            planned: 1,
            skippedCount: 1,
            skipped: [{ projectId: EVIL, why: EVIL }],
            error: { name: 'Odd', message: EVIL },
          },
        },
      },
      backups: [local],
      verified: [{ backup: local, why: EVIL }],
    };
    for (const text of [tableText(result, '/vault'), jsonText(result)]) {
      expect(shownOn(text)).not.toMatch(HIDDEN);
    }
    expect(JSON.parse(jsonText(result)).backups[0].projectName).toBe(EVIL);
    const out: string[] = [];
    const progress = makeProgress({ write: (text) => out.push(text) });
    progress.running([local], undefined);
    progress.line(EVIL);
    expect(shownOn(out.join(''))).not.toMatch(HIDDEN);
  });

  it('are escaped in the output of the command line', () => {
    const comparison = { ...emptyTally(), findings: [finding] };
    const rebuilt = {
      manifests: 1,
      written: [{ projectId: EVIL, backupId: EVIL }],
      there: 0,
      registered: 0,
      projects: 1,
      omitted: [finding],
    };
    for (const text of [
      compareText(names, comparison),
      compareJson(names, comparison),
      rebuildText(names, rebuilt, true),
      rebuildJson(names, rebuilt, true),
      failureText(new Error(EVIL)),
    ]) {
      expect(shownOn(text)).not.toMatch(HIDDEN);
    }
  });
});

describe('a dry run', () => {
  it.each([
    [{ dryRun: true }, 'refused'],
    [{ dryRun: true, report: { ...report, problems: [] } }, 'can-go-on'],
    [{ dryRun: true, status: 'failed' }, undefined],
    [{ dryRun: false }, undefined],
  ] as const)('%j has the verdict %s in the API', (changes, verdict) => {
    expect(showRestore({ ...restore, ...changes }, '').verdict).toBe(verdict);
  });
});

describe('logs with hidden characters', () => {
  afterEach(() => vi.restoreAllMocks());

  it('have escapes in every line and fact', () => {
    const written: string[] = [];
    const keep = (chunk: unknown): boolean => written.push(String(chunk)) > 0;
    vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    vi.spyOn(process.stderr, 'write').mockImplementation(keep);
    const log = makeLog('test');
    log.error(EVIL, { projectId: EVIL, deep: [{ name: EVIL }], error: new Error(EVIL) });
    vi.restoreAllMocks();
    expect(written.join('')).toContain('\\u{202e}');
    expect(shownOn(written.join(''))).not.toMatch(HIDDEN);
    const logged: unknown = JSON.parse(written.join(''));
    expect(JSON.stringify(logged)).not.toMatch(HIDDEN);
  });

  it('have escapes in the files and on the terminal of a start, even if a function writes directly', async () => {
    const echoed: string[] = [];
    const folder = mkdtempSync('/var/tmp/larder-logs-');
    const logs = await openLogs(folder, (line) => echoed.push(line));
    const bytes = Buffer.from(`first ${EVIL}\n`);
    const out = logs.of('ApiFunction');
    // A chunk may end within a character.
    for (const byte of bytes) out.write(Buffer.of(byte));
    await new Promise<void>((resolve) => out.end(resolve));
    await logs.close();
    expect(echoed.join('')).not.toMatch(HIDDEN);
    const files = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
    rmSync(folder, { recursive: true });
    expect(files.join('')).toContain('first x\\u{3}');
    expect(shownOn(files.join(''))).not.toMatch(HIDDEN);
  });
});
