import type { Outline } from './outline.ts';

/** A mistake that concerns several parts of the configuration at once, or the world around it. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export const mistake = (at: readonly PropertyKey[], message: string): Mistake => ({
  path: at,
  message,
});

type Source = NonNullable<Outline['sources'][number]>;

/** Looks at each source that is one. */
export const ofSources = (
  outline: Outline,
  look: (source: Source, at: readonly PropertyKey[]) => Mistake[],
): Mistake[] =>
  outline.sources.flatMap((source, index) => (source ? look(source, ['sources', index]) : []));

/**
 * Values that stand for something and are there before.
 * @param keyOf gives what must be unique of a name; the name itself by default
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
