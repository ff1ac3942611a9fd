import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Admit, guardRequests } from './admission.ts';

/** A server of the local stack: it listens on the loopback interface only. */
export interface Listening {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export const LOOPBACK = '127.0.0.1';

/** Another process listens on the port. */
export class PortInUse extends Error {
  constructor(port: number) {
    super(
      `Port ${port} on ${LOOPBACK} is in use. Stop the program that listens there, or choose another port with --port.`,
    );
    this.name = 'PortInUse';
  }
}

/**
 * @param admit access control; without it every program of this machine is admitted, as in tests
 * @param port 0 chooses a free one
 * @throws PortInUse
 */
export const listenOnLoopback = async (
  server: Server,
  admit?: Admit,
  port = 0,
): Promise<Listening> => {
  guardRequests(server, admit);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUse(port) : error),
    );
    server.listen(port, LOOPBACK, resolve);
  });
  const taken = (server.address() as AddressInfo).port;
  return {
    port: taken,
    url: `http://${LOOPBACK}:${taken}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
};

/** @throws PortInUse if another process listens on it now, so that a start can fail early */
export const checkPortFree = async (port: number): Promise<void> => {
  const probe = await listenOnLoopback(createServer(), undefined, port);
  await probe.close();
};
