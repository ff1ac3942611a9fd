import { Construct } from 'constructs';
import { VAULT } from '../core/contract.ts';
import type { SourceConfig } from './config.ts';
import { SourceExports, type SourceExportsProps } from './exports.ts';
import { noteWhatIsNotHeld } from './isolation.ts';
import { Endpoints } from './network.ts';
import { SourceRestores } from './restores.ts';
import { SourceStack } from './source-stack.ts';

/** The resources that all sources share. */
export type SourcesProps = Omit<SourceExportsProps, 'source'>;

/** The databases that hold projects: for each, the functions that export it and, if it accepts restores, the functions that restore into it. */
export class Sources extends Construct {
  readonly exports: readonly SourceExports[];
  readonly restores: readonly SourceRestores[];
  readonly #endpoints: Construct;

  constructor(scope: Construct, id: string, props: SourcesProps) {
    super(scope, id);
    this.#endpoints = new Construct(this, 'Default');
    this.exports = props.config.sources.map(
      (source) =>
        new SourceExports(new SourceStack(this, source.name), 'Default', { ...props, source }),
    );
    this.restores = this.exports.flatMap((exports) => {
      const { source } = exports;
      if (!source.restore) return [];
      const settings = source.restore;
      return [new SourceRestores(exports, 'Restores', { ...props, source, settings, exports })];
    });
    for (const one of this.exports) this.#makeEndpoints(one, props);
    noteWhatIsNotHeld(this, props.config);
  }

  /**
   * The endpoints of a VPC whose source asks for them; they serve all sources in that VPC. They stay in the parent of the sources'
   * own stacks: during a replacement there would be two endpoints, but a VPC allows one private name and one route for a service.
   * (The id `Default` is not part of logical ids, so the endpoints keep the ids from before each source had its own stack.)
   */
  #makeEndpoints(
    maker: SourceExports,
    { vault, manifestKey, history, outcomes, verifications }: SourcesProps,
  ): void {
    const { vpc } = maker.source;
    if (!vpc?.endpoints.length || !maker.network) return;
    const isInside = ({ source }: { readonly source: SourceConfig }): boolean =>
      source.vpc?.vpcId === vpc.vpcId;
    const readers = this.exports.filter(isInside);
    const writers = this.restores.filter(isInside);
    new Endpoints(new Construct(this.#endpoints, maker.source.name), 'Endpoints', {
      vpc: maker.network.vpc,
      network: vpc,
      reach: {
        s3: [vault.bucket.bucketArn, vault.bucket.arnForObjects(`${VAULT.prefix}*`)],
        dynamodb: [history.table.tableArn, `${history.table.tableArn}/index/*`],
        sqs: [
          outcomes.messages.queue.queueArn,
          verifications.requests.queue.queueArn,
          ...[...readers, ...writers].map(({ requests }) => requests.queue.queueArn),
        ],
        secretsmanager: [
          ...readers.map(({ source }) => source),
          ...writers.map(({ settings }) => settings),
        ].flatMap(({ secretArn }) => secretArn ?? []),
        kms: manifestKey.arns,
      },
    });
  }
}
