import { SQSClient } from '@aws-sdk/client-sqs';
import type { Access } from '../access/access.ts';
import { REGION } from '../region.ts';

/** What AWS does as a function or a schedule: reading its queue, sending what failed to its destination. */
export interface Sessions {
  readonly access: Access;
  /** A client with the credentials of a function, by its name, or of a schedule, by its id. */
  sqsAs(name: string): SQSClient;
  close(): Promise<void>;
}

export const makeSessions = (access: Access, queuesUrl: string): Sessions => {
  const clients = new Map<string, SQSClient>();
  return {
    access,
    sqsAs: (name) => {
      const known = clients.get(name);
      if (known) return known;
      const credentials = access.credentialsOf(name);
      const made = new SQSClient({ endpoint: queuesUrl, region: REGION, credentials });
      clients.set(name, made);
      return made;
    },
    close: async () => {
      for (const client of clients.values()) client.destroy();
    },
  };
};
