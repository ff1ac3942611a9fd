import path from 'node:path';
import { type Modules, packageOf, sourcesOf } from '../modules.ts';

/**
 * Reads V8's CPU profiles of a bundle. A sample belongs to the function that ran, and to a kind of work. The kind is found
 * by the ancestors, if the bundle was being loaded; by the name, for V8's and Node's own functions; otherwise by the
 * package that the line of the bundle came from, which esbuild notes in comments.
 */
interface Frame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: Frame;
  readonly children?: readonly number[];
}

/** As Node writes it with --cpu-prof; times are microseconds. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  readonly milliseconds: number;
}

const LOADING = 'loading the bundle';
const IDLE = '(idle)';
const OTHER = 'other packages';

const BY_NAME: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^\(garbage collector\)$/, /^$/, 'garbage collection'],
  [/^\(program\)$/, /^$/, 'Node itself'],
  [/^(update|digest|Hash)$/, /internal\/crypto\/hash/, 'SHA-256 of the object'],
  [/^crc32$/, /./, 'CRC-32 of the parts'],
  [/^(copy|_copy|_copyActual|copyImpl|set|concat)$/, /^(node:buffer)?$/, 'copying into parts'],
  [/^(write\w+|shutdown|connect\w*|readStart|readStop)$/, /^$/, 'sockets and TLS'],
  [
    /./,
    /^node:(net|_tls|_http|tls|https?|internal\/(tls|stream_base|net|http|dns))/,
    'sockets and TLS',
  ],
  [/./, /^node:(internal\/streams|stream)/, 'streams'],
  [/./, /^node:(internal\/child_process|child_process)/, 'starting pg_dump'],
];

const groupOf = (file: string): string => {
  const name = packageOf(file);
  if (!name) return 'Larder’s own code';
  if (/^(@aws-sdk|@smithy|@aws-crypto)/.test(name)) return 'AWS SDK';
  return name.startsWith('pg') ? 'pg' : OTHER;
};

/** By line of the module, from 0. */
const groupsOf = (code: string): readonly string[] =>
  sourcesOf(code).map((file) => (file ? groupOf(file) : OTHER));

const isLoading = ({ functionName, url }: Frame): boolean =>
  functionName === 'compileSourceTextModule' ||
  /^node:internal\/(modules|bootstrap|main|process\/(execution|pre_execution))/.test(url);

/** The origin of a frame's line, by the lines of the bundle's modules. */
type GroupOf = (frame: Frame) => string;

const kindOf = (frame: Frame, group: GroupOf): string => {
  const { functionName, url } = frame;
  const known = BY_NAME.find(([name, place]) => name.test(functionName) && place.test(url));
  if (known) return known[2];
  return url.startsWith('file:') ? group(frame) : 'Node itself';
};

const label = (frame: Frame, group: GroupOf): string => {
  const { functionName, url } = frame;
  const name = functionName || '(anonymous)';
  if (!url) return name;
  const place = url.startsWith('file:') ? group(frame) : url;
  return `${name}, ${place}`;
};

const sorted = (sums: ReadonlyMap<string, number>): Share[] =>
  [...sums]
    .map(([name, microseconds]) => ({ name, milliseconds: microseconds / 1000 }))
    .sort((a, b) => b.milliseconds - a.milliseconds);

/** Both without idle time. @param modules those of the bundle */
export const readProfile = (
  { nodes, samples, timeDeltas }: Profile,
  modules: Modules,
): { readonly kinds: readonly Share[]; readonly functions: readonly Share[] } => {
  const groups = new Map([...modules].map(([name, code]) => [name, groupsOf(code)]));
  const group: GroupOf = ({ url, lineNumber }) =>
    groups.get(path.basename(url))?.[lineNumber] ?? OTHER;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const loading = new Set<number>();
  const mark = (node: ProfileNode, within: boolean): void => {
    const inside = within || isLoading(node.callFrame);
    if (inside) loading.add(node.id);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child) mark(child, inside);
    }
  };
  const [root] = nodes;
  if (root) mark(root, false);
  const kinds = new Map<string, number>();
  const functions = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, time: number) =>
    sums.set(name, (sums.get(name) ?? 0) + time);
  samples.forEach((id, index) => {
    const frame = byId.get(id)?.callFrame;
    if (!frame || frame.functionName === IDLE) return;
    const time = timeDeltas[index] ?? 0;
    add(kinds, loading.has(id) ? LOADING : kindOf(frame, group), time);
    add(functions, label(frame, group), time);
  });
  return { kinds: sorted(kinds), functions: sorted(functions) };
};
