import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * AWS's own runtime interface client: the program that loads a handler in Lambda and passes events to it.
 * https://github.com/aws/aws-lambda-nodejs-runtime-interface-client It is not a dependency in package.json, because its installation
 * compiles curl and a C++ library: that takes a minute and a compiler. The tests need its JavaScript, one file; native-client.ts replaces
 * the rest.
 */
const PACKAGE = 'aws-lambda-ric';
const VERSION = '4.0.2';
/** SHA-512 of the package's archive, from the registry. */
const INTEGRITY =
  'FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==';
const CACHE = path.resolve(import.meta.dirname, '../../.cache');

/**
 * Its file, downloaded by npm the first time.
 * @throws Error if the archive is not the expected one
 */
export const ensureInterfaceClient = (): string => {
  const folder = path.join(CACHE, `${PACKAGE}-${VERSION}`);
  const file = path.join(folder, 'package', 'index.mjs');
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(path.join(CACHE, 'download-'));
  try {
    const from = `${PACKAGE}@${VERSION}`;
    execFileSync('npm', ['pack', from, '--pack-destination', made], { stdio: 'pipe' });
    const archive = path.join(made, `${PACKAGE}-${VERSION}.tgz`);
    const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (found !== INTEGRITY) throw new Error(`${from} has the SHA-512 ${found}.`);
    execFileSync('tar', ['-xzf', archive, '-C', made, 'package/index.mjs', 'package/package.json']);
    rmSync(archive);
    renameSync(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return file;
};
