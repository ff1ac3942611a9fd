import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import type { Pooler } from './pgbouncer.ts';
import type { Postgres } from './postgres.ts';

/** Codes of messages before a session: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const PROTOCOL_3 = 196_608;
const ENCRYPTION = [80_877_103, 80_877_104];

/** A startup message without its options, and with another name than the client's. */
const renamed = (message: Buffer): Buffer => {
  const words = message.subarray(8).toString('latin1').split('\0').slice(0, -2);
  const pairs = words.flatMap((word, index) =>
    index % 2 ? [] : [[word, words[index + 1] ?? ''] as const],
  );
  const kept = pairs.filter(([name]) => name !== 'options' && name !== 'application_name');
  const text = [...kept, ['application_name', 'Supavisor']]
    .map(([name, value]) => `${name}\0${value}\0`)
    .join('');
  const body = Buffer.from(`${text}\0`, 'latin1');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, body]);
};

/**
 * A proxy before a server that acts as a pooler in session mode which passes on neither the options of a session nor its name: one server
 * connection for each client connection. Without TLS.
 */
export const startRenamingPooler = async (postgres: Postgres): Promise<Pooler> => {
  const sockets = new Set<Socket>();
  const serve = (client: Socket): void => {
    const server = connect(postgres.port, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    server.pipe(client);
    let waiting = Buffer.alloc(0);
    const begin = (chunk: Buffer): void => {
      waiting = Buffer.concat([waiting, chunk]);
      if (waiting.length < 8 || waiting.length < waiting.readInt32BE(0)) return;
      const message = waiting.subarray(0, waiting.readInt32BE(0));
      waiting = waiting.subarray(message.length);
      const code = message.readInt32BE(4);
      if (ENCRYPTION.includes(code)) return void client.write('N');
      client.off('data', begin);
      server.write(code === PROTOCOL_3 ? renamed(message) : message);
      server.write(waiting);
      client.pipe(server);
    };
    client.on('data', begin);
  };
  const listener = createServer(serve);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
};
