/**
 * `npm run layers`: builds the layers, asking the mirror for newer packages first.
 * The last line of standard output is JSON; progress goes to standard error.
 */
import { parseArgs } from 'node:util';
import { ensureLayer } from './ensure.ts';
import { BadLayerRequest, LayerError } from './errors.ts';
import type { Architecture, LayerName, LayerRequest } from './layer.ts';

const USAGE = `npm run layers -- [options]
  --layer client,server      which layers (both)
  --arch arm64,x86_64        for which machines (both)
  --majors 15,17,18          of which PostgreSQL majors (client: 15,17,18; server: 18)
  --extensions pgvector,...  more packages in the server layer
  --accept-older             deploy releases with known holes; the manifest says so
  --deploy                   refuse releases with known holes
  --keep                     use what is built already, don't ask the mirror
  --cache DIR                where builds and downloads are kept (.cache/layers)`;

function list(value: string | undefined, otherwise: readonly string[]): readonly string[] {
  return value === undefined ? otherwise : value.split(',').filter((one) => one !== '');
}

function pick<T extends string>(flag: string, given: readonly string[], known: readonly T[]): T[] {
  if (given.length === 0) {
    throw new BadLayerRequest(`--${flag} names none: some of ${known.join(', ')}.\n${USAGE}`);
  }
  return given.map((one) => {
    const found = known.find((name) => name === one);
    if (found) return found;
    throw new BadLayerRequest(`--${flag} ${one}: one of ${known.join(', ')}.\n${USAGE}`);
  });
}

/** `17`, but no other text that JavaScript converts to a number. */
function major(word: string): number {
  return /^\d+$/.test(word) ? Number(word) : Number.NaN;
}

/**
 * The requests of a command line; none if it only asks for help.
 *
 * @throws BadLayerRequest, and the errors of parseArgs
 */
export function readRequests(argv: readonly string[]): LayerRequest[] {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      layer: { type: 'string' },
      arch: { type: 'string' },
      majors: { type: 'string' },
      extensions: { type: 'string' },
      cache: { type: 'string' },
      'accept-older': { type: 'boolean', default: false },
      deploy: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return [];
  if (values.cache === '') throw new BadLayerRequest(`--cache names no folder.\n${USAGE}`);
  const layers = pick<LayerName>('layer', list(values.layer, ['client', 'server']), [
    'client',
    'server',
  ]);
  const architectures = pick<Architecture>('arch', list(values.arch, ['arm64', 'x86_64']), [
    'arm64',
    'x86_64',
  ]);
  if (values.extensions !== undefined && !layers.includes('server')) {
    throw new BadLayerRequest(`--extensions is for the server layer.\n${USAGE}`);
  }
  return architectures.flatMap((arch) =>
    layers.map((layer) => ({
      layer,
      arch,
      ...(values.majors === undefined ? {} : { majors: list(values.majors, []).map(major) }),
      ...(layer === 'server' ? { extensions: list(values.extensions, []) } : {}),
      ...(values.cache === undefined ? {} : { cache: values.cache }),
      acceptOlder: values['accept-older'],
      use: values.deploy ? 'deploy' : 'local',
      refresh: !values.keep,
      onProgress: (line: string) => console.error(`layers: ${line}`),
    })),
  );
}

async function main(): Promise<void> {
  const requests = readRequests(process.argv.slice(2));
  if (requests.length === 0) {
    console.log(USAGE);
    return;
  }
  const built = [];
  for (const request of requests) built.push(await ensureLayer(request));
  console.log(
    JSON.stringify(
      built.map(({ assetDirectory, manifest }) => ({
        layer: manifest.layer,
        arch: manifest.arch,
        programs: manifest.programs,
        inputs: manifest.inputs,
        assetDirectory,
      })),
    ),
  );
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const ours = error instanceof LayerError || code?.startsWith('ERR_PARSE_ARGS');
    console.error(ours ? `layers: ${message}` : error);
    process.exitCode = 1;
  }
}
