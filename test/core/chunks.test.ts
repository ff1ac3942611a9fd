import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readChunks, releaseMemory } from '../../core/chunks.ts';

const CHUNKS = Array.from({ length: 300 }, (_, index) => Buffer.alloc(1000 + index, index % 251));

test('chunks arrive as they were written, however long they waited', async () => {
  const stream = new PassThrough({ highWaterMark: 1024 ** 2 });
  for (const chunk of CHUNKS) stream.write(chunk);
  stream.end();
  const came: Buffer[] = [];
  for await (const chunk of readChunks(stream)) {
    came.push(chunk);
    if (came.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(came.map(({ length }) => length)).toEqual(CHUNKS.map(({ length }) => length));
  expect(Buffer.concat(came).equals(Buffer.concat(CHUNKS))).toBe(true);
});

test('a slow reader holds its stream back', async () => {
  let read = 0;
  const stream = new Readable({
    highWaterMark: 1024,
    read() {
      read += 1;
      this.push(read > 200 ? null : Buffer.alloc(1024));
    },
  });
  let came = 0;
  for await (const _ of readChunks(stream)) {
    came += 1;
    await new Promise((resolve) => setImmediate(resolve));
    expect(read - came).toBeLessThan(6);
  }
  expect(came).toBe(200);
});

test('an error arrives after the data before it', async () => {
  const stream = Readable.from(
    (async function* () {
      yield Buffer.from('one');
      throw new Error('cut');
    })(),
  );
  const came: string[] = [];
  const reading = (async () => {
    for await (const chunk of readChunks(stream)) came.push(chunk.toString());
  })();
  await expect(reading).rejects.toThrow('cut');
  expect(came).toEqual(['one']);
});

test.each([
  ['while it is read', (stream: PassThrough) => void setImmediate(() => stream.destroy())],
  ['before', (stream: PassThrough) => void stream.destroy()],
])('a stream that was closed %s has not ended', async (_, close) => {
  const stream = new PassThrough();
  stream.write('one');
  close(stream);
  await expect(Array.fromAsync(readChunks(stream))).rejects.toThrow('closed before its end');
});

test('an earlier error is not forgotten', async () => {
  const stream = new PassThrough();
  stream.on('error', () => undefined);
  stream.destroy(new Error('cut'));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(Array.fromAsync(readChunks(stream))).rejects.toThrow('cut');
});

test('a reader that stops ends the stream', async () => {
  const stream = new PassThrough();
  stream.write('one');
  for await (const _ of readChunks(stream)) break;
  expect(stream.destroyed).toBe(true);
});

test('only its own memory is released', () => {
  const own = Buffer.allocUnsafeSlow(10);
  const cut = own.subarray(2);
  releaseMemory(cut);
  expect(own.length).toBe(10);
  releaseMemory(own);
  expect(own.length).toBe(0);
});
