import { expect, it } from 'vitest';
import { type Login, whileFresh } from '../../../adapters/secrets/credentials.ts';

/** A secret that rotates with every reading, on a clock that is set by hand. */
const rotating = (failures = 0) => {
  let reads = 0;
  let time = 1000;
  const read = async (): Promise<Login> => {
    reads += 1;
    if (reads <= failures) throw new Error('not now');
    return { user: 'larder', password: `password ${reads}` };
  };
  return {
    credentials: whileFresh(read, () => time),
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
};

it('the connections of one attempt read the secret once', async () => {
  const { credentials, pass } = rotating();
  const logins = await Promise.all([credentials(), credentials()]);
  pass(500);
  logins.push(await credentials());
  expect(new Set(logins.map(({ password }) => password))).toEqual(new Set(['password 1']));
});

it('a later attempt reads it again, however often it was requested meanwhile', async () => {
  const { credentials, pass } = rotating();
  for (let tries = 0; tries < 3; tries += 1) {
    await credentials();
    pass(700);
  }
  expect(await credentials()).toEqual({ user: 'larder', password: 'password 2' });
});

it('a refused login reads it again at once, for as many as were refused', async () => {
  const { credentials, pass } = rotating();
  const refused = await credentials();
  pass(700);
  const [one, other] = await Promise.all([credentials(refused), credentials(refused)]);
  expect(new Set([one.password, other.password]).has(refused.password)).toBe(false);
});

it('a failure is not kept', async () => {
  const { credentials } = rotating(1);
  await expect(credentials()).rejects.toThrow('not now');
  expect(await credentials()).toEqual({ user: 'larder', password: 'password 2' });
});
