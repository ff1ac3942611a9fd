import { ENV } from '../../core/contract.ts';
import { type Call, startHttpProxy } from '../../test/support/http-proxy.ts';
import type { Stage } from '../stage.ts';
import { type ExportRun, runExport } from './contenders.ts';

/** Every request of one export, with its purpose. A request without an explanation is marked so. */
export interface RequestCount {
  readonly service: string;
  readonly operation: string;
  readonly count: number;
  readonly reason: string;
}

const REASONS: Readonly<Record<string, string>> = {
  'Secrets Manager GetSecretValue':
    'the login, read anew for each export and once for all its connections',
  'SQS ChangeMessageVisibility':
    'the message is hidden for 120 s instead of the queue’s 16 minutes, so that a dead worker’s is delivered again soon',
  'SQS SendMessage': 'the outcome, for the mails',
  'DynamoDB UpdateItem':
    'the claim; the row’s completion; and retention, which this newest good backup no longer has to fear and the one before it has',
  'DynamoDB Query':
    'the project’s latest backups: before the completion to compare this one with the last, after it to settle their retention',
  'S3 PutObject': 'the backup, whole since it fits into one part; and its manifest',
  'S3 GetObject': 'the manifest of the backup before, whose row counts this one is compared with',
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
    // A project's second backup is typical: like all later ones, it follows another.
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
