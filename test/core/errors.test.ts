import { globSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as all from '../../core/errors.ts';

const ERRORS = path.resolve(import.meta.dirname, '../../core/errors');

test('every named error is in the list by which bury recognizes messages that are safe to show', async () => {
  const files = globSync('*.ts', { cwd: ERRORS }).filter((file) => file !== 'base.ts');
  const modules = await Promise.all(
    files.map((file): Promise<Record<string, unknown>> => import(path.join(ERRORS, file))),
  );
  const leaves = modules.flatMap((subject) => Object.keys(subject));
  expect(leaves.length).toBeGreaterThan(60);
  expect(leaves.filter((name) => !Object.hasOwn(all, name))).toEqual([]);
  expect(new Set(leaves).size).toBe(leaves.length);
});
