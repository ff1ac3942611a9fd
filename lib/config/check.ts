import path from 'node:path';
import type { z } from 'zod';
import { ConfigInvalid } from './config-invalid.ts';
import { crossCheck } from './cross-checks.ts';
import type { Mistake } from './mistake.ts';
import { type Config, type ConfigInput, configSchema } from './schema.ts';

const PROJECT_FOLDER = path.resolve(import.meta.dirname, '..', '..');

/** `sources[0].host`, as it would be written in TypeScript. */
const pathText = (at: readonly PropertyKey[]): string =>
  at
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index ? '.' : ''}${String(part)}`,
    )
    .join('') || 'the configuration';

type Issue = z.core.$ZodIssue;

const isOfAnotherType = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');

const hasUnknownKeys = (issue: Issue): boolean =>
  issue.path.length === 0 && issue.code === 'unrecognized_keys';

/** For a union, zod says only that nothing fits. The author meant the one form whose type fits. */
const meant = (issue: Issue): readonly Issue[] => {
  if (issue.code === 'unrecognized_keys') {
    const message = 'is not a setting: correct the spelling or leave it out';
    return issue.keys.map((key) => ({ ...issue, path: [...issue.path, key], message }));
  }
  if (issue.code !== 'invalid_union') return [issue];
  // If the discriminator's word fits no form, the issue itself lists the allowed words.
  if (issue.errors.length === 0) return [issue];
  const ofType = issue.errors.filter((form) => !form.some(isOfAnotherType));
  // Of several objects, the author meant the one that has the keys that were written.
  const ofKeys = ofType.filter((form) => !form.some(hasUnknownKeys));
  const candidates = ofKeys.length ? ofKeys : ofType;
  const forms = (candidates.length ? candidates : issue.errors).flat();
  return forms.flatMap((inner) => meant({ ...inner, path: [...issue.path, ...inner.path] }));
};

const sentence = (issue: Issue): string => {
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return `is missing: give a value of type ${issue.expected}`;
  }
  return issue.message
    .replace(/^Invalid (input|option): /, '')
    .replace(/^Invalid discriminator value\. Expected/, 'expected');
};

const line = ({ path: at, message }: Mistake): string => `${pathText(at)}: ${message}`;

/** Several forms of one union that failed at the same place are one mistake of the author. */
const formMistakes = (issues: readonly Issue[]): Mistake[] =>
  issues.flatMap((issue) => {
    const inner = meant(issue);
    const places = new Set(inner.map((one) => pathText(one.path)));
    const [first] = inner;
    if (inner.length > 1 && places.size === 1 && first && issue.code === 'invalid_union') {
      return [{ path: first.path, message: inner.map(sentence).join(', or ') }];
    }
    return inner.map((one) => ({ path: one.path, message: sentence(one) }));
  });

const withAbsolutePaths = (config: Config, folder: string): Config => ({
  ...config,
  sources: config.sources.map((source) => ({
    ...source,
    ...(source.ca && { ca: path.resolve(folder, source.ca) }),
  })),
});

/** Verification compares hashes that the export has computed. */
const withComparison = (config: Config): Config =>
  config.verification.compare === 'rows'
    ? { ...config, export: { ...config.export, compare: 'rows' } }
    : config;

/**
 * Returns a configuration with its defaults filled in and its file names made absolute.
 * @param folder what file names in it are relative to; the project's own by default
 * @throws ConfigInvalid with all mistakes at once, a line for each: its path and a correct value
 */
export const checkConfig = (value: unknown, folder = PROJECT_FOLDER): Config => {
  const form = configSchema.safeParse(value, { reportInput: true });
  const mistakes = [
    ...(form.success ? [] : formMistakes(form.error.issues)),
    ...crossCheck(value, folder),
  ];
  if (form.success && mistakes.length === 0)
    return withComparison(withAbsolutePaths(form.data, folder));
  throw new ConfigInvalid(mistakes.map(line));
};

/** Gives an editor the configuration's types; the other checks run when the stack is synthesized. */
export const defineConfig = (config: ConfigInput): ConfigInput => config;
