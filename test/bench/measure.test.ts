import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endMeasured, measure } from '../../bench/measure.ts';

/** The measurements of a process, tried with real processes whose work is known beforehand. */
const MIB = 1024 ** 2;
let folder: string;
beforeAll(() => {
  // On a disk: the kernel does not count bytes written to memory.
  folder = mkdtempSync('/var/tmp/larder-measure-');
});
afterAll(() => rmSync(folder, { recursive: true }));

const scriptOf = (name: string, code: string): string => {
  const file = path.join(folder, `${name}.ts`);
  const measuring = pathToFileURL(path.join(import.meta.dirname, '../../bench/measure.ts')).href;
  writeFileSync(
    file,
    `import { spawnSync } from 'node:child_process';
     import { readFileSync, writeFileSync } from 'node:fs';
     import { sayResult } from '${measuring}';
     const task = JSON.parse(readFileSync(0, 'utf8'));
     ${code}
     sayResult({ done: true });`,
  );
  return file;
};

const run = (script: string) =>
  measure({ script, task: { folder }, environment: { PATH: process.env.PATH, TMPDIR: tmpdir() } });

describe('a process that is measured', () => {
  it('shows the CPU time of its children separately from its own', async () => {
    const { cpuSeconds, childrenCpuSeconds, result } = await run(
      scriptOf(
        'busy',
        "spawnSync('sh', ['-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done']);",
      ),
    );
    expect(result).toEqual({ done: true });
    expect(childrenCpuSeconds).toBeGreaterThan(0);
    expect(cpuSeconds).toBeGreaterThan(childrenCpuSeconds);
  });

  it('shows the bytes that it and its children wrote, each once', async () => {
    const { writtenToDisk } = await run(
      scriptOf(
        'writing',
        `writeFileSync(task.folder + '/own', Buffer.alloc(${4 * MIB}, 1));
         spawnSync('sh', ['-c', 'head -c ${8 * MIB} /dev/zero > ' + task.folder + '/child; sleep 0.3']);`,
      ),
    );
    expect(writtenToDisk).toBeGreaterThanOrEqual(12 * MIB);
    expect(writtenToDisk).toBeLessThan(13 * MIB);
  });

  it('shows the largest memory of its children', async () => {
    const { peakMemory, peakOfChildren } = await run(
      // dd reads its block into memory.
      scriptOf(
        'large',
        `const { spawn } = await import('node:child_process');
         await new Promise((resolve) => spawn('sh', ['-c', 'exec dd if=/dev/zero of=/dev/null bs=64M count=20'], { stdio: 'ignore' }).once('close', resolve));`,
      ),
    );
    expect(peakOfChildren).toBeGreaterThanOrEqual(64 * MIB);
    expect(peakMemory).toBeGreaterThan(peakOfChildren);
  });

  it('that fails is reported with its output', async () => {
    const script = scriptOf('failing', "throw new Error('no such luck');");
    await expect(run(script)).rejects.toThrow('no such luck');
  });

  it('ends with its children when the benchmark is stopped', async () => {
    const script = scriptOf(
      'endless',
      `const { spawn } = await import('node:child_process');
       const child = spawn('sleep', ['1000']);
       writeFileSync(task.folder + '/pid', String(child.pid));
       await new Promise((resolve) => child.once('close', resolve));`,
    );
    const ended = expect(run(script)).rejects.toThrow('ended with null');
    const pid = await pidIn(path.join(folder, 'pid'));
    endMeasured();
    await ended;
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

const pidIn = async (file: string): Promise<number> => {
  while (!existsSync(file) || !readFileSync(file, 'utf8')) await sleep(20);
  return Number(readFileSync(file, 'utf8'));
};

/** Not one that has ended and was not waited for yet. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
