import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../lib/config.ts';
import type { Synthesized } from '../../lib/synthesize.ts';

/**
 * Synthesizes the stack beside everything else that starts: the CDK works for seconds without a pause and takes 200 MB,
 * which the process that runs the emulators should neither wait for nor keep.
 * @throws Error with what the synthesis found wrong
 */
export const synthesizeApart = async (config: Config, folder: string): Promise<Synthesized> => {
  // Bundles of earlier starts would pile up, since each is named by its content.
  await rm(folder, { recursive: true, force: true });
  const child = fork(fileURLToPath(new URL('./synthesis-process.ts', import.meta.url)), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const collect = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  child.send({ config, folder });
  return new Promise((resolve, reject) => {
    child.once('message', (message: { ok?: Synthesized; problem?: string }) => {
      if (message.ok) resolve(message.ok);
      else reject(new Error(`The stack can't be synthesized: ${message.problem}`));
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`The synthesis ended with status ${code}: ${output.trim()}`)),
    );
  });
};
