import { SQSClient } from '@aws-sdk/client-sqs';
import type { Access } from '../access/access.ts';
import { REGION } from '../region.ts';

/** Actions of AWS with the role of a function or a schedule: reading its queue, sending failures to its destination. */
export interface Sessions {
  readonly access: Access;
  /** A client with the credentials of a function (by name) or of a schedule (by id). */
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
