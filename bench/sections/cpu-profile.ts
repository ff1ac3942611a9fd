/**
 * Reads V8's CPU profiles of a bundle. A sample belongs to the function that ran, and to the kind of work that this is: by
 * the ancestors, where the bundle was being loaded; by the name, for V8's and Node's own; and by the package that the line
 * of the bundle came from, which esbuild notes in comments.
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

const packageOf = (comment: string): string => {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(comment)?.[1];
  if (!name) return 'Larder’s own code';
  if (/^(@aws-sdk|@smithy|@aws-crypto)/.test(name)) return 'AWS SDK';
  return name.startsWith('pg') ? 'pg' : 'other packages';
};

/** By line of the bundle, from 0. */
const packagesOf = (code: string): readonly string[] => {
  let current = 'other packages';
  return code.split('\n').map((line) => {
    const comment = /^\s*\/\/ (\S+\.(?:[cm]?js|ts))$/.exec(line)?.[1];
    if (comment) current = packageOf(comment);
    return current;
  });
};

const isLoading = ({ functionName, url }: Frame): boolean =>
  functionName === 'compileSourceTextModule' ||
  /^node:internal\/(modules|bootstrap|main|process\/(execution|pre_execution))/.test(url);

const kindOf = (frame: Frame, packages: readonly string[]): string => {
  const { functionName, url, lineNumber } = frame;
  const known = BY_NAME.find(([name, place]) => name.test(functionName) && place.test(url));
  if (known) return known[2];
  return url.startsWith('file:') ? (packages[lineNumber] ?? 'other packages') : 'Node itself';
};

const label = ({ functionName, url, lineNumber }: Frame, packages: readonly string[]): string => {
  const name = functionName || '(anonymous)';
  if (!url) return name;
  const place = url.startsWith('file:') ? packages[lineNumber] : url;
  return `${name}, ${place}`;
};

const sorted = (sums: ReadonlyMap<string, number>): Share[] =>
  [...sums]
    .map(([name, microseconds]) => ({ name, milliseconds: microseconds / 1000 }))
    .sort((a, b) => b.milliseconds - a.milliseconds);

/** Both without the time in which nothing ran. */
export const readProfile = (
  { nodes, samples, timeDeltas }: Profile,
  bundle: string,
): { readonly kinds: readonly Share[]; readonly functions: readonly Share[] } => {
  const packages = packagesOf(bundle);
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
    add(kinds, loading.has(id) ? LOADING : kindOf(frame, packages), time);
    add(functions, label(frame, packages), time);
  });
  return { kinds: sorted(kinds), functions: sorted(functions) };
};
