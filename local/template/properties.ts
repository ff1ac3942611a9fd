import * as z from 'zod';
import { type Document, NotEmulated } from './document.ts';
import type { Resolver } from './resolve.ts';
import type { Resource } from './resource.ts';

/** The inputs of the code that reads a template. */
export interface Reading {
  readonly document: Document;
  readonly resolve: Resolver;
}

/** CloudFormation accepts numbers and booleans as text too. */
export const number = z.coerce.number();
export const flag = z.union([z.boolean(), z.stringbool()]);

/** Properties of a resource, resolved: only those that the schema names. */
export const read = <S extends z.ZodRawShape>(
  { resolve }: Reading,
  id: string,
  { Type, Properties }: Resource,
  shape: S,
): z.output<z.ZodObject<S>> => {
  const chosen = Object.keys(shape).flatMap((name) =>
    Properties[name] === undefined ? [] : [[name, resolve(Properties[name], `${id}.${name}`)]],
  );
  const result = z.object(shape).safeParse(Object.fromEntries(chosen));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.')}: ${message}`,
  );
  throw new NotEmulated(`${id} (${Type})`, problems.join('; '));
};

/** @throws NotEmulated for a property that is neither read nor known to make no difference here */
export const refuseOthers = (
  id: string,
  { Properties }: Resource,
  known: readonly string[],
): void => {
  const others = Object.keys(Properties).filter((name) => !known.includes(name));
  if (others.length) throw new NotEmulated(id, `its ${others.join(', ')} are not known`);
};
