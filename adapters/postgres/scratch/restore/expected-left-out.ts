import { type Manifest, SUPERUSER_KINDS } from '../../../../core/manifest.ts';
import type { LeftOutObject } from '../../replay/left-out-object.ts';

/**
 * Objects that were left out although the manifest does not list them among those that only a superuser may create, and objects that need them.
 * Their SQL is not the source's any more: a function that reads `LANGUAGE c`, for example, was damaged before the backup was stored. They
 * are compared like all others, and so are reported as missing.
 */
const isCovered = (kind: string): boolean => SUPERUSER_KINDS.some((one) => one === kind);

const fullName = ({ schema, name }: LeftOutObject['name']): string => `${schema}.${name}`;

/** @returns those that were expected; all of them for a manifest without the list */
export const expectedLeftOut = (
  all: readonly LeftOutObject[],
  { superuserObjects: listed }: Pick<Manifest, 'superuserObjects'>,
): readonly LeftOutObject[] => {
  if (!listed) return all;
  const isListed = ({ what, name }: LeftOutObject): boolean => {
    const same = all.filter(
      (one) =>
        one.because.kind === 'superusers-only' &&
        one.what === what &&
        !one.isPartly &&
        fullName(one.name) === fullName(name),
    );
    const known = listed.filter(
      (one) => one.kind === what && fullName(one) === fullName(name),
    ).length;
    // A base type is declared before its functions, and then defined.
    return what === 'type' ? known > 0 : same.length <= known;
  };
  const unexpected = new Set<string>();
  const isExpected = ({ because, what, name, ...one }: LeftOutObject): boolean => {
    if (because.kind === 'needs') return !unexpected.has(because.name);
    if (because.kind === 'needs-cast' || because.isSetting || !isCovered(what)) return true;
    return isListed({ because, what, name, ...one });
  };
  return all.filter((one) => {
    const expected = isExpected(one);
    if (!expected) unexpected.add(fullName(one.name));
    return expected;
  });
};
