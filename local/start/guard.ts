import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Leftover } from './data-folder.ts';

/**
 * A second process that survives if this one is killed: then it ends the embedded server and removes temporary folders.
 * (Function processes end on their own.) It gets no signal from the terminal.
 */
export interface Guard {
  watch(leftover: Leftover): void;
  dismiss(): void;
}

export type GuardMessage = { readonly watch: Leftover } | { readonly dismiss: true };

export const startGuard = (): Guard => {
  const child = fork(fileURLToPath(new URL('./guard-process.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  child.unref();
  child.channel?.unref();
  const send = (message: GuardMessage): void => {
    if (child.connected) child.send(message);
  };
  return {
    watch: (leftover) => send({ watch: leftover }),
    dismiss: () => {
      send({ dismiss: true });
      if (child.connected) child.disconnect();
    },
  };
};
