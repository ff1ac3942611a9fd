import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { CA_FILE } from '../../lib/bundles.ts';
import { checkConfig } from '../../lib/config.ts';
import { synthesize } from '../../lib/synthesize.ts';
import { readDocument } from '../../local/template/document.ts';
import { input, otherSource, restore, source } from './support/config.ts';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'larder synthesis-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** The bundles of a synthesis by logical id of their functions, found as the deployment finds them. */
const bundlesOf = (synthesized: ReturnType<typeof synthesize>) => {
  const { resources, assets } = readDocument(synthesized);
  return new Map(
    [...resources]
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
      .map(([id, { Properties }]) => [id, assets.get(codeOf.parse(Properties.Code).S3Key) ?? '']),
  );
};
const codeOf = z.object({ S3Key: z.string() });

describe('in process, with a space in the folder’s name', () => {
  const scratch = path.join(folder, 'scratch');
  mkdirSync(scratch);
  vi.stubEnv('TMPDIR', scratch);
  writeFileSync(path.join(folder, 'own-ca.pem'), rootCertificates[0] ?? '');
  const sources = [source(), otherSource({ ca: 'own-ca.pem', restore: restore() })];
  const synthesized = synthesize(
    checkConfig(input({ sources }), folder),
    path.join(folder, 'cdk.out'),
  );
  const bundles = bundlesOf(synthesized);
  const bundleOf = (start: string) =>
    [...bundles].find(([id]) => id.startsWith(start))?.[1] ?? 'missing';

  test('every function has a bundle of ES modules, small enough', () => {
    expect(synthesized.stackName).toBe('Larder');
    expect(bundles.size).toBe(15);
    for (const [id, bundle] of bundles) {
      const files = readdirSync(bundle).filter((file) => file !== CA_FILE);
      expect(files, id).toContain('index.mjs');
      expect(files.filter((file) => !file.endsWith('.mjs'))).toEqual([]);
      const sizes = files.map((file) => statSync(path.join(bundle, file)).size);
      expect(
        sizes.reduce((sum, size) => sum + size, 0),
        id,
      ).toBeLessThan(4_000_000);
    }
  });

  test('functions of two sources share their bundle, unless one has a certificate authority', () => {
    const shared = readdirSync(bundleOf('SourceMainExport'));
    expect(shared).not.toContain(CA_FILE);
    expect(readdirSync(bundleOf('SourceArchiveExport')).sort()).toEqual(
      [...shared, CA_FILE].sort(),
    );
    for (const name of ['SourceArchivePlan', 'SourceArchiveRestoresRestore']) {
      expect(readFileSync(path.join(bundleOf(name), CA_FILE), 'utf8'), name).toBe(
        rootCertificates[0],
      );
    }
  });

  test('a bundle keeps the names of errors, which records and mails show', async () => {
    const handler = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `await import(${JSON.stringify(path.join(bundleOf('SourceMainPlan'), 'index.mjs'))}).catch((error) => console.log(error.name, error.message))`,
      ],
      { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    handler.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(handler, 'close');
    expect(said).toMatch(
      /^InvalidInput The environment of the function: .*LARDER_SOURCE is not set/,
    );
  });

  test('a second synthesis into the same folder gives the same result', () => {
    const again = synthesize(checkConfig(input({ sources }), folder), path.join(folder, 'cdk.out'));
    expect([...bundlesOf(again)]).toEqual([...bundles]);
    for (const bundle of bundles.values()) expect(statSync(bundle).isDirectory()).toBe(true);
  });

  test('nothing remains of the folders in which the bundles were built', () => {
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('as CDK’s command line starts it', () => {
  /** Runs bin/app.ts as `cdk` would; a separate folder represents a project that was moved. */
  const runApp = async (
    configuration: string,
    { tools = process.env.PATH, ...context }: Readonly<Record<string, string | undefined>> = {},
  ) => {
    const configFile = path.join(folder, `${Math.random()}.config.ts`);
    writeFileSync(configFile, configuration);
    const out = path.join(folder, 'app.out');
    const app = spawn(process.execPath, [path.join(PROJECT, 'bin', 'app.ts')], {
      cwd: folder,
      env: {
        PATH: tools,
        CDK_OUTDIR: out,
        CDK_CONTEXT_JSON: JSON.stringify({
          'larder:config': configFile,
          'larder:stack': 'Elsewhere',
          'larder:layers': 'placeholder',
          ...context,
        }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { out: '', err: '' };
    app.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    app.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text;
    });
    const [code] = await once(app, 'close');
    return { code, ...said, folder: out };
  };

  test('a valid configuration is synthesized without output, account or network', async () => {
    const {
      code,
      out,
      err,
      folder: assembly,
    } = await runApp(
      `export default ${JSON.stringify(input({ alarms: { email: 'operations@example.com' } }))};`,
    );
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: '' });
    expect(readdirSync(assembly)).toContain('Elsewhere.template.json');
  });

  test.each([
    ['that is no TypeScript', 'export default {{', /\.config\.ts can't be read: SyntaxError: /],
    ['that throws', "throw new Error('no VPN');", /\.config\.ts can't be read: Error: no VPN$/],
  ])('a file %s gives one line', async (_, configuration, line) => {
    const { code, out, err } = await runApp(configuration);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    const [first, second = '', ...more] = err.trimEnd().split('\n');
    expect([first, ...more]).toEqual(['The configuration has one mistake:']);
    expect(second).toMatch(line);
  });

  test('an invalid name of a stack is refused with the rule', async () => {
    const { code, err } = await runApp(`export default ${JSON.stringify(input())};`, {
      'larder:stack': 'my stack!',
    });
    expect(code).toBe(1);
    expect(err).toMatch(/^The configuration has one mistake:\n {2}larder:stack: "my stack!" .*\n$/);
  });

  test('a layer that can’t be built gives the message of the build, without a stack trace', async () => {
    const wanted = { ...input(), postgres: { majors: [99] } };
    const { code, out, err } = await runApp(`export default ${JSON.stringify(wanted)};`, {
      'larder:layers': 'built',
      tools: folder,
    });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/layers: .*\n[\s\S]*A layer was not built: the lines above say why/);
    expect(err).not.toMatch(/\n {4}at |Node\.js v/);
  });

  test('three mistakes give three lines and exit code 1, without a stack trace', async () => {
    const wrong = {
      ...input(),
      environment: 'two words',
      retention: 0,
      schedules: [{ name: 'nightly', expression: 'every night' }],
    };
    const { code, out, err } = await runApp(`export default ${JSON.stringify(wrong)};`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    const lines = err.trimEnd().split('\n');
    expect(lines[0]).toBe('The configuration has 3 mistakes:');
    expect(lines.slice(1).map((line) => line.trim().split(':')[0])).toEqual([
      'environment',
      'schedules[0].expression',
      'retention',
    ]);
  });
});
