/**
 * Wildcards of IAM: `*` matches any characters, `?` matches one; `${*}`, `${?}` and `${$}` are these characters themselves. Patterns are
 * compiled once, because each request is compared with many.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
 */
const TOKEN = /\$\{([*?$])\}|[\s\S]/g;
const WILDCARDS: Readonly<Record<string, string>> = { '*': '.*', '?': '.' };
const compiled = new Map<string, RegExp>();

const globOf = (pattern: string): RegExp => {
  const known = compiled.get(pattern);
  if (known) return known;
  const source = pattern.replace(
    TOKEN,
    (token, special?: string) =>
      WILDCARDS[token] ?? (special ?? token).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'),
  );
  const made = new RegExp(`^${source}$`, 's');
  compiled.set(pattern, made);
  return made;
};

/** The text of a value without wildcards. */
export const literalOf = (value: string): string => value.replace(/\$\{([*?$])\}/g, '$1');

export const matchesGlob = (pattern: string, text: string): boolean => globOf(pattern).test(text);

/** Names of actions are compared case-insensitively. */
export const matchesAction = (pattern: string, action: string): boolean =>
  matchesGlob(pattern.toLowerCase(), action.toLowerCase());

const SEGMENTS = 6;

/** The five parts before the resource, and the resource including its colons. */
const segmentsOf = (arn: string): readonly string[] => {
  const parts = arn.split(':');
  return [...parts.slice(0, SEGMENTS - 1), parts.slice(SEGMENTS - 1).join(':')];
};

/** A wildcard matches within its segment only; a wildcard at the pattern's end matches to the end of the ARN. */
export const matchesArn = (pattern: string, arn: string): boolean => {
  if (pattern === '*') return true;
  if (pattern.split(':').length < SEGMENTS)
    return pattern.endsWith('*') && matchesGlob(pattern, arn);
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(arn);
  return wanted.every((segment, index) => matchesGlob(segment, given[index] ?? ''));
};
