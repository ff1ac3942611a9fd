import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { inlineNested, NESTED, type Template } from './nested.ts';
import { type Resource, resource } from './resource.ts';

/**
 * A synthesized stack: its CloudFormation template including its nested stacks, and the local paths of the files that it names by
 * S3 key. The assets file beside it lists these paths.
 */

const template = z.looseObject({
  Resources: z.record(z.string(), resource),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })).default({}),
  Parameters: z.record(z.string(), z.looseObject({ Default: z.unknown().optional() })).default({}),
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

export interface Document {
  readonly stackName: string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Folder or file of each asset, by its S3 key. */
  readonly assets: ReadonlyMap<string, string>;
}

/** The local stack can't run a part of the template. The error names the part; the stack never continues without it. */
export class NotEmulated extends Error {
  constructor(where: string, what: string) {
    super(
      `${where}: ${what}. The local stack would differ from the deployed one: implement it in local/.`,
    );
    this.name = 'NotEmulated';
  }
}

export const readDocument = (files: {
  readonly templateFile: string;
  readonly assetsFile: string;
  readonly stackName: string;
}): Document => {
  const listed = assets.parse(JSON.parse(readFileSync(files.assetsFile, 'utf8')));
  const folder = path.dirname(files.assetsFile);
  const byKey = new Map<string, string>();
  for (const { source, destinations } of Object.values(listed.files)) {
    for (const { objectKey } of Object.values(destinations)) {
      byKey.set(objectKey, path.resolve(folder, source.path));
    }
  }
  const { parameters, ...outermost } = readTemplate(files.templateFile, byKey);
  return {
    stackName: files.stackName,
    ...inlineNested(outermost, files.stackName),
    parameters,
    assets: byKey,
  };
};

/** A template's file, and the files of its nested stacks, which it names by the S3 keys of assets. */
const readTemplate = (
  file: string,
  assetFiles: ReadonlyMap<string, string>,
): Template & Pick<Document, 'parameters'> => {
  const parsed = template.parse(JSON.parse(readFileSync(file, 'utf8')));
  const nested = new Map<string, Template>();
  for (const [id, { Type, Properties }] of Object.entries(parsed.Resources)) {
    if (Type !== NESTED) continue;
    const url = JSON.stringify(Properties.TemplateURL);
    const [, found] = [...assetFiles].find(([key]) => url.includes(`/${key}"`)) ?? [];
    if (!found) throw new NotEmulated(id, `the assets file has no template of ${url}`);
    nested.set(id, readTemplate(found, assetFiles));
  }
  return {
    resources: parsed.Resources,
    outputs: Object.fromEntries(
      Object.entries(parsed.Outputs).map(([name, { Value }]) => [name, Value]),
    ),
    parameters: new Map(
      Object.entries(parsed.Parameters).flatMap(([name, { Default }]) =>
        Default === undefined ? [] : [[name, Default] as const],
      ),
    ),
    nested,
  };
};

/** Resources of one type, with their logical ids. */
export const ofType = (document: Document, type: string): (readonly [string, Resource])[] =>
  [...document.resources].filter(([, one]) => one.Type === type);
