import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../adapters/environment.ts';
import { ENV } from '../../core/contract.ts';
import { deadLetterSettings, routeSettings } from '../../core/settings.ts';
import { SIZE_LIMIT } from '../../layers/postgres/layer.ts';
import { ConfigInvalid } from '../../lib/config.ts';
import { config, otherSource, restore, source } from './support/config.ts';
import { makeStack, type Synthesis, synthesis, within } from './support/stack.ts';

/** Bytes; synthesize.test.ts checks that the bundles have no more. */
const LARGEST_BUNDLE = 8_000_000;

const PROJECT = path.resolve(import.meta.dirname, '..', '..');

/** Where each folder of functions/ is in the stack. */
const FUNCTIONS = {
  discover: 'Sources/main/Discover',
  plan: 'Sources/main/Plan',
  export: 'Sources/main/Export',
  restore: 'Sources/main/Restores/Restore',
  verify: 'Verifications/Verify',
  api: 'Api/Handler',
  notify: 'Outcomes/Notify',
  expire: 'Retention/Expire',
  'dead-letters': 'Burial/Bury',
  sweep: 'Sweeping/Sweep',
  erase: 'Erasing/Erase',
  'start-runs': 'Runs/Start',
} as const;
const folders = Object.entries(FUNCTIONS);

const one = synthesis(config({ sources: [source({ restore: restore() })] }));

/** A value as the deployment would make it, with invented names. */
const filledIn = (from: Synthesis, value: unknown): string =>
  from
    .text(value)
    .replace(/<([^<>]*(?:Queue|DeadLetters))>/g, (_, queue) => `https://sqs.example.com/${queue}`)
    .replace(/<([^<>]*)>/g, '$1');

/** A function's variables as it would get them; values that the deployment fills in are invented. */
const environmentAt = (from: Synthesis, functionPath: string): Record<string, string> => {
  const variables = within(from.at(functionPath).Properties, 'Environment', 'Variables');
  return Object.fromEntries(
    Object.entries(variables ?? {}).map(([name, value]) => [name, filledIn(from, value)]),
  );
};

/** The contents of the parameters that a function's variable names. */
const storedIn = (from: Synthesis, names = ''): unknown[] =>
  names
    .split(',')
    .flatMap((name) => JSON.parse(filledIn(from, from.at(name).Properties.Value)) as unknown[]);

/** The names that a function's sources pass to `readEnvironment`. */
const namesRead = (folder: string): (keyof typeof ENV)[] => {
  const sources = globSync(`functions/${folder}/*.ts`, { cwd: PROJECT })
    .map((file) => readFileSync(path.join(PROJECT, file), 'utf8'))
    .join('\n');
  const [, list = ''] = /readEnvironment\(\[([^\]]*)\]/.exec(sources) ?? [];
  const names = [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name);
  const isName = (name: string | undefined): name is keyof typeof ENV =>
    name !== undefined && Object.hasOwn(ENV, name);
  return names.filter(isName);
};

test('every folder of functions/ is a function of the stack, and the reverse', () => {
  const handlers = globSync('functions/*/handler.ts', { cwd: PROJECT });
  expect(handlers.map((file) => file.split(path.sep)[1]).sort()).toEqual(
    Object.keys(FUNCTIONS).sort(),
  );
  expect(
    one
      .ofType('AWS::Lambda::Function')
      .map(([at]) => at)
      .sort(),
  ).toEqual(
    Object.values(FUNCTIONS)
      .map((at) => `${at}/Function`)
      .sort(),
  );
});

describe.each(folders)('%s', (folder, at) => {
  const { Properties } = one.at(`${at}/Function`);

  test('runs on Node.js 24 and arm64, with its own role and a log with a retention', () => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
    expect(one.text(Properties.Role)).toBe(`<${at}/Role.Arn>`);
    expect(one.text(within(Properties, 'LoggingConfig', 'LogGroup'))).toBe(`<${at}/Log>`);
    expect(one.at(`${at}/Log`).Properties.RetentionInDays).toBe(30);
  });

  test('gets every variable that it reads, in the form that it reads', () => {
    const names = namesRead(folder);
    expect(names.length).toBeGreaterThan(0);
    expect(() => readEnvironment(names, environmentAt(one, `${at}/Function`))).not.toThrow();
  });

  test('gets no variable that it does not read', () => {
    expect(Object.keys(environmentAt(one, `${at}/Function`)).sort()).toEqual(
      namesRead(folder)
        .map((name) => ENV[name])
        .sort(),
    );
  });
});

test('the layers are in functions that start programs of PostgreSQL, and the server’s only in the one that verifies', () => {
  const withLayers = one.ofType('AWS::Lambda::Function').flatMap(([at, { Properties }]) => {
    const layers: unknown = Properties.Layers;
    return Array.isArray(layers) ? [[at, ...layers.map(one.text)]] : [];
  });
  const [client, server] = ['<PostgresLayers/Client>', '<PostgresLayers/Server>'];
  expect(withLayers.sort()).toEqual([
    ['Sources/main/Export/Function', client],
    ['Sources/main/Restores/Restore/Function', client],
    ['Verifications/Verify/Function', client, server],
  ]);
  const layers = one.ofType('AWS::Lambda::LayerVersion');
  expect(layers).toHaveLength(2);
  for (const [at, { Properties }] of layers)
    expect(Properties.CompatibleArchitectures, at).toEqual(['arm64']);
});

test('both layers at their largest and a bundle fit into the 250 MB of a Lambda function', () => {
  const MB = 1_000_000;
  expect(SIZE_LIMIT.client + SIZE_LIMIT.server + LARGEST_BUNDLE).toBeLessThanOrEqual(250 * MB);
});

test('restore has the time of its queue and the memory of an export; verify has what is configured', () => {
  const of = synthesis(
    config({
      sources: [source({ restore: restore() })],
      lambda: { exportMemoryMb: 4096 },
      verification: { memoryMb: 5120, temporaryMb: 8192, concurrency: 1 },
    }),
  );
  expect(of.at('Sources/main/Restores/Restore/Function').Properties).toMatchObject({
    MemorySize: 4096,
    Timeout: 900,
  });
  expect(of.at('Verifications/Verify/Function').Properties).toMatchObject({
    MemorySize: 5120,
    EphemeralStorage: { Size: 8192 },
    Timeout: 900,
    ReservedConcurrentExecutions: 1,
  });
});

test('export has the memory, the disk and the time of the configuration and of Lambda', () => {
  const lambda = { exportMemoryMb: 4096, exportTemporaryMb: 2048 };
  const { Properties } = synthesis(config({ lambda })).at('Sources/main/Export/Function');
  expect(Properties).toMatchObject({
    MemorySize: 4096,
    EphemeralStorage: { Size: 2048 },
    Timeout: 900,
  });
});

describe('the environment', () => {
  test('gives the functions of a source this source and no other', () => {
    const two = synthesis(config({ sources: [source(), otherSource()] }));
    const { LARDER_SOURCE, ...rest } = environmentAt(two, 'Sources/main/Plan/Function');
    expect(JSON.parse(LARDER_SOURCE ?? '')).toMatchObject({
      name: 'main',
      host: 'db.example.com',
      auth: { type: 'secret', secretArn: source().secretArn },
    });
    expect(JSON.stringify([LARDER_SOURCE, rest])).not.toContain('archive');
  });

  test('gives api, sweep and start-runs all sources, and bury the source of each dead-letter queue', () => {
    const two = synthesis(
      config({ sources: [source(), otherSource({ restore: restore({ from: ['main'] }) })] }),
    );
    const { LARDER_ROUTES } = environmentAt(two, 'Api/Handler/Function');
    for (const other of ['Sweeping/Sweep', 'Runs/Start'])
      expect(environmentAt(two, `${other}/Function`).LARDER_ROUTES).toBe(LARDER_ROUTES);
    const routes = storedIn(two, LARDER_ROUTES);
    expect(() => routeSettings.parse(routes)).not.toThrow();
    expect(routes[1]).toEqual({
      source: 'archive',
      exportsQueue: 'https://sqs.example.com/Sources/archive/Exports/Queue',
      discoverFunction: 'Sources/archive/Discover/Function',
      planFunction: 'Sources/archive/Plan/Function',
      restoresQueue: 'https://sqs.example.com/Sources/archive/Restores/Requests/Queue',
      restoreFrom: ['main'],
    });
    expect(routes[0]).not.toHaveProperty('restoresQueue');
    const kept = storedIn(two, environmentAt(two, 'Burial/Bury/Function').LARDER_DEAD_LETTERS);
    const archive = { source: 'archive' };
    expect(deadLetterSettings.parse(kept)).toEqual([
      { queueUrl: 'https://sqs.example.com/Outcomes/Messages/DeadLetters', kind: 'outcomes' },
      { queueUrl: 'https://sqs.example.com/Runs/DeadLetters', kind: 'runs' },
      { queueUrl: 'https://sqs.example.com/Retention/DeadLetters', kind: 'expire' },
      {
        queueUrl: 'https://sqs.example.com/Sources/main/Exports/DeadLetters',
        kind: 'exports',
        source: 'main',
      },
      {
        queueUrl: 'https://sqs.example.com/Sources/main/PlanDeadLetters',
        kind: 'plan',
        source: 'main',
      },
      {
        queueUrl: 'https://sqs.example.com/Sources/archive/Exports/DeadLetters',
        kind: 'exports',
        ...archive,
      },
      {
        queueUrl: 'https://sqs.example.com/Sources/archive/PlanDeadLetters',
        kind: 'plan',
        ...archive,
      },
      {
        queueUrl: 'https://sqs.example.com/Sources/archive/Restores/Requests/DeadLetters',
        kind: 'restores',
        ...archive,
      },
      {
        queueUrl: 'https://sqs.example.com/Verifications/Requests/DeadLetters',
        kind: 'verifications',
      },
    ]);
  });

  test('gives restore the login of the restore role, and export that of the backup role', () => {
    const settings = { from: ['archive'], createExtensions: true, lockTimeoutMs: 500 };
    const from = synthesis(
      config({ sources: [source({ restore: restore(settings) }), otherSource()] }),
    );
    const restoring = environmentAt(from, 'Sources/main/Restores/Restore/Function');
    expect(JSON.parse(restoring.LARDER_RESTORE ?? '')).toEqual(settings);
    expect(JSON.parse(restoring.LARDER_SOURCE ?? '').auth).toEqual({
      type: 'secret',
      secretArn: restore().secretArn,
    });
    const exporting = environmentAt(from, 'Sources/main/Export/Function');
    expect(JSON.parse(exporting.LARDER_SOURCE ?? '').auth.secretArn).toBe(source().secretArn);
    expect(JSON.stringify(exporting)).not.toContain(restore().secretArn);
    expect(JSON.stringify(restoring)).not.toContain(source().secretArn);
  });

  test('gives all functions that verify or request it the same settings, with the real size of the disk', () => {
    const from = synthesis(
      config({
        verification: { which: { share: 0.1 }, compare: 'rows', temporaryMb: 1024 },
      }),
    );
    const [verify = {}, ...others] = [
      'Verifications/Verify/Function',
      'Sources/main/Export/Function',
      'Api/Handler/Function',
    ].map((at) => environmentAt(from, at));
    expect(JSON.parse(verify.LARDER_VERIFICATION ?? '')).toEqual({
      which: { share: 0.1 },
      compare: 'rows',
      temporaryBytes: 1024 ** 3,
    });
    for (const other of others) expect(other.LARDER_VERIFICATION).toBe(verify.LARDER_VERIFICATION);
    // The export takes the hashes that verify compares.
    expect(JSON.parse(others[0]?.LARDER_EXPORT ?? '').compare).toBe('rows');
  });

  test('contains no setting of the infrastructure and no secret', () => {
    const iam = { user: 'larder', resourceId: 'db-ABC', region: 'eu-west-1' };
    const { secretArn: _, ...rest } = source();
    const { LARDER_SOURCE = '', LARDER_EXPORT = '' } = environmentAt(
      synthesis(config({ sources: [{ ...rest, iam }] })),
      'Sources/main/Export/Function',
    );
    expect(JSON.parse(LARDER_SOURCE).auth).toEqual({
      type: 'iam',
      user: 'larder',
      region: 'eu-west-1',
    });
    expect(LARDER_SOURCE).not.toMatch(/vpc|resourceId/);
    expect(JSON.parse(LARDER_EXPORT)).not.toHaveProperty('concurrency');
  });

  test('gives export the real size of its disk', () => {
    const from = synthesis(config({ lambda: { exportTemporaryMb: 1024 } }));
    const { LARDER_EXPORT = '' } = environmentAt(from, 'Sources/main/Export/Function');
    expect(JSON.parse(LARDER_EXPORT).temporaryBytes).toBe(1024 ** 3);
  });

  test('that would not fit into Lambda is refused at synthesis, with the names of function and variable', () => {
    const projectQuery = `SELECT ${'x'.repeat(3500)} FROM projects`;
    expect(() => makeStack(config({ sources: [source({ projectQuery })] }))).toThrow(ConfigInvalid);
    expect(() => makeStack(config({ sources: [source({ projectQuery })] }))).toThrow(
      /environment of function plan comes to \d+ bytes of the 4096.*LARDER_SOURCE/,
    );
  });
});
