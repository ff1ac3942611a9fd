import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LOOPBACK } from '../../../local/emulators/loopback.ts';
import { ACCOUNT } from '../../../local/region.ts';
import { ensureMoto } from './install.ts';

/** A server of moto: all services on one port. It keeps everything in memory, and checks no signature. */
export interface MotoServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export const startMoto = async (): Promise<MotoServer> => {
  const { command, environment } = await ensureMoto();
  const [program, ...words] = command;
  const child = spawn(program, [...words, '-m', 'moto.server', '-H', LOOPBACK, '-p', '0'], {
    env: {
      ...environment,
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      MOTO_ACCOUNT_ID: ACCOUNT,
      S3_IGNORE_SUBDOMAIN_BUCKETNAME: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = once(child, 'close').then(() => {
    throw new Error(`moto ended: ${output.slice(-3000)}`);
  });
  exited.catch(() => undefined);
  const started = new Promise<number>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-100_000);
        const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
  });
  const port = await Promise.race([started, exited]);
  return {
    port,
    url: `http://${LOOPBACK}:${port}`,
    close: async () => {
      child.kill('SIGKILL');
      await exited.catch(() => undefined);
    },
  };
};
