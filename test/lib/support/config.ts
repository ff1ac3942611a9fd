import { type Config, type ConfigInput, checkConfig } from '../../../lib/config.ts';

export type SourceInput = ConfigInput['sources'][number];

/** A valid source, with the given changes. */
export const source = (own: Partial<SourceInput> = {}): SourceInput => ({
  name: 'main',
  host: 'db.example.com',
  database: 'app',
  secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/main-AbCdEf',
  ...own,
});

/** A second valid source, as different from the first as possible. */
export const otherSource = (own: Partial<SourceInput> = {}): SourceInput =>
  source({
    name: 'archive',
    host: 'archive.example.com',
    secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/archive-GhIjKl',
    idPrefix: 'archive-',
    ...own,
  });

/** How a source accepts restores: a login of its own, and the given changes. */
export const restore = (
  own: Partial<NonNullable<SourceInput['restore']>> = {},
): NonNullable<SourceInput['restore']> => ({
  secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/restore-MnOpQr',
  ...own,
});

/** A valid configuration, with the given changes. */
export const input = (own: Partial<ConfigInput> = {}): ConfigInput => ({
  environment: 'test',
  sources: [source()],
  schedules: [{ name: 'nightly', expression: 'cron(0 2 * * ? *)' }],
  notifications: { from: 'backups@example.com', to: ['operations@example.com'] },
  ...own,
});

export const config = (own: Partial<ConfigInput> = {}): Config => checkConfig(input(own));

/** A network of a source, its endpoints included. */
export const vpc = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  securityGroupIds: ['sg-0123456789abcdef0'],
  routeTableIds: ['rtb-0123456789abcdef0'],
};
