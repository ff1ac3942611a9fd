/** Names in the template that belong to a source: outputs, which the command line reads, and the nested stack. */

/** `my-db` as part of an output's name: `MyDb`. */
export const pascalCase = (name: string): string =>
  name.replace(/(?:^|-+)([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase());

/** The name of a source's discover function. */
export const discoverOutput = (source: string): string => `DiscoverFunction${pascalCase(source)}`;
