import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Resource } from './stack.ts';

/** Resources that hold something, or whose address others know: an upgrade may neither remove nor replace one. */
const KEPT_TYPES = [
  'AWS::ApiGateway::RestApi',
  'AWS::DynamoDB::Table',
  'AWS::DynamoDB::GlobalTable',
  'AWS::EC2::VPCEndpoint',
  'AWS::KMS::Key',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
] as const;

/** A resource as a deployed stack has it, without all that an update in place may change. */
export const keptResource = z.object({
  type: z.enum(KEPT_TYPES),
  /** Properties whose change makes CloudFormation replace the resource. */
  fixed: z.record(z.string(), z.unknown()),
  deletionPolicy: z.string().optional(),
});
export type KeptResource = z.output<typeof keptResource>;
/** By logical id; inside a nested stack, prefixed with the nested stack's id. */
export const keptResources = z.record(z.string(), keptResource);

/** AWS's own description of CloudFormation's resource types, which `cdk diff` reads too. */
const specification = z.object({
  schema: z.object({
    resource: z.object({
      entities: z.array(
        z.object({
          cloudFormationType: z.string(),
          properties: z.record(
            z.string(),
            z.object({ causesReplacement: z.enum(['yes', 'maybe', 'no']).optional() }),
          ),
        }),
      ),
    }),
  }),
});

const readReplacing = (): ReadonlyMap<string, readonly string[]> => {
  const manifest = createRequire(import.meta.url).resolve('aws-cdk/package.json');
  const file = path.join(path.dirname(manifest), 'db.json.gz');
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  const { entities } = specification.parse(JSON.parse(text)).schema.resource;
  return new Map(
    entities.map(({ cloudFormationType, properties }) => [
      cloudFormationType,
      Object.entries(properties).flatMap(([name, { causesReplacement = 'no' }]) =>
        causesReplacement === 'no' ? [] : [name],
      ),
    ]),
  );
};

const isKept = (type: string): type is KeptResource['type'] =>
  KEPT_TYPES.some((known) => known === type);

/** What a synthesized stack has of such resources. */
export const keptOf = (
  resources: Readonly<Record<string, Resource>>,
): Readonly<Record<string, KeptResource>> => {
  const replacing = readReplacing();
  return Object.fromEntries(
    Object.entries(resources).flatMap(([id, { Type: type, Properties = {}, DeletionPolicy }]) => {
      if (!isKept(type)) return [];
      const names = replacing.get(type);
      if (!names) throw new Error(`AWS describes no ${type}`);
      const fixed = Object.fromEntries(
        names.flatMap((name) => (name in Properties ? [[name, Properties[name]]] : [])),
      );
      const kept: KeptResource = {
        type,
        fixed,
        ...(DeletionPolicy !== undefined && { deletionPolicy: DeletionPolicy }),
      };
      return [[id, kept]];
    }),
  );
};
