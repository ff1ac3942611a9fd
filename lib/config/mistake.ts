import type { Outline } from './outline.ts';

/** A mistake that concerns several parts of the configuration, or its environment. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export const mistake = (at: readonly PropertyKey[], message: string): Mistake => ({
  path: at,
  message,
});

type Source = NonNullable<Outline['sources'][number]>;

/** Calls a check for each source that has a valid form. */
export const ofSources = (
  outline: Outline,
  look: (source: Source, at: readonly PropertyKey[]) => Mistake[],
): Mistake[] =>
  outline.sources.flatMap((source, index) => (source ? look(source, ['sources', index]) : []));

/**
 * Reports values that occurred earlier in the list.
 * @param keyOf returns the part of a name that must be unique; the name itself by default
 */
export const repeated = (
  names: readonly (string | undefined)[],
  pathOf: (index: number) => readonly PropertyKey[],
  keyOf: (name: string) => string = (name) => name,
): Mistake[] => {
  const keys = names.map((name) => name && keyOf(name));
  return names.flatMap((name, index) => {
    const first = keys.indexOf(keys[index]);
    return name === undefined || first === index
      ? []
      : [mistake(pathOf(index), `"${name}" is taken by number ${first + 1}: names are unique`)];
  });
};
