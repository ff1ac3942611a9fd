import type { Resource } from './resource.ts';

/**
 * Nested stacks as resources of their parent stack: the parent's values replace their parameters, and the outputs' values
 * replace the parent's references to them. So a reader of the document sees one stack with all resources.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
 */
export const NESTED = 'AWS::CloudFormation::Stack';
const STACK_NAME = 'AWS::StackName';

export interface Template {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** By logical id of the resource that creates it. */
  readonly nested: ReadonlyMap<string, Template>;
}

export interface Inlined {
  /** By logical id; inside a nested stack, prefixed with the nested stack's id. */
  readonly resources: ReadonlyMap<string, Resource>;
  readonly outputs: ReadonlyMap<string, unknown>;
}

/** How the names of a template are resolved. */
interface Names {
  /** Prefix of its logical ids. */
  readonly prefix: string;
  readonly stackName: string;
  /** The parameters' values from the parent stack. */
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly isResource: (id: string) => boolean;
  /** The value of an output of one of its nested stacks; undefined if the id is no nested stack. */
  readonly outputOf: (id: string, output: string) => unknown;
}

type Rewrite = (value: unknown) => unknown;

/** `Id.Attribute` or `[Id, Attribute]`. */
const attributeParts = (target: unknown): [id: string, attribute: string] => {
  const [id = '', attribute = ''] =
    typeof target === 'string' ? target.split(/\.(.*)/s) : (target as string[]);
  return [id, attribute];
};

const rewriteAttribute = (names: Names, target: unknown): unknown => {
  const [id, attribute] = attributeParts(target);
  const output = attribute.replace(/^Outputs\./, '');
  return (
    (output !== attribute && names.outputOf(id, output)) || {
      'Fn::GetAtt': [`${names.prefix}${id}`, attribute],
    }
  );
};

const rewriteReference = (names: Names, id: string): unknown => {
  if (names.parameters.has(id)) return names.parameters.get(id);
  if (id === STACK_NAME) return names.stackName;
  return { Ref: names.isResource(id) ? `${names.prefix}${id}` : id };
};

/** Names in the text become its variables, because their values may not be names. */
const rewriteText = (names: Names, target: unknown, rewrite: Rewrite): unknown => {
  const [text, own] = (typeof target === 'string' ? [target, {}] : target) as [
    string,
    Readonly<Record<string, unknown>>,
  ];
  const variables = Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name, rewrite(value)]),
  );
  for (const [, name = ''] of text.matchAll(/\$\{([^!}][^}]*)\}/g)) {
    if (name in variables || (name.startsWith('AWS::') && name !== STACK_NAME)) continue;
    variables[name] = name.includes('.')
      ? rewriteAttribute(names, name)
      : rewriteReference(names, name);
  }
  return { 'Fn::Sub': Object.keys(variables).length ? [text, variables] : text };
};

const makeRewrite = (names: Names): Rewrite => {
  const rewrite: Rewrite = (value) => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [name, argument] = entries.length === 1 ? (entries[0] ?? []) : [];
    if (name === 'Ref') return rewriteReference(names, String(argument));
    if (name === 'Fn::GetAtt') return rewriteAttribute(names, argument);
    if (name === 'Fn::Sub') return rewriteText(names, argument, rewrite);
    return Object.fromEntries(entries.map(([key, one]) => [key, rewrite(one)]));
  };
  return rewrite;
};

/** @param around resolves the template's names; absent for the outermost template */
export const inlineNested = (
  template: Template,
  stackName: string,
  around: Pick<Names, 'prefix' | 'parameters'> = { prefix: '', parameters: new Map() },
): Inlined => {
  const made = new Map<string, Inlined>();
  /** On demand, because one nested stack may use another's outputs. */
  const nestedAt = (id: string, nested: Template): Inlined => {
    const given = template.resources[id]?.Properties.Parameters ?? {};
    const one =
      made.get(id) ??
      inlineNested(nested, `${stackName}-${id}`, {
        prefix: `${around.prefix}${id}`,
        parameters: new Map(
          Object.entries(given).map(([name, value]) => [name, rewrite(value)] as const),
        ),
      });
    made.set(id, one);
    return one;
  };
  const rewrite = makeRewrite({
    ...around,
    stackName,
    isResource: (id) => Object.hasOwn(template.resources, id),
    outputOf: (id, output) => {
      const nested = template.nested.get(id);
      return nested && nestedAt(id, nested).outputs.get(output);
    },
  });
  const resources = Object.entries(template.resources).flatMap(([id, resource]) => {
    const nested = template.nested.get(id);
    if (nested) return [...nestedAt(id, nested).resources];
    const Properties = rewrite(resource.Properties) as Resource['Properties'];
    return [[`${around.prefix}${id}`, { ...resource, Properties }] as const];
  });
  return {
    resources: new Map(resources),
    outputs: new Map(
      Object.entries(template.outputs).map(([name, value]) => [name, rewrite(value)]),
    ),
  };
};
