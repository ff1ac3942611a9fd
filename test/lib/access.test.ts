import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../core/routes.ts';
import { isSpelledAs } from '../../functions/api/canonical-path.ts';

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

/** As IAM does: `*` stands for anything, slashes too, `?` for one character, and a denial wins. */
const matches = (pattern: string, arn: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(arn);

const ID = '01a22cca-2374-75d9-883c-4aaada6e50d4';
const pathOf = (template: string, projectId: string): string =>
  template.replace('{projectId}', projectId).replace(/\{\w+\}/g, ID);

/** Whether a policy lets a request through whose path is spelled so. */
const lets = (name: string, method: string, path: string): boolean => {
  const { Statement } = policies.get(name) ?? { Statement: [] };
  const named = (effect: string, arn: string): boolean =>
    Statement.some(
      ({ Effect, Resource }) => Effect === effect && Resource.some((one) => matches(one, arn)),
    );
  const arn = `${API}/${method}${path}`;
  return named('Allow', arn) && !named('Deny', arn);
};

/** Ids of the routes that a policy lets through for a project. */
const allowed = (name: string, projectId = 'acme'): string[] =>
  ROUTES.filter(({ method, path: at }) => lets(name, method, pathOf(at, projectId))).map(
    ({ id }) => id,
  );

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

test('the policies are lists of what is allowed, with nothing denied and no path open at its end', () => {
  for (const { Statement } of policies.values()) {
    expect(Statement.map(({ Effect }) => Effect)).toEqual(['Allow']);
    for (const resource of Statement.flatMap(({ Resource }) => Resource)) {
      expect(resource).not.toMatch(/\*$/);
    }
  }
});

/** Other spellings of a path that a gateway may take for the same. */
const otherSpellings = (path: string): string[] => {
  const [, folder = '', last = ''] = /^(.*\/)([^/]+)$/.exec(path) ?? [];
  const encoded = `%${last.charCodeAt(0).toString(16)}${last.slice(1)}`;
  return [
    `${path}/`,
    `${path}//`,
    `${folder}/${last}`,
    `${folder}./${last}`,
    `${folder}x/../${last}`,
    `${folder}x/%2e%2e/${last}`,
    `${folder}${encoded}`,
    `${folder}${last.toUpperCase()}`,
    path.replace('/projects', '//projects'),
  ].filter((other) => other !== path);
};

test('no other spelling of a dangerous path, or of a download, passes a policy that does not give it', () => {
  const guarded = ROUTES.filter(({ id }) => [...DANGEROUS, 'downloadBackup'].includes(id));
  for (const { id, method, path: at } of guarded) {
    for (const path of otherSpellings(pathOf(at, 'acme'))) {
      for (const name of policies.keys()) {
        if (!allowed(name).includes(id))
          expect([name, path, lets(name, method, path)]).toEqual([name, path, false]);
      }
    }
  }
});

test('what passes a policy under another spelling is refused by the API', () => {
  for (const { method, path: at } of ROUTES) {
    const canonical = pathOf(at, 'acme');
    for (const path of otherSpellings(canonical)) {
      for (const name of policies.keys()) {
        if (lets(name, method, path)) expect(isSpelledAs(path, canonical)).toBe(false);
      }
    }
  }
});
