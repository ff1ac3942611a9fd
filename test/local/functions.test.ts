import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePool, type Pool } from '../../local/lambda/pool.ts';
import type { Outcome } from '../../local/lambda/protocol.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Tried';
const nowhere = new Writable({ write: (_chunk, _encoding, callback) => callback() });

let folder: string;
let pools: Pool[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'larder-functions-'));
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.stop(0)));
  pools = [];
  await rm(folder, { recursive: true });
});

/** A function whose handler has this body; `event` and `context` exist. */
const poolOf = async (
  body: string,
  changes: {
    timeoutSeconds?: number;
    atMost?: number;
    processes?: number;
    environment?: Record<string, string>;
  } = {},
): Promise<Pool> => {
  await writeFile(
    path.join(folder, 'index.mjs'),
    `import { spawn } from 'node:child_process';
     let calls = 0;
     export const handler = async (event, context) => { calls += 1; ${body} };`,
  );
  const pool = makePool({
    name: 'Tried',
    arn: ARN,
    memoryMb: 128,
    timeoutSeconds: 20,
    log: nowhere,
    ...changes,
    environment: { LAMBDA_TASK_ROOT: folder, _HANDLER: 'index.handler', ...changes.environment },
  });
  pools.push(pool);
  return pool;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const untilDead = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await wait(50);
  return !isAlive(pid);
};

describe("a function's instance", () => {
  it('is used again, one event at a time, and a second one is started beside it', async () => {
    const pool = await poolOf(
      'await new Promise((r) => setTimeout(r, event.ms)); return { calls, pid: process.pid };',
    );
    const [slow, quick] = await Promise.all([pool.invoke({ ms: 200 }), pool.invoke({ ms: 1 })]);
    const again = await pool.invoke({ ms: 1 });
    const pidOf = (outcome: Outcome) =>
      outcome.kind === 'ok' ? (outcome.payload as { pid: number }).pid : undefined;
    expect(pidOf(slow)).not.toBe(pidOf(quick));
    expect([pidOf(slow), pidOf(quick)]).toContain(pidOf(again));
    expect(again).toMatchObject({ kind: 'ok', payload: { calls: 2 } });
  });

  it('is one of a few if a function has a bound: further events wait in line for it, and all are answered', async () => {
    const pool = await poolOf(
      'await new Promise((r) => setTimeout(r, 20)); return { pid: process.pid };',
      { processes: 2 },
    );
    let most = 0;
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const outcome = await pool.invoke({});
        most = Math.max(most, pool.busy().length);
        return outcome;
      }),
    );
    const pids = outcomes.map((one) =>
      one.kind === 'ok' ? (one.payload as { pid: number }).pid : one.kind,
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
    expect(pids).toHaveLength(20);
    expect(pids).not.toContain('throttled');
    expect(most).toBeLessThanOrEqual(2);
  });

  it('sees the environment it is given and nothing of ours', async () => {
    process.env.LARDER_TEST_SECRET = 'ours';
    const pool = await poolOf('return { ...process.env };', {
      environment: { LARDER_SOURCE: '{}' },
    });
    const outcome = await pool.invoke({});
    delete process.env.LARDER_TEST_SECRET;
    const seen = outcome.kind === 'ok' ? Object.keys(outcome.payload as object) : [];
    // Node's channel to its parent needs these two.
    const channel = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'];
    expect(seen.filter((name) => !channel.includes(name)).sort()).toEqual([
      'LAMBDA_TASK_ROOT',
      'LARDER_SOURCE',
      '_HANDLER',
    ]);
  });

  it('reports its remaining time', async () => {
    const pool = await poolOf('return context.getRemainingTimeInMillis();');
    const outcome = await pool.invoke({});
    const left = outcome.kind === 'ok' ? Number(outcome.payload) : 0;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(20_000);
  });

  it('is killed at its timeout, with its child processes', async () => {
    const file = path.join(folder, 'pid');
    const pool = await poolOf(
      `const { writeFileSync } = await import('node:fs');
       writeFileSync(event.file, String(spawn('sleep', ['60']).pid));
       await new Promise(() => setTimeout(() => {}, 60_000));`,
      { timeoutSeconds: 1 },
    );
    const outcome = await pool.invoke({ file });
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringContaining('timed out'),
      },
    });
    expect(await untilDead(Number(await readFile(file, 'utf8')))).toBe(true);
    expect(pool.busy()).toEqual([]);
  });

  it('that is killed fails its event, ends its children, and is replaced', async () => {
    const file = path.join(folder, 'pid');
    const pool = await poolOf(
      `if (event.file) {
         const { writeFileSync } = await import('node:fs');
         writeFileSync(event.file, String(spawn('sleep', ['60']).pid));
         await new Promise(() => setTimeout(() => {}, 60_000));
       }
       return 'replaced';`,
    );
    const killed = pool.invoke({ file });
    const read = () => readFile(file, 'utf8').catch(() => '');
    while ((await read()) === '') await wait(20);
    for (const { pid } of pool.busy()) process.kill(pid, 'SIGKILL');
    expect(await killed).toMatchObject({
      kind: 'failed',
      failure: { errorType: 'Runtime.ExitError' },
    });
    expect(await untilDead(Number(await read()))).toBe(true);
    expect(await pool.invoke({})).toMatchObject({ kind: 'ok', payload: 'replaced' });
  });

  it('dies with its parent process, even if that is killed', async () => {
    const pidFile = path.join(folder, 'pid');
    await poolOf(`const { writeFileSync } = await import('node:fs');
      writeFileSync(event.file, process.pid + ' ' + spawn('sleep', ['60']).pid);
      await new Promise(() => setTimeout(() => {}, 60_000));`);
    const script = path.join(folder, 'parent.mts');
    const instance = path.resolve(import.meta.dirname, '../../local/lambda/instance.ts');
    await writeFile(
      script,
      `import { startInstance } from ${JSON.stringify(instance)};
       const environment = { LAMBDA_TASK_ROOT: ${JSON.stringify(folder)}, _HANDLER: 'index.handler' };
       startInstance({ environment, memoryMb: 128, log: process.stderr })
         .invoke({ file: ${JSON.stringify(pidFile)} }, 'arn', 60_000);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: 'ignore' });
    const read = () => readFile(pidFile, 'utf8').catch(() => '');
    while ((await read()) === '') await wait(20);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    for (const pid of (await read()).split(' ')) expect(await untilDead(Number(pid))).toBe(true);
  });

  it('reports what prevents its start', async () => {
    const pool = await poolOf('', { environment: { _HANDLER: 'index.nothing' } });
    expect(await pool.invoke({})).toMatchObject({
      kind: 'failed',
      failure: { errorMessage: expect.stringContaining('exports no function nothing') },
    });
  });

  it('is not started beyond the reserved concurrency', async () => {
    const pool = await poolOf('await new Promise((r) => setTimeout(r, 300));', { atMost: 1 });
    const outcomes = await Promise.all([pool.invoke({}), pool.invoke({})]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['ok', 'throttled']);
  });
});
