import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRoom, PATIENCE, type Room } from './support/room.ts';
import { removeFolder } from './support/start.ts';

let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterEach(() => room.endAll());
afterAll(() => room.close());

describe('a start', { timeout: PATIENCE }, () => {
  it('that is killed leaves nothing running, and does not block the next one', async () => {
    const killed = room.begin([]);
    await killed.until('The stack runs');
    const second = room.begin(['--once']);
    expect(await second.ended).toBe(1);
    expect(second.output().stderr).toContain('in use by another `npm start`');
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(await room.leftBehind()).toEqual([]);
    expect(existsSync(path.join(room.dataDir, 'history'))).toBe(true);
  });

  it('that gets two signals ends at once, and still leaves nothing', async () => {
    const started = room.begin([]);
    await started.until('The stack runs');
    started.process.kill('SIGTERM');
    started.process.kill('SIGINT');
    expect([0, 130]).toContain(await started.ended);
    expect(await room.leftBehind()).toEqual([]);
  });

  it('reports a problem with the port in one line, before anything is started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const started = room.begin(['--port', String(port)]);
    expect(await started.ended).toBe(1);
    server.close();
    expect(started.output().stderr).toBe(
      `larder: Port ${port} on 127.0.0.1 is in use. Stop the program that listens there, or choose another port with --port.\n`,
    );
  });

  it('names all mistakes of a configuration at once, and shows no stack', async () => {
    const config = path.join(room.folder, 'three-mistakes.config.ts');
    await writeFile(
      config,
      `export default {
         environment: 'two words',
         sources: [{ name: 'main', host: 'h', database: 'd', iam: { user: 'u', resourceId: 'db-A1' } }],
         schedules: [{ name: 'nightly', expression: 'cron(0 2 * * *)' }],
         notifications: { from: 'nobody', to: ['a@example.com'] },
       };`,
    );
    const started = room.begin(['--config', config]);
    expect(await started.ended).toBe(1);
    await removeFolder(config);
    const { stderr } = started.output();
    for (const at of ['environment', 'schedules[0].expression', 'notifications.from']) {
      expect(stderr).toContain(`  ${at}: `);
    }
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['/proc/nothing', "can't be written"],
    ['/dev/null/data', "can't be written"],
  ])('reports that the data folder %s %s', async (folder, said) => {
    const started = room.begin(['--data-dir', folder]);
    expect(await started.ended).toBe(1);
    expect(started.output().stderr).toContain(`${folder} ${said}`);
  });
});
