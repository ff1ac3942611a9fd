import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../core/routes.ts';

const PAGE = path.resolve(import.meta.dirname, '..', '..', 'docs', 'access.md');
const API = 'arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod';

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const policy = z.object({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.object({
      Effect: z.enum(['Allow', 'Deny']),
      Action: z.literal('execute-api:Invoke'),
      Resource: oneOrMore,
      Condition: z.unknown().optional(),
    }),
  ),
});

const policies = new Map(
  [...readFileSync(PAGE, 'utf8').matchAll(/^```json (\w+)\n([\s\S]*?)^```/gm)].map(
    ([, name = '', text = '']) => [name, policy.parse(JSON.parse(text))],
  ),
);

/** As IAM does: `*` stands for anything, slashes too, and a denial wins. */
const matches = (pattern: string, arn: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(arn);

/** Ids of the routes that a policy lets through for a project. */
const allowed = (name: string, projectId = 'acme'): string[] => {
  const { Statement } = policies.get(name) ?? { Statement: [] };
  const named = (effect: string, arn: string): boolean =>
    Statement.some(
      ({ Effect, Resource }) => Effect === effect && Resource.some((one) => matches(one, arn)),
    );
  return ROUTES.filter(({ method, path: at }) => {
    const real = at.replace('{projectId}', projectId).replace(/\{\w+\}/g, '01a1fdd0');
    const arn = `${API}/${method}${real}`;
    return named('Allow', arn) && !named('Deny', arn);
  }).map(({ id }) => id);
};

const READS = ROUTES.filter(({ method }) => method === 'GET').map(({ id }) => id);
const DANGEROUS: string[] = ROUTES.filter((route) => 'dangerous' in route && route.dangerous).map(
  ({ id }) => id,
);

test('the page has these policies', () => {
  expect([...policies.keys()]).toEqual(['look', 'operate', 'swap', 'elsewhere', 'tenant']);
});

test('who looks gets no data', () => {
  expect(allowed('look')).toEqual(READS.filter((id) => id !== 'downloadBackup'));
});

test('who operates does everything that only adds, and nothing dangerous', () => {
  expect(allowed('operate')).toEqual(
    ROUTES.map(({ id }) => id).filter((id) => !DANGEROUS.includes(id)),
  );
});

test('a swap and a test copy are given one by one', () => {
  expect(DANGEROUS).toEqual(['undoSwap', 'swapBackup', 'restoreElsewhere']);
  expect(allowed('swap')).toEqual(['undoSwap', 'swapBackup']);
  expect(allowed('elsewhere')).toEqual(['restoreElsewhere']);
});

test('a tenant is held to its own', () => {
  expect(allowed('tenant').toSorted()).toEqual(
    ROUTES.filter(
      ({ id, path: at }) => at.startsWith('/projects/{projectId}/') && !DANGEROUS.includes(id),
    )
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(allowed('tenant', 'acme2')).toEqual([]);
  expect(allowed('tenant', 'globex')).toEqual([]);
});
