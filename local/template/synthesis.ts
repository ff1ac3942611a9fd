import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../lib/config.ts';
import type { Synthesized } from '../../lib/synthesize.ts';

export interface SynthesisOptions {
  /** Receives the cloud assembly, and holds nothing else. */
  readonly folder: string;
  /** For temporary files of the synthesis. */
  readonly temporaryFolder: string;
  /** Aborts it. */
  readonly signal?: AbortSignal;
  readonly onProcess?: (pid: number) => void;
}

/**
 * Synthesizes the stack while the other parts start: the CDK works for seconds without a pause and needs 200 MB. The
 * process that runs the emulators should neither wait for that nor keep the memory.
 * @throws Error with the errors of the synthesis
 */
export const synthesizeApart = async (
  config: Config,
  { folder, temporaryFolder, signal, onProcess }: SynthesisOptions,
): Promise<Synthesized> => {
  // Bundles of earlier starts would accumulate, because their names contain a hash of their content.
  await rm(folder, { recursive: true, force: true });
  signal?.throwIfAborted();
  // Its folder is an argument, so that this process can be recognized by it later.
  const child = fork(fileURLToPath(new URL('./synthesis-process.ts', import.meta.url)), [folder], {
    env: { ...process.env, TMPDIR: temporaryFolder },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.pid !== undefined) onProcess?.(child.pid);
  signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  let output = '';
  const collect = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  child.send({ config, folder });
  let answer: { ok?: Synthesized; problem?: string } = {};
  child.once('message', (message: typeof answer) => {
    answer = message;
  });
  // Its answer counts after it has ended: then it writes no more to the folder.
  const [[code]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [
    [number | null],
    unknown,
  ];
  signal?.throwIfAborted();
  if (answer.ok) return answer.ok;
  throw new Error(
    answer.problem
      ? `The stack can't be synthesized: ${answer.problem}`
      : `The synthesis ended with status ${code}: ${output.trim()}`,
  );
};
