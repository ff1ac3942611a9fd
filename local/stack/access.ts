import { writeFile } from 'node:fs/promises';
import type { Access } from '../access/access.ts';
import type { Facts } from '../access/requests/request.ts';
import type { TemplatePolicies } from '../access/template-policies.ts';
import type { ObjectStore } from '../emulators/s3/server.ts';
import type { LocalModel, LocalTable } from '../template/model.ts';

/** In the data folder: permissions that the functions did not use, and requests that were refused. */
export const ACCESS_REPORT = 'access.json';

export const writeReport = (file: string, access: Access): Promise<void> =>
  writeFile(file, `${JSON.stringify(access.report(), null, 2)}\n`);

const partitionKeyOf = (
  { definition }: LocalTable,
  indexName: string | undefined,
): string | undefined => {
  const { GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = definition;
  const schema =
    indexName === undefined
      ? definition
      : [...GlobalSecondaryIndexes, ...LocalSecondaryIndexes].find(
          ({ IndexName }) => IndexName === indexName,
        );
  return schema?.KeySchema?.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName;
};

export const factsOf = (
  { keyOfBucket }: TemplatePolicies,
  { tables }: LocalModel,
  store: Pick<ObjectStore, 'has'>,
): Facts => ({
  keyOfBucket: (bucket) => keyOfBucket.get(bucket),
  hasObject: store.has,
  partitionKeyOf: (name, index) => {
    const table = tables.find((one) => one.name === name);
    return table && partitionKeyOf(table, index);
  },
});
