import { expect, test } from 'vitest';
import { backupAdvance, restoreAdvance, verificationAdvance } from '../../core/progress.ts';

const BEGIN = Date.UTC(2026, 10, 21, 2);
const at = (seconds: number): string => new Date(BEGIN + seconds * 1000).toISOString();

test("a backup's share is that of its tables' bytes, and its time left follows from its speed", () => {
  const progress = {
    tablesDone: 3,
    tablesTotal: 4,
    sourceBytesDone: 100,
    sourceBytesTotal: 400,
    bytes: 50,
    bytesPerSecond: 5,
    at: at(10),
  };
  expect(backupAdvance({ progress, startedAt: at(0) })).toEqual({ percent: 25, secondsLeft: 30 });
  const { sourceBytesDone: _, sourceBytesTotal: __, ...old } = progress;
  expect(backupAdvance({ progress: old, startedAt: at(0) })).toEqual({
    percent: 75,
    secondsLeft: 3,
  });
});

test('nothing is promised from the first seconds or from nothing done, and nothing reaches 100', () => {
  const progress = { tablesDone: 0, tablesTotal: 0, bytes: 0, bytesPerSecond: 0, at: at(60) };
  expect(backupAdvance({ progress, startedAt: at(0) })).toEqual({ percent: 0 });
  const done = { ...progress, tablesDone: 2, tablesTotal: 2, at: at(1) };
  expect(backupAdvance({ progress: done, startedAt: at(0) })).toEqual({ percent: 99 });
  expect(backupAdvance({ startedAt: at(0) })).toBeUndefined();
});

test('a restore never goes back from step to step, and its load has a rate and a time left', () => {
  const load = { tablesDone: 1, tablesTotal: 9, bytesRead: 250, bytesTotal: 1000 };
  const steps = ['checking', 'safety-backup', 'loading', 'counting', 'foreign-keys', 'exchanging'];
  const percents = steps.map(
    (step) =>
      restoreAdvance({ progress: { ...load, step: step as 'loading', since: at(0), at: at(1) } })
        ?.percent,
  );
  expect(percents).toEqual([0, 5, 27, 80, 95, 98]);
  expect(
    restoreAdvance({ progress: { ...load, step: 'loading', since: at(0), at: at(10) } }),
  ).toEqual({ percent: 27, secondsLeft: 30, bytesPerSecond: 25 });
  // A row of an older version does not say when the step began.
  expect(restoreAdvance({ progress: { ...load, step: 'loading', at: at(10) } })).toEqual({
    percent: 27,
  });
});

test('a verification loads, and then compares', () => {
  const progress = { bytesRead: 500, bytesTotal: 1000, since: at(0), at: at(10) };
  expect(verificationAdvance({ progress: { ...progress, step: 'loading' } })).toEqual({
    percent: 45,
    secondsLeft: 10,
    bytesPerSecond: 50,
  });
  expect(verificationAdvance({ progress: { ...progress, step: 'comparing' } })).toEqual({
    percent: 90,
  });
});
