import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../lib/config.ts';
import type { Synthesized } from '../../lib/synthesize.ts';

export interface SynthesisOptions {
  /** Gets the cloud assembly, and holds nothing else. */
  readonly folder: string;
  /** For what the synthesis makes on its way. */
  readonly temporaryFolder: string;
  /** Ends it half way. */
  readonly signal?: AbortSignal;
  readonly onProcess?: (pid: number) => void;
}

/**
 * Synthesizes the stack beside everything else that starts: the CDK works for seconds without a pause and takes 200 MB,
 * which the process that runs the emulators should neither wait for nor keep.
 * @throws Error with what the synthesis found wrong
 */
export const synthesizeApart = async (
  config: Config,
  { folder, temporaryFolder, signal, onProcess }: SynthesisOptions,
): Promise<Synthesized> => {
  // Bundles of earlier starts would pile up, since each is named by its content.
  await rm(folder, { recursive: true, force: true });
  signal?.throwIfAborted();
  // Its folder is an argument so that a process of this number is known to be this one.
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
  // Its answer counts once it has ended: then it writes no more into the folder.
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
