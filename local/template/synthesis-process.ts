import type { Config } from '../../lib/config.ts';
import { synthesize } from '../../lib/synthesize.ts';

/** Synthesizes the stack in a separate process, see synthesis.ts. Output of the CDK goes to standard error. */
process.once('message', (message) => {
  const { config, folder } = message as { config: Config; folder: string };
  try {
    process.send?.({ ok: synthesize(config, folder) }, () => process.disconnect());
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.send?.({ problem: text }, () => process.disconnect());
  }
});
