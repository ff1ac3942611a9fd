import * as z from 'zod';
import { ENV } from '../core/contract.ts';
import { InvalidInput } from '../core/errors/request.ts';
import { checkTemplate } from '../core/keys.ts';
import { retentionSettings } from '../core/retention/policy.ts';
import {
  apiScheduleSettings,
  exportSettings,
  notificationSettings,
  restoreSettings,
  sourceSettings,
  watchedSchedules,
} from '../core/settings.ts';
import { verificationSettings } from '../core/verification.ts';

const json = <S extends z.ZodType>(schema: S) =>
  z.string().transform((text, context): z.output<S> => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      context.addIssue({ code: 'custom', message: `${issue.path.join('.')}: ${issue.message}` });
    }
    return z.NEVER;
  });

const text = z.string().min(1);
const list = (names: string): string[] => names.split(',');

/** How each variable is read. */
const READERS = {
  environment: text,
  historyTable: text,
  vaultBucket: text,
  source: json(sourceSettings),
  exportDefaults: json(exportSettings),
  retention: json(retentionSettings),
  notifications: json(notificationSettings),
  keyTemplate: text.transform(checkTemplate),
  manifestKeys: text.transform(list),
  exportsQueue: text,
  restoresQueue: text,
  verificationsQueue: text,
  restore: json(restoreSettings),
  verification: json(verificationSettings),
  outcomesQueue: text,
  routes: text.transform(list),
  postgresRoot: text,
  schedules: json(watchedSchedules),
  apiSchedules: json(apiScheduleSettings),
  eraseFunction: text,
  deadLetters: text.transform(list),
} as const satisfies Record<keyof typeof ENV, z.ZodType>;

type Readers = typeof READERS;
export type Environment<K extends keyof Readers> = { readonly [P in K]: z.output<Readers[P]> };

/**
 * Reads the variables a function needs, once, at its start.
 * @throws InvalidInput with every variable that is missing or wrong. The message never contains values.
 */
export const readEnvironment = <K extends keyof Readers>(
  names: readonly K[],
  variables: NodeJS.ProcessEnv = process.env,
): Environment<K> => {
  const problems: string[] = [];
  const values: Partial<Record<K, unknown>> = {};
  for (const name of names) {
    const variable = variables[ENV[name]];
    if (variable === undefined) {
      problems.push(`${ENV[name]} is not set`);
      continue;
    }
    const result = READERS[name].safeParse(variable);
    if (result.success) values[name] = result.data;
    else problems.push(...result.error.issues.map((issue) => `${ENV[name]}: ${issue.message}`));
  }
  if (problems.length) throw new InvalidInput('The environment of the function', problems);
  return values as Environment<K>;
};
