import { defineConfig } from './lib/config.ts';

/**
 * An example that works: `npx cdk synth` accepts it unchanged, and `npx cdk deploy` after you have set your ARN, host and addresses.
 * Settings that are left out have a default; lib/config/schema.ts has all of them. File names are relative to this file's folder.
 */
export default defineConfig({
  /** A word kept with every backup. */
  environment: 'production',

  /** The databases that hold projects. Each gets a queue and functions of its own. */
  sources: [
    {
      name: 'main',
      host: 'main.cluster-abcdefghijkl.eu-central-1.rds.amazonaws.com',
      port: 5432,
      database: 'app',
      /** A JSON object with username and password, or a postgresql:// URL. Or `iam: { user, resourceId }`. */
      secretArn:
        'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/main-backup-role-AbCdEf',
      /** How it takes restores; without this it takes none. The login is another one: docs/roles.md has both scripts. */
      restore: {
        secretArn:
          'arn:aws:secretsmanager:eu-central-1:123456789012:secret:larder/main-restore-role-GhIjKl',
        /** Other sources whose backups may be restored here, for test copies. */
        // from: ['staging'],
        /** Creates extensions that a backup needs and the database lacks. */
        // createExtensions: true,
      },
      /** For a database without a public address: */
      // vpc: {
      //   vpcId: 'vpc-0123456789abcdef0',
      //   subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      //   securityGroupIds: ['sg-0123456789abcdef0'],
      //   endpoints: true,
      //   routeTableIds: ['rtb-0123456789abcdef0'],
      // },
    },
  ],

  schedules: [
    {
      name: 'nightly',
      /** Not between 02:00 and 03:00: once a year that hour is missing there, and Scheduler skips what falls into it. */
      expression: 'cron(0 1 * * ? *)',
      timeZone: 'Europe/Berlin',
      flexibleMinutes: 15,
      projects: 'all',
      retentionClass: 'daily',
    },
  ],

  /** Days that backups live, or a policy by generations: docs/retention.md. A project's newest good one stays, however old it is. */
  retention: 30,

  export: {
    format: 'custom',
    /** Exports that run on one source at once. */
    concurrency: 3,
    /** Seconds after which an export gives way to another session's DDL that waits behind it. */
    giveWayAfterSeconds: 10,
  },

  /** Backups are restored into a scratch PostgreSQL of their own and compared with what was exported. */
  verification: {
    /** `each`, `weekly` (one of each project a week), `{ share: 0.1 }`, or `none` but those asked for. */
    which: 'weekly',
    /** `rows` compares a hash of each table's rows besides their number; the export computes it, at the server's cost. */
    compare: 'counts',
    /** MB of disk for the scratch server: 1.2 times the largest schema. */
    temporaryMb: 4096,
    /** Packages of the extensions that your schemas use, such as `pgvector`. */
    extensions: [],
  },

  notifications: {
    /** An address, or of a domain, that SES has verified in this account and region. */
    from: 'backups@example.com',
    to: ['operations@example.com'],
    onSuccess: true,
    /** Name the identity's default configuration set here, where it has one: SES checks the right to use it. */
    // configurationSet: 'transactional',
  },

  /** Whom the alarms tell; without it they ring in CloudWatch only. Or `topicArn`. */
  alarms: { email: 'operations@example.com' },

  api: { type: 'regional' },
});
