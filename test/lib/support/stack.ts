import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AppProps, CfnElement, type Stack, Stage } from 'aws-cdk-lib';
import { larderApp } from '../../../lib/app.ts';
import type { Config } from '../../../lib/config.ts';
import { LarderStack } from '../../../lib/larder-stack.ts';
import { readDocument } from '../../../local/template/document.ts';
import { RUN_FOLDER } from '../../support/run-folder.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Synthesis {
  readonly stack: Stack;
  /** Includes those of the nested stacks. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  /** The resource of the construct at a path below the stack, such as `Vault/Bucket`. */
  at(path: string): Resource;
  /** Paths and resources of one type. */
  ofType(type: string): readonly (readonly [path: string, resource: Resource])[];
  /** An intrinsic as text: `<Vault/Bucket.Arn>/backups/*`. */
  text(value: unknown): string;
}

/** Cloud assemblies; they are removed with the run. */
const assemblies = mkdtempSync(path.join(process.env[RUN_FOLDER] ?? tmpdir(), 'stacks-'));

/**
 * The stack without its bundles and layers; everything else in it is the same. CloudFormation's own rules take longer than all the rest:
 * nag.test.ts checks them.
 */
export const makeStack = (config: Config, given: AppProps = {}): LarderStack => {
  const outdir = mkdtempSync(path.join(assemblies, 'assembly-'));
  const context = { 'aws:cdk:bundling-stacks': [] };
  const app = larderApp({ outdir, context, builtinCloudFormationValidation: false, ...given });
  return new LarderStack(app, 'Larder', { config });
};

/** The value at a path inside a property, or undefined. */
export const within = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, step) => (isRecord(inner) ? inner[String(step)] : undefined), value);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The path of a construct: the constructs named `Default` between a source and its own constructs are no part of it, as of its ids. */
const pathOfElement = (element: CfnElement): string =>
  element.node.path
    .replace(/^Larder\//, '')
    .replace(/\/Resource$/, '')
    .replace(/^Sources\/Default\//, 'Sources/')
    .replace(/^(Sources\/[^/]+)\/Default\//, '$1/');

const idOf = (element: CfnElement): string => {
  const nested = element.stack.nestedStackResource;
  const prefix = nested ? idOf(nested) : '';
  return `${prefix}${element.stack.resolve(element.logicalId)}`;
};

export const synthesis = (config: Config): Synthesis => {
  const stack = makeStack(config);
  const { directory } = Stage.of(stack)?.synth() ?? {};
  const document = readDocument({
    templateFile: path.join(directory ?? '', stack.templateFile),
    assetsFile: path.join(directory ?? '', `${stack.artifactId}.assets.json`),
    stackName: stack.stackName,
  });
  const resources = Object.fromEntries(document.resources);
  const outputs = Object.fromEntries(
    [...document.outputs].map(([name, Value]) => [name, { Value }]),
  );
  const paths = new Map(
    stack.node
      .findAll()
      .filter((construct) => CfnElement.isCfnElement(construct))
      .map((element) => [idOf(element), pathOfElement(element)]),
  );
  const pathOf = (id: string): string => paths.get(id) ?? id;
  const text = (value: unknown): string => {
    if (!isRecord(value)) return String(value);
    const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::Sub': sub } = value;
    if (typeof ref === 'string') return `<${pathOf(ref)}>`;
    if (Array.isArray(attribute)) return `<${pathOf(attribute[0])}.${attribute[1]}>`;
    if (Array.isArray(join)) return join[1].map(text).join(join[0]);
    if (typeof sub === 'string') return sub;
    return JSON.stringify(value);
  };
  const byPath = Object.entries(resources).map(([id, resource]) => [pathOf(id), resource] as const);
  return {
    stack,
    resources,
    outputs,
    text,
    at: (wanted) => {
      const [, resource] = byPath.find(([one]) => one === wanted) ?? [];
      if (!resource)
        throw new Error(`There is no ${wanted} among ${[...paths.values()].join(', ')}`);
      return resource;
    },
    ofType: (type) => byPath.filter(([, resource]) => resource.Type === type),
  };
};
