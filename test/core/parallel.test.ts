import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allEnded } from '../../core/parallel.ts';

test('a failure is thrown only after all other work has ended, and it is the first one', async () => {
  let ended = 0;
  const work = async (turns: number): Promise<number> => {
    for (let left = turns; left > 0; left -= 1) await turn();
    ended += 1;
    return turns;
  };
  const failing = async (why: string): Promise<never> => {
    await turn();
    throw new Error(why);
  };
  await expect(allEnded([work(5), failing('first'), failing('second'), work(20)])).rejects.toThrow(
    'first',
  );
  expect(ended).toBe(2);
  expect(await allEnded([work(2), work(1), 'no promise'])).toEqual([2, 1, 'no promise']);
});
