/**
 * Event filter patterns, as in event source mappings: each leaf of a pattern is a list of values or rules, one of
 * which must match; all members must match. A rule of an unknown kind is an error, never a match.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
type Rule = string | number | boolean | null | Readonly<Record<string, unknown>>;

const fits = (rule: Rule, value: unknown): boolean => {
  if (typeof rule !== 'object' || rule === null) return rule === (value ?? null);
  const [name = '', argument] = Object.entries(rule)[0] ?? [];
  switch (name) {
    case 'exists':
      return (value !== undefined) === argument;
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(argument));
    case 'suffix':
      return typeof value === 'string' && value.endsWith(String(argument));
    case 'anything-but':
      return value !== undefined && ![argument].flat().some((one) => one === value);
    default:
      throw new Error(`Filter rules of kind ${name} are not known here`);
  }
};

const matchesPattern = (pattern: unknown, value: unknown): boolean => {
  if (Array.isArray(pattern)) {
    const values = Array.isArray(value) ? value : [value];
    return pattern.some((rule: Rule) => values.some((one) => fits(rule, one)));
  }
  if (typeof pattern !== 'object' || pattern === null) return false;
  const members = typeof value === 'object' && value !== null ? value : {};
  return Object.entries(pattern).every(([name, inner]) =>
    matchesPattern(inner, (members as Record<string, unknown>)[name]),
  );
};

/** True without patterns, or if one of them matches. */
export const passes = (filters: readonly unknown[], event: unknown): boolean =>
  filters.length === 0 || filters.some((pattern) => matchesPattern(pattern, event));
