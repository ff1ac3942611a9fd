import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

/**
 * A synthesized stack: its CloudFormation template, and where the files that it names by S3 key lie on this machine,
 * which the assets file beside it tells.
 */
const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Condition: z.string().optional(),
});

const template = z.looseObject({
  Resources: z.record(z.string(), resource),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })).default({}),
  Parameters: z.record(z.string(), z.looseObject({ Default: z.unknown() })).default({}),
});

const assets = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({ path: z.string() }),
        destinations: z.record(z.string(), z.looseObject({ objectKey: z.string() })),
      }),
    )
    .default({}),
});

export type Resource = z.infer<typeof resource>;

export interface Document {
  readonly stackName: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Folder or file of each asset, by its S3 key. */
  readonly assets: ReadonlyMap<string, string>;
}

/** The template says something that the local stack can't make real. It says what, and never goes on without it. */
export class NotEmulated extends Error {
  constructor(where: string, what: string) {
    super(
      `${where}: ${what}. The local stack would not be what is deployed: teach local/ about it.`,
    );
    this.name = 'NotEmulated';
  }
}

export const readDocument = async (files: {
  readonly templateFile: string;
  readonly assetsFile: string;
  readonly stackName: string;
}): Promise<Document> => {
  const parsed = template.parse(JSON.parse(await readFile(files.templateFile, 'utf8')));
  const listed = assets.parse(JSON.parse(await readFile(files.assetsFile, 'utf8')));
  const folder = path.dirname(files.assetsFile);
  const byKey = new Map<string, string>();
  for (const { source, destinations } of Object.values(listed.files)) {
    for (const { objectKey } of Object.values(destinations)) {
      byKey.set(objectKey, path.resolve(folder, source.path));
    }
  }
  return {
    stackName: files.stackName,
    resources: new Map(Object.entries(parsed.Resources)),
    outputs: new Map(Object.entries(parsed.Outputs).map(([name, { Value }]) => [name, Value])),
    parameters: new Map(
      Object.entries(parsed.Parameters).map(([name, { Default }]) => [name, Default]),
    ),
    assets: byKey,
  };
};

/** Resources of one type, with their logical ids. */
export const ofType = (document: Document, type: string): (readonly [string, Resource])[] =>
  [...document.resources].filter(([, one]) => one.Type === type);
