import * as z from 'zod';
import { functionArnOf } from '../../emulators/functions.ts';
import { xml } from '../../emulators/s3/xml.ts';
import { ACCOUNT } from '../../region.ts';
import {
  arnOf,
  type Check,
  jsonRefusal,
  NotMapped,
  operationOf,
  parseBody,
  type ServiceRequests,
} from './request.ts';

/** KMS, only for HMAC keys. https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html */
const mac = z.looseObject({ KeyId: z.string(), MacAlgorithm: z.string() });

export const kmsRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: (request) => {
    const operation = operationOf(request);
    if (!['GenerateMac', 'VerifyMac'].includes(operation))
      throw new NotMapped(`KMS's ${operation}`);
    const { KeyId, MacAlgorithm } = parseBody(request, mac);
    const resource = KeyId.startsWith('arn:') ? KeyId : arnOf('kms', `key/${KeyId}`);
    const keys = { 'kms:MacAlgorithm': MacAlgorithm, 'kms:CallerAccount': ACCOUNT };
    return [{ action: `kms:${operation}`, resource, keys }];
  },
  refusal: (_, message) => jsonRefusal(400, 'AccessDeniedException', message),
};

/**
 * Secrets Manager. The emulator also receives requests for other services and answers that they are not emulated.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access.html
 */
const secret = z.looseObject({ SecretId: z.string(), VersionStage: z.string().optional() });

export const secretsRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: (request) => {
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') return [];
    const { SecretId, VersionStage = 'AWSCURRENT' } = parseBody(request, secret);
    const resource = SecretId.startsWith('arn:')
      ? SecretId
      : arnOf('secretsmanager', `secret:${SecretId}`);
    const keys = {
      'secretsmanager:SecretId': resource,
      'secretsmanager:VersionStage': VersionStage,
    };
    return [{ action: 'secretsmanager:GetSecretValue', resource, keys }];
  },
  refusal: (_, message) => jsonRefusal(400, 'AccessDeniedException', message),
};

/** Systems Manager's GetParameters. https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html */
const parameterNames = z.looseObject({ Names: z.array(z.string()) });

export const ssmRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: (request) => {
    const operation = operationOf(request);
    if (operation !== 'GetParameters') throw new NotMapped(`Systems Manager's ${operation}`);
    return parseBody(request, parameterNames).Names.map((name) => ({
      action: 'ssm:GetParameters',
      // Only a name in a hierarchy begins with a slash.
      resource: arnOf('ssm', `parameter/${name.replace(/^\//, '')}`),
    }));
  },
  refusal: (_, message) => jsonRefusal(400, 'AccessDeniedException', message),
};

/** Lambda's Invoke. https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cli.html */
export const lambdaRequests: ServiceRequests = {
  needsBody: () => false,
  checksOf: ({ method, path }) => {
    const resource = functionArnOf(path);
    if (method !== 'POST' || resource === undefined)
      throw new NotMapped(`Lambda's ${method} ${path}`);
    return [{ action: 'lambda:InvokeFunction', resource }];
  },
  refusal: (_, message) => jsonRefusal(403, 'AccessDeniedException', message),
};

/**
 * EventBridge Scheduler. Whoever creates or changes a schedule passes it the role of its target.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policies.html
 */
const scheduleBody = z.looseObject({
  GroupName: z.string().default('default'),
  Target: z.looseObject({ RoleArn: z.string() }),
});

const WRITES: Readonly<Record<string, string>> = { POST: 'CreateSchedule', PUT: 'UpdateSchedule' };
const READS: Readonly<Record<string, string>> = { GET: 'GetSchedule', DELETE: 'DeleteSchedule' };

export const schedulerRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: (request) => {
    const { method, query } = request;
    const path = decodeURIComponent(request.path);
    const [, name] = /^\/schedules\/([^/]+)$/.exec(path) ?? [];
    if (name === undefined) {
      if (method === 'GET' && path === '/schedules')
        return [{ action: 'scheduler:ListSchedules', resource: '*' }];
      throw new NotMapped(`EventBridge Scheduler's ${method} ${path}`);
    }
    const resourceIn = (group: string): string => arnOf('scheduler', `schedule/${group}/${name}`);
    const write = WRITES[method];
    if (write === undefined) {
      const read = READS[method];
      if (read === undefined) throw new NotMapped(`EventBridge Scheduler's ${method} ${path}`);
      const resource = resourceIn(query.get('groupName') ?? 'default');
      return [{ action: `scheduler:${read}`, resource }];
    }
    const { GroupName, Target } = parseBody(request, scheduleBody);
    return [
      { action: `scheduler:${write}`, resource: resourceIn(GroupName) },
      {
        action: 'iam:PassRole',
        resource: Target.RoleArn,
        keys: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
      },
    ];
  },
  refusal: (_, message) => jsonRefusal(403, 'AccessDeniedException', message),
};

/** The address without its display name: `Larder <backups@example.com>`. */
const addressOf = (text: string): string => /<([^>]*)>\s*$/.exec(text)?.[1] ?? text.trim();
const displayNameOf = (text: string): string | undefined =>
  /^\s*"?([^"<]+?)"?\s*<[^>]*>\s*$/.exec(text)?.[1];

const listOf = (form: URLSearchParams, name: string): readonly string[] =>
  [...form].flatMap(([key, value]) => (key.startsWith(`${name}.member.`) ? [value] : []));

const identity = (name: string): string => arnOf('ses', `identity/${name}`);

/**
 * SES. AWS checks the identity that is verified in the account: the address or its domain; in the sandbox also those of the
 * recipients. Here all of them are checked, so a request that passes here passes in every account.
 * https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
 */
export const sesRequests: ServiceRequests = {
  needsBody: () => true,
  checksOf: ({ body }) => {
    const form = new URLSearchParams(body);
    if (form.get('Action') !== 'SendEmail') throw new NotMapped(`SES's ${form.get('Action')}`);
    const source = form.get('Source') ?? '';
    const from = addressOf(source);
    const recipients = ['To', 'Cc', 'Bcc']
      .flatMap((kind) => listOf(form, `Destination.${kind}Addresses`))
      .map(addressOf);
    const set = form.get('ConfigurationSetName');
    const keys = {
      'ses:ApiVersion': '1',
      'ses:FromAddress': from,
      'ses:FromDisplayName': displayNameOf(source),
      'ses:Recipients': recipients,
      'ses:FeedbackAddress': form.get('ReturnPath') ?? undefined,
    };
    const resources = [
      identity(from),
      identity(from.slice(from.indexOf('@') + 1)),
      ...recipients.map(identity),
      ...(set === null ? [] : [arnOf('ses', `configuration-set/${set}`)]),
    ];
    return resources.map((resource): Check => ({ action: 'ses:SendEmail', resource, keys }));
  },
  refusal: (_, message) => ({
    status: 403,
    headers: { 'content-type': 'text/xml' },
    body: xml('ErrorResponse', {
      Error: { Type: 'Sender', Code: 'AccessDenied', Message: message },
      RequestId: '00000000-0000-0000-0000-000000000000',
    }),
  }),
};
