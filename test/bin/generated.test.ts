import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { GENERATED } from '../../bin/generate/files.ts';
import {
  anchorOf,
  GATEWAY_PROBLEM_TYPES,
  PROBLEM_TYPES,
  problemTypeUri,
} from '../../core/problem-types.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const read = (file: string): Promise<string> => readFile(path.join(ROOT, file), 'utf8');

describe('a file made from the code', () => {
  test.each(Object.entries(GENERATED))('%s is up to date: npm run docs', async (file, make) => {
    expect(await read(file)).toBe(await make());
  });
});

test('each type of problem has a section of docs/errors.md, and its type points there', async () => {
  const headings = [...(await read('docs/errors.md')).matchAll(/^### (.*)$/gm)].map(
    ([, heading = '']) => anchorOf(heading),
  );
  const codes = Object.keys({ ...PROBLEM_TYPES, ...GATEWAY_PROBLEM_TYPES });
  expect(headings).toEqual(codes.map(anchorOf));
  for (const code of codes) {
    const [file, anchor = ''] = problemTypeUri(code).replace('urn:larder:', '').split('#');
    expect(file).toBe('docs/errors.md');
    expect(headings).toContain(anchor);
  }
});
