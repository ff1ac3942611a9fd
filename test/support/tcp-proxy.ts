import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/**
 * How a network ends a connection: with an end, with a reset, silently, or as a NAT gateway forgets it: the next use of the connection is
 * answered by a reset.
 */
export type Cut = 'drop' | 'reset' | 'stall' | 'forget';

export interface TcpProxy {
  readonly port: number;
  /**
   * Cuts all open connections, once, as soon as a client sends these bytes, which the server does not get. Later connections work again.
   * Resolves when it has happened.
   */
  cutAt(words: string, cut: Cut): Promise<void>;
  /** Cuts all open connections. */
  cut(cut: Cut): void;
  /** Resets all connections there are, and each new one until it is told otherwise. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  isStalled: boolean;
  isForgotten: boolean;
}

/** A proxy between clients and a port of 127.0.0.1. */
export const startTcpProxy = async (targetPort: number): Promise<TcpProxy> => {
  const pairs = new Set<Pair>();
  let refusing = false;
  let trap: { readonly words: string; readonly cut: Cut; readonly sprung: () => void } | undefined;

  const cutAll = (cut: Cut): void => {
    for (const pair of pairs) {
      if (cut === 'stall' || cut === 'forget') pair.isStalled = true;
      if (cut === 'forget') pair.isForgotten = true;
      for (const socket of [pair.client, pair.server]) {
        if (cut === 'drop') socket.end();
        if (cut === 'reset') socket.resetAndDestroy();
      }
    }
  };

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = createConnection({ host: '127.0.0.1', port: targetPort, allowHalfOpen: true });
    const pair: Pair = { client, server, isStalled: false, isForgotten: false };
    pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (trap && from === client && chunk.includes(trap.words)) {
          const { cut, sprung } = trap;
          trap = undefined;
          cutAll(cut);
          sprung();
          if (cut === 'drop') return;
        }
        if (pair.isForgotten && from === client) return void client.resetAndDestroy();
        if (pair.isStalled || to.destroyed) return;
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => from.resume());
      // When one side ends or loses its connection, the other side's is ended too, unless the network is silent.
      from.on('end', () => pair.isStalled || to.end());
      from.on('error', () => pair.isStalled || to.destroy());
      from.on('close', () => {
        if (!pair.isStalled) to.destroy();
        if (client.destroyed && server.destroyed) pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    cutAt: (words, cut) =>
      new Promise((sprung) => {
        trap = { words, cut, sprung };
      }),
    cut: cutAll,
    refuse: (isRefusing) => {
      refusing = isRefusing;
      if (isRefusing) cutAll('reset');
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await closed;
    },
  };
};
