/**
 * PostgreSQL's programs as Lambda layers. A layer is built (or read from the cache) when a function first asks for
 * it, so a stack that verifies nothing builds no server layer. CDK's constructs are synchronous and a build is
 * asynchronous, so the build runs as a child process.
 *
 * Context that changes the source of the layers:
 *   larder:layers = placeholder           a tiny folder instead, for a synthesis that is never deployed;
 *                                         switching off CDK's bundling for the stack does the same
 *   larder:client-layer-arn, larder:server-layer-arn   layers published elsewhere
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { type Architecture, Code, type ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Where Lambda unpacks the layers. */
export const POSTGRES_ROOT = '/opt/postgres';

const BUILD = path.resolve(import.meta.dirname, '..', 'layers', 'postgres');

/** The build has printed the reason, and what to do, on standard error. */
export class LayerNotBuilt extends Error {
  override readonly name = 'LayerNotBuilt';
}

export type PostgresLayersProps = {
  /** The architecture of the functions that use the layers. */
  architecture: Architecture;
  /** Majors of pg_dump and the other client programs; absent: the build's defaults. */
  clientMajors?: readonly number[];
  /** Major of the scratch server that verification restores into. */
  serverMajor?: number;
  /** Packages of extensions that the customers' schemas use, for example `pgvector`. */
  extensions?: readonly string[];
  /** Deploys a PostgreSQL with known vulnerabilities anyway. */
  acceptOlder?: boolean;
};

/** One line of the output of `layers/postgres/build.ts`. */
type Built = {
  programs: Record<string, string>;
  inputs: string;
  assetDirectory: string;
};

export class PostgresLayers extends Construct {
  readonly #props: PostgresLayersProps;
  readonly #made = new Map<string, ILayerVersion>();

  constructor(scope: Construct, id: string, props: PostgresLayersProps) {
    super(scope, id);
    this.#props = props;
  }

  /** `pg_dump`, `pg_dumpall`, `pg_restore`, `psql` of each major, `bzip2` and RDS's certificates. */
  get client(): ILayerVersion {
    const { clientMajors } = this.#props;
    return this.#layer('client', clientMajors ? ['--majors', clientMajors.join(',')] : []);
  }

  /** `initdb`, `pg_ctl` and `postgres` with contrib and the requested extensions. */
  get server(): ILayerVersion {
    const { serverMajor, extensions = [] } = this.#props;
    return this.#layer('server', [
      ...(serverMajor ? ['--majors', String(serverMajor)] : []),
      ...(extensions.length > 0 ? ['--extensions', extensions.join(',')] : []),
    ]);
  }

  #layer(name: 'client' | 'server', options: readonly string[]): ILayerVersion {
    const made = this.#made.get(name) ?? this.#make(name, options);
    this.#made.set(name, made);
    return made;
  }

  #make(name: 'client' | 'server', options: readonly string[]): ILayerVersion {
    const id = name === 'client' ? 'Client' : 'Server';
    const published: unknown = this.node.tryGetContext(`larder:${name}-layer-arn`);
    if (typeof published === 'string') {
      return LayerVersion.fromLayerVersionArn(this, id, published);
    }
    const common = { compatibleArchitectures: [this.#props.architecture], license: 'PostgreSQL' };
    if (this.#wantsPlaceholder()) {
      const description = `Placeholder of the ${name} layer: do not deploy it`;
      const code = Code.fromAsset(path.join(BUILD, 'placeholder'));
      return new LayerVersion(this, id, { ...common, code, description });
    }
    const accept = this.#props.acceptOlder ? ['--accept-older'] : [];
    const architecture = this.#props.architecture.name;
    const built = build(['--layer', name, '--arch', architecture, ...options, ...accept]);
    const versions = Object.values(built.programs).join(', ');
    return new LayerVersion(this, id, {
      ...common,
      code: Code.fromAsset(built.assetDirectory, { assetHash: built.inputs }),
      description: `PostgreSQL ${versions}: ${name} programs`,
    });
  }

  #wantsPlaceholder(): boolean {
    const wanted: unknown = this.node.tryGetContext('larder:layers');
    return wanted === 'placeholder' || !Stack.of(this).bundlingRequired;
  }
}

/** @throws LayerNotBuilt */
function build(options: readonly string[]): Built {
  const args = [path.join(BUILD, 'build.ts'), '--deploy', '--keep', ...options];
  const { error, status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (error) throw error;
  const [built] = status === 0 ? (JSON.parse(stdout) as Built[]) : [];
  if (!built)
    throw new LayerNotBuilt('A layer was not built: the lines above say why and what to do.');
  return built;
}
