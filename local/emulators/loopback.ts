import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Admit, guardRequests } from './admission.ts';

/** A server of the local stack: it listens on the loopback interface and nowhere else. */
export interface Listening {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export const LOOPBACK = '127.0.0.1';

/** A port that somebody else listens on. */
export class PortInUse extends Error {
  constructor(port: number) {
    super(
      `Port ${port} on ${LOOPBACK} is in use. End what listens there, or choose another port with --port.`,
    );
    this.name = 'PortInUse';
  }
}

/**
 * @param admit who is let in: without it every program of this machine, as tests have it
 * @param port 0 takes a free one
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

/** @throws PortInUse where somebody listens on it now, so that a start can end before it has begun */
export const checkPortFree = async (port: number): Promise<void> => {
  const probe = await listenOnLoopback(createServer(), undefined, port);
  await probe.close();
};
