import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodePart } from '../../core/keys.ts';
import { ROUTES } from '../../core/routes.ts';
import { isSpelledAs } from '../../functions/api/canonical-path.ts';
import { decide } from '../../local/access/evaluate.ts';
import { readPolicy, type Statement } from '../../local/access/statements.ts';
import { config } from './support/config.ts';
import { synthesis } from './support/stack.ts';

const PAGE = path.resolve(import.meta.dirname, '..', '..', 'docs', 'access.md');
const API = 'arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod';

const policies: ReadonlyMap<string, readonly Statement[]> = new Map(
  [...readFileSync(PAGE, 'utf8').matchAll(/^```json (\w+)\n([\s\S]*?)^```/gm)].map(
    ([, name = '', text = '']) => [name, readPolicy(name, JSON.parse(text))],
  ),
);

const ENDPOINT = 'vpce-0123456789abcdef0';
const ROLE = 'arn:aws:iam::123456789012:role/Caller';

/** The resource policy of a private API, as deployed: API Gateway writes the API's ARN for `execute-api:`. */
const privatePolicy = (): readonly Statement[] => {
  const api = synthesis(config({ api: { type: 'private', vpcEndpointIds: [ENDPOINT] } }));
  const written = JSON.stringify(api.at('Api/Api').Properties.Policy)
    .replaceAll('"execute-api:/*"', `"${API.replace(/\/prod$/, '')}/*"`)
    .replace(
      /\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},":iam::",\{"Ref":"AWS::AccountId"\},":root"\]\]\}/g,
      '"arn:aws:iam::123456789012:root"',
    );
  return readPolicy('the private API', JSON.parse(written));
};

/** For a private API: the endpoint that a call comes through. */
interface Way {
  readonly resource: readonly Statement[];
  readonly endpoint?: string;
}
const REGIONAL: Way = { resource: [] };
const PRIVATE: Way = { resource: privatePolicy(), endpoint: ENDPOINT };
const KINDS: readonly (readonly [string, Way])[] = [
  ['regional', REGIONAL],
  ['private', PRIVATE],
];

const ID = '01a22cca-2374-75d9-883c-4aaada6e50d4';
const pathOf = (template: string, projectId: string): string =>
  template.replace('{projectId}', projectId).replace(/\{\w+\}/g, ID);

/** What IAM and API Gateway decide about a request with this spelling of its path. */
const decides = (
  identity: readonly Statement[],
  method: string,
  path: string,
  { resource, endpoint }: Way = REGIONAL,
  secondFactor = true,
): boolean => {
  const context = new Map([
    ['aws:multifactorauthpresent', [String(secondFactor)]],
    ...(endpoint === undefined ? [] : [['aws:sourcevpce', [endpoint]] as const]),
  ]);
  const caller = { arns: [ROLE], account: '123456789012' };
  const request = { action: 'execute-api:Invoke', resource: `${API}/${method}${path}`, context };
  return decide(caller, request, { identity, resource }).allowed;
};

const policyOf = (name: string): readonly Statement[] => policies.get(name) ?? [];

/** True if a policy allows a request with this spelling of its path. */
const lets = (name: string, method: string, path: string, way?: Way): boolean =>
  decides(policyOf(name), method, path, way);

/** Ids of the routes that a policy allows for a project. */
const allowed = (name: string, projectId = 'acme', way?: Way): string[] =>
  ROUTES.filter(({ method, path: at }) => lets(name, method, pathOf(at, projectId), way)).map(
    ({ id }) => id,
  );

const READS = ROUTES.filter(({ method }) => method === 'GET').map(({ id }) => id);
const DANGEROUS: string[] = ROUTES.filter((route) => 'dangerous' in route && route.dangerous).map(
  ({ id }) => id,
);

/** IAM has no pattern for any project's id that does not match the paths below it as well. */
const ONLY_BY_NAME = ROUTES.filter(({ path: at }) => at === '/projects/{projectId}').map(
  ({ id }): string => id,
);

/** A backup that has completed is not cancelled, and a deletion names its backup by the id. */
const NOT_OF_LATEST: readonly string[] = ['cancelBackup', 'deleteBackup'];

/** The routes of one project, without the dangerous ones. */
const OF_A_TENANT: readonly string[] = ROUTES.filter(
  ({ id, path: at }) => at.startsWith('/projects/{projectId}') && !DANGEROUS.includes(id),
)
  .map(({ id }) => id)
  .toSorted();

test('the page has these policies', () => {
  expect([...policies.keys()]).toEqual([
    'look',
    'operate',
    'swap',
    'remove',
    'elsewhere',
    'schedule',
    'erase',
    'tenant',
  ]);
});

describe.each(KINDS)('for a %s API', (_, way) => {
  test('the policy to look gives no data', () => {
    expect(allowed('look', 'acme', way)).toEqual(
      READS.filter((id) => !['downloadBackup', ...ONLY_BY_NAME].includes(id)),
    );
  });

  test('the policy to operate allows everything that only adds, and nothing dangerous', () => {
    expect(allowed('operate', 'acme', way)).toEqual(
      ROUTES.map(({ id }) => id).filter((id) => ![...DANGEROUS, ...ONLY_BY_NAME].includes(id)),
    );
  });

  test('dangerous requests are granted one by one', () => {
    expect(DANGEROUS.toSorted()).toEqual([
      'changeBackup',
      'clearRetention',
      'deleteBackup',
      'deleteSharedSchedule',
      'eraseProject',
      'putSharedSchedule',
      'restoreElsewhere',
      'setRetention',
      'swapBackup',
      'undoSwap',
    ]);
    expect(allowed('remove', 'acme', way)).toEqual([
      'setRetention',
      'clearRetention',
      'changeBackup',
      'deleteBackup',
    ]);
    expect(allowed('erase', 'acme', way)).toEqual(['eraseProject']);
    expect(allowed('swap', 'acme', way)).toEqual(['undoSwap', 'swapBackup']);
    expect(allowed('elsewhere', 'acme', way)).toEqual(['restoreElsewhere']);
    expect(allowed('schedule', 'acme', way)).toEqual(['putSharedSchedule', 'deleteSharedSchedule']);
  });

  test('a swap and an erasure need a second factor', () => {
    for (const { method, path: at } of ROUTES) {
      for (const name of ['swap', 'erase'])
        expect(decides(policyOf(name), method, pathOf(at, 'acme'), way, false)).toBe(false);
    }
  });

  test('the policy of a tenant allows its own paths only', () => {
    expect(allowed('tenant', 'acme', way).toSorted()).toEqual(OF_A_TENANT);
    expect(allowed('tenant', 'acme2', way)).toEqual([]);
    expect(allowed('tenant', 'globex', way)).toEqual([]);
  });

  test.each(['look', 'operate', 'swap', 'remove', 'elsewhere', 'tenant'])(
    '%s allows for latest what it allows for the id of a backup',
    (name) => {
      const ofBackups = ROUTES.filter(
        ({ id, path: at }) =>
          /\/backups\/\{backupId\}(\/[a-z-]+)?$/.test(at) && !NOT_OF_LATEST.includes(id),
      );
      for (const { method, path: at } of ofBackups) {
        const [byId, byName] = [at, at.replace('{backupId}', 'latest')].map((one) =>
          lets(name, method, pathOf(one, 'acme'), way),
        );
        expect([at, byName]).toEqual([at, byId]);
      }
    },
  );

  test('a caller without a policy may call nothing', () => {
    for (const { method, path: at } of ROUTES)
      expect(decides([], method, pathOf(at, 'acme'), way)).toBe(false);
  });
});

test.each([
  ['another endpoint', 'vpce-0fedcba9876543210'],
  ['no endpoint', undefined],
])("a private API refuses calls by %s, whatever the caller's policy allows", (_, endpoint) => {
  const { resource } = PRIVATE;
  const way: Way = { resource, ...(endpoint !== undefined && { endpoint }) };
  for (const name of policies.keys()) expect(allowed(name, 'acme', way)).toEqual([]);
});

/** Ids of projects that are percent-encoded in a path, and some similar ones. */
const ENCODED = [
  'a.b',
  'a/b',
  'a b',
  'a*',
  'a?',
  'a%2Eb',
  'Müller & Söhne "Nord"',
  '..',
  '$x',
  'ab',
];

test('a policy of a tenant whose id is percent-encoded allows its own paths only, however others are spelled', () => {
  for (const own of ENCODED) {
    const text = JSON.stringify(policyOf('tenant')).replaceAll(
      /\/projects\/acme(?=[/"])/g,
      () => `/projects/${encodePart(own)}`,
    );
    const identity = JSON.parse(text) as readonly Statement[];
    const routesFor = (part: string): string[] =>
      ROUTES.filter(({ method, path: at }) => decides(identity, method, pathOf(at, part)))
        .map(({ id }) => id)
        .toSorted();
    expect([own, routesFor(encodePart(own))]).toEqual([own, OF_A_TENANT]);
    for (const other of ENCODED.filter((id) => id !== own))
      expect([own, other, routesFor(encodePart(other))]).toEqual([own, other, []]);
    // The one spelling of the same id that the API accepts.
    const spellings = [own, encodeURIComponent(own), encodePart(own).toLowerCase()];
    for (const part of spellings.filter((one) => one !== encodePart(own)))
      expect([own, part, routesFor(part)]).toEqual([own, part, []]);
  }
});

test('each policy fits into one managed policy of IAM', () => {
  const texts = readFileSync(PAGE, 'utf8').matchAll(/^```json \w+\n([\s\S]*?)^```/gm);
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: white space does not count.
  for (const [, text = ''] of texts) expect(text.replace(/\s/g, '').length).toBeLessThan(6144);
});

test('the policies are lists of allowed paths, without denials and open ends', () => {
  for (const statements of policies.values()) {
    expect(statements.map(({ effect }) => effect)).toEqual(['Allow']);
    for (const { actions, resources } of statements) {
      expect(actions).toEqual({ isNegated: false, patterns: ['execute-api:Invoke'] });
      expect(resources?.isNegated).toBe(false);
      // A name of a schedule has any length, and no route lies below it.
      const open = (resources?.patterns ?? []).filter((one) => !one.endsWith('/schedules/*'));
      for (const resource of open) expect(resource).not.toMatch(/\*$/);
    }
  }
});

test('no route lies below a schedule', () => {
  expect(ROUTES.filter(({ path: at }) => /\/schedules\/\{scheduleName\}\//.test(at))).toEqual([]);
});

/** Other spellings of a path that a gateway may treat as the same. */
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

test('no policy allows another spelling of a dangerous path, or of a download, that it does not grant', () => {
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

test('the API refuses a path that passes a policy under another spelling', () => {
  for (const { method, path: at } of ROUTES) {
    const canonical = pathOf(at, 'acme');
    for (const path of otherSpellings(canonical)) {
      for (const name of policies.keys()) {
        if (lets(name, method, path)) expect(isSpelledAs(path, canonical)).toBe(false);
      }
    }
  }
});
