import { S3Client } from '@aws-sdk/client-s3';
import { startTables, type Tables } from '../../support/tables.ts';
import { startVaults, type Vaults } from '../../support/vaults.ts';

/** The emulators of a test file. */
export interface Emulators {
  readonly tables: Tables;
  readonly vaults: Vaults;
  readonly s3: S3Client;
  stop(): Promise<void>;
}

export const startEmulators = async (): Promise<Emulators> => {
  const tables = await startTables();
  const vaults = await startVaults();
  const s3 = new S3Client({
    endpoint: vaults.endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    tables,
    vaults,
    s3,
    stop: async () => {
      s3.destroy();
      await vaults.stop();
      await tables.stop();
    },
  };
};
