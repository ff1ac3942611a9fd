import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureLayer } from '../../layers/postgres/ensure.ts';
import { LayerTooLarge, PackageNotFound } from '../../layers/postgres/errors.ts';
import { unzippedBytes } from '../../layers/postgres/seal.ts';
import { PostgresLayers } from '../../lib/postgres-layers.ts';
import { makeCertificates } from './support/certificate.ts';
import { scratchFolder } from './support/scratch.ts';
import { startServer } from './support/server.ts';

let folder: string;

beforeAll(async () => {
  folder = await scratchFolder();
});

function layersIn(context: Record<string, unknown>): { stack: Stack; layers: PostgresLayers } {
  const outdir = mkdtempSync(path.join(folder, 'assembly-'));
  const stack = new Stack(new App({ context, outdir }), 'Test');
  const layers = new PostgresLayers(stack, 'Layers', { architecture: Architecture.ARM_64 });
  return { stack, layers };
}

describe('the layers in a stack', () => {
  test.each([
    ['by name', { 'larder:layers': 'placeholder' }],
    ['without bundling', { 'aws:cdk:bundling-stacks': [] }],
  ])(
    'placeholders need no build, and their description says that they are placeholders (%s)',
    (_name, context) => {
      const { stack, layers } = layersIn(context);
      expect(layers.client).toBe(layers.client);
      Template.fromStack(stack).hasResourceProperties('AWS::Lambda::LayerVersion', {
        CompatibleArchitectures: ['arm64'],
        Description: 'Placeholder of the client layer: do not deploy it',
      });
    },
  );

  test('a layer that no function needs does not exist', () => {
    const { stack } = layersIn({ 'larder:layers': 'placeholder' });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::LayerVersion', 0);
  });

  test('layers that were published elsewhere are used unchanged', () => {
    const arn = 'arn:aws:lambda:eu-central-1:123456789012:layer:postgres:7';
    const { stack, layers } = layersIn({ 'larder:client-layer-arn': arn });
    expect(layers.client.layerVersionArn).toBe(arn);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::LayerVersion', 0);
  });

  test('the real one is an asset named by its inputs, for the architecture of the functions', async () => {
    const { stack, layers } = layersIn({});
    expect(layers.client.layerVersionArn).toBeTruthy();
    const { manifest } = await ensureLayer({ layer: 'client', arch: 'arm64' });
    const versions = Object.values(manifest.programs).join(', ');
    // CDK hashes a hash that it is given.
    const key = createHash('sha256').update(manifest.inputs).digest('hex');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::LayerVersion', {
      Content: { S3Key: `${key}.zip` },
      CompatibleArchitectures: ['arm64'],
      Description: `PostgreSQL ${versions}: client programs`,
    });
  });
});

describe.each(['arm64', 'x86_64'] as const)('the layers for %s', (arch) => {
  test('fit into Lambda, with room for a function', async () => {
    const client = await ensureLayer({ layer: 'client', arch, use: 'deploy' });
    const server = await ensureLayer({ layer: 'server', arch, use: 'deploy' });
    const bytes = await Promise.all(
      [client, server].map((one) => unzippedBytes(one.assetDirectory)),
    );
    expect(bytes[0]).toBeLessThan(90_000_000);
    expect(bytes[1]).toBeLessThan(150_000_000);
    expect((bytes[0] ?? 0) + (bytes[1] ?? 0)).toBeLessThan(230_000_000);
  });

  test('are plain files that do not overwrite each other', async () => {
    const seen = new Set<string>();
    for (const layer of ['client', 'server'] as const) {
      const { assetDirectory } = await ensureLayer({ layer, arch });
      for (const name of readdirSync(assetDirectory, { recursive: true }).map(String)) {
        const found = lstatSync(path.join(assetDirectory, name));
        expect(found.isFile() || found.isDirectory()).toBe(true);
        expect(found.mode & 0o444).toBe(0o444);
        if (found.isFile()) expect(seen).not.toContain(name);
        if (found.isFile()) seen.add(name);
      }
    }
    expect([...seen].filter((name) => /\/(man|locale|pgxs|bitcode)\//.test(name))).toEqual([]);
    expect(seen).toContain('postgres/client/licences/postgresql-client-17.trixie.txt');
  });

  test('carry the certificate authorities of RDS', async () => {
    const { assetDirectory } = await ensureLayer({ layer: 'client', arch });
    const pem = readFileSync(path.join(assetDirectory, 'postgres/certs/rds-ca.pem'), 'utf8');
    const authorities = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
    expect(authorities.length).toBeGreaterThan(80);
    for (const one of authorities) expect(new X509Certificate(one).ca).toBe(true);
  });
});

describe('extensions in the server layer', () => {
  test('pgvector and PostGIS search and transform, and the layer still fits into Lambda', async () => {
    const certificates = await makeCertificates(folder, 'db.larder.test');
    const extensions = ['pgvector', 'postgis-3'];
    const server = await startServer(folder, 18, certificates, extensions);
    await server.query('CREATE EXTENSION vector');
    await server.query('CREATE TABLE items (id int, place vector(3))');
    await server.query("INSERT INTO items VALUES (1, '[1,1,1]'), (2, '[2,2,2]'), (3, '[9,9,9]')");
    await server.query('CREATE INDEX ON items USING hnsw (place vector_l2_ops)');
    const near = await server.query(
      "SELECT id, place <-> '[2,2,3]' AS far FROM items ORDER BY place <-> '[2,2,3]' LIMIT 1",
    );
    expect(near.rows).toEqual([{ id: 2, far: 1 }]);
    await server.query('CREATE EXTENSION postgis');
    const metres = await server.query(
      'SELECT round(ST_X(ST_Transform(ST_SetSRID(ST_MakePoint(15, 52), 4326), 25833))) AS x',
    );
    expect(metres.rows).toEqual([{ x: 500_000 }]);
    const { manifest } = await ensureLayer({ layer: 'server', extensions, use: 'deploy' });
    expect(manifest.extensions).toEqual(['postgresql-18-pgvector', 'postgresql-18-postgis-3']);
    expect(manifest.packages.map((one) => one.name)).toContain('postgresql-18-pgvector');
  });

  test('that no release has are refused by name', async () => {
    const ask = ensureLayer({ layer: 'server', extensions: ['no-such-extension'] });
    await expect(ask).rejects.toThrow(PackageNotFound);
    await expect(ask).rejects.toThrow('postgresql-18-no-such-extension');
  });

  test('in a layer too large for Lambda are refused at deployment, not before', async () => {
    const majors = [15, 18];
    const { assetDirectory } = await ensureLayer({ layer: 'server', majors });
    expect(existsSync(path.join(assetDirectory, 'postgres/server/lib/postgresql/15/bin'))).toBe(
      true,
    );
    await expect(ensureLayer({ layer: 'server', majors, use: 'deploy' })).rejects.toThrow(
      LayerTooLarge,
    );
  });
});
