import { ENV } from '../../../core/contract.ts';
import { type Call, startHttpProxy } from '../../support/http-proxy.ts';
import type { Stage } from '../stage.ts';
import { type ExportRun, runExport } from './contenders.ts';

/** Every request of one export, with what it is for. One that nobody has explained says so. */
export interface RequestCount {
  readonly service: string;
  readonly operation: string;
  readonly count: number;
  readonly reason: string;
}

const REASONS: Readonly<Record<string, string>> = {
  'Secrets Manager GetSecretValue': 'the login; once a process, kept for its next exports',
  'SQS ChangeMessageVisibility':
    'the message is hidden for 120 s instead of the queue’s 16 minutes, so that a dead worker’s comes back soon',
  'SQS SendMessage': 'the outcome, for those who are told of it',
  'DynamoDB GetItem': 'the backup before, whose size and rows this one is compared with',
  'DynamoDB UpdateItem': 'the claim, and the row’s completion, each conditional',
  'DynamoDB Query': 'the backup before, whose size and rows this one is compared with',
  'DynamoDB TransactWriteItems': 'the row’s completion with what hangs on it, all or nothing',
  'S3 PutObject': 'the backup, whole since it fits into one part, and its manifest',
  'S3 GetObject': 'the manifest of the backup before, whose row counts this one is compared with',
  'S3 HeadObject': 'whether an object is there whose completion was not answered',
};

const SERVICES = ['s3', 'sqs', 'dynamodb', 'secretsManager'] as const;
type Service = (typeof SERVICES)[number];
const NAMES: Readonly<Record<Service, string>> = {
  s3: 'S3',
  sqs: 'SQS',
  dynamodb: 'DynamoDB',
  secretsManager: 'Secrets Manager',
};

/** The JSON protocols name the operation in a header, S3 in its query. */
const operationOf = ({ method, url, headers }: Call): string =>
  String(headers['x-amz-target'] ?? '').split('.')[1] ||
  (new URL(url, 'http://s3').searchParams.get('x-id') ?? method);

export const countRequests = async (
  stage: Stage,
  bundle: string,
  schema: string,
): Promise<RequestCount[]> => {
  const counts = new Map<string, number>();
  const proxies = await Promise.all(
    SERVICES.map(async (service) => {
      const note = (call: Call) => {
        const name = `${NAMES[service]} ${operationOf(call)}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
        return 'pass' as const;
      };
      return { service, proxy: await startHttpProxy(stage.plainEndpoints[service], note) };
    }),
  );
  const urlOf = (service: Service): string =>
    proxies.find((one) => one.service === service)?.proxy.url ?? '';
  try {
    const atProxy = (name: string) => ({
      [name]: stage.environment('export')[name]?.replace(stage.queues.endpoint, urlOf('sqs')),
    });
    const run: ExportRun = {
      stage,
      bundle,
      schemas: [schema],
      changes: {
        AWS_ENDPOINT_URL_S3: urlOf('s3'),
        AWS_ENDPOINT_URL_SQS: urlOf('sqs'),
        AWS_ENDPOINT_URL_DYNAMODB: urlOf('dynamodb'),
        AWS_ENDPOINT_URL_SECRETS_MANAGER: urlOf('secretsManager'),
        ...atProxy(ENV.exportsQueue),
        ...atProxy(ENV.outcomesQueue),
      },
    };
    // A project's second backup is like all that follow: it has one before it.
    await runExport(run);
    counts.clear();
    await runExport(run);
  } finally {
    await Promise.all(proxies.map(({ proxy }) => proxy.close()));
  }
  return [...counts].map(([name, count]) => {
    const [operation = '', ...service] = name.split(' ').reverse();
    return {
      service: service.reverse().join(' '),
      operation,
      count,
      reason: REASONS[name] ?? 'not explained',
    };
  });
};
