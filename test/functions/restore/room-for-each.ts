import { beforeAll, beforeEach } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import type { ExportSettings, SourceSettings } from '../../../core/settings.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type Services, startServices } from '../export/support.ts';
import { newDatabase, openRoom, type Room } from './support.ts';

export interface Furnished {
  readonly room: Room;
  /** Of the project `acme`. */
  readonly backup: Backup;
  readonly services: Services;
}

/** Gives each test of a file its own harness on one server, with the tenant `acme` that `setup` creates and a backup of it. */
export const roomForEach = (
  setup: string,
  take: (made: Furnished) => void,
  source: Partial<SourceSettings> = { schemas: ['acme'] },
  exports: Partial<ExportSettings> = {},
): void => {
  let services: Services;
  let postgres: Postgres;
  beforeAll(async () => {
    services = await startServices();
    postgres = await startPostgres(18);
    return async () => {
      await postgres.stop();
      await services.stop();
    };
  });
  beforeEach(async () => {
    const database = await newDatabase(postgres, setup);
    const room = await openRoom(services, postgres, database, source, {}, exports);
    take({ room, backup: await room.backup('acme'), services });
  });
};
