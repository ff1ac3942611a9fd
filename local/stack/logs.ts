import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { printableLines } from '../../core/printable.ts';

/** A log file for each function; with `echo`, its lines are also printed, after the function's name. */
export interface Logs {
  readonly folder: string;
  of(functionName: string): Writable;
  close(): Promise<void>;
}

/** CDK's logical id without its hash and its `Function`: `SourceDemoExport`. */
export const shortName = (functionName: string): string =>
  functionName.replace(/[0-9A-F]{8}$/, '').replace(/Function$/, '');

export const openLogs = async (folder: string, echo?: (line: string) => void): Promise<Logs> => {
  await mkdir(folder, { recursive: true });
  const files: WriteStream[] = [];
  return {
    folder,
    of: (functionName) => {
      const name = shortName(functionName);
      const file = createWriteStream(path.join(folder, `${name}.log`), { flags: 'a' });
      files.push(file);
      const decoder = new StringDecoder('utf8');
      return new Writable({
        write(chunk: Buffer, _encoding, callback) {
          const text = printableLines(decoder.write(chunk));
          for (const line of echo ? text.split('\n') : []) {
            if (line !== '') echo?.(`${name}: ${line}`);
          }
          // The last output of a killed process may arrive after the files were closed.
          if (file.writableEnded) callback();
          else file.write(text, callback);
        },
      });
    },
    close: async () => {
      await Promise.all(
        files.map((file) => new Promise<void>((resolve) => file.end(() => resolve()))),
      );
    },
  };
};
