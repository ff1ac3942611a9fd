import {
  GetAccountSendingEnabledCommand,
  GetIdentityVerificationAttributesCommand,
  GetSendQuotaCommand,
  type SESClient,
} from '@aws-sdk/client-ses';
import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { NotificationSettings } from '../../core/settings.ts';
import type { Finding } from './check.ts';

/** An account outside of the sandbox may send more. https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html */
const SANDBOX_MAILS_A_DAY = 200;

/** The identities of an address that SES may have verified: the address, its domain, and the parent domains. */
const identitiesOf = (address: string): readonly string[] => {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const labels = domain.split('.');
  return [address, ...labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))];
};

/** The addresses for which SES has verified no identity. */
const unverifiedOf = async (
  client: SESClient,
  addresses: readonly string[],
): Promise<readonly string[]> => {
  const unverified: string[] = [];
  for (const address of addresses) {
    const { VerificationAttributes: found = {} } = await client.send(
      new GetIdentityVerificationAttributesCommand({ Identities: [...identitiesOf(address)] }),
    );
    const isVerified = Object.values(found).some(
      ({ VerificationStatus: status }) => status === 'Success',
    );
    if (!isVerified) unverified.push(address);
  }
  return unverified;
};

export const checkMail = async (
  client: SESClient,
  { from, to }: NotificationSettings,
): Promise<readonly Finding[]> => {
  const check = 'mail';
  const [sender] = await unverifiedOf(client, [from]);
  if (sender !== undefined) {
    const says = `SES has verified neither ${from} nor its domain in this region`;
    return [
      { check, result: 'failed', says, todo: 'aws ses verify-email-identity, or its domain' },
    ];
  }
  const { Enabled } = await client.send(new GetAccountSendingEnabledCommand());
  if (Enabled === false)
    return [{ check, result: 'failed', says: 'SES has switched off sending for this account' }];
  const { Max24HourSend = 0 } = await client.send(new GetSendQuotaCommand());
  // -1 means no limit.
  if (Max24HourSend < 0 || Max24HourSend > SANDBOX_MAILS_A_DAY)
    return [{ check, result: 'ok', says: `${from} is verified` }];
  const unverified = await unverifiedOf(client, to);
  const sandbox = `the account sends ${Max24HourSend} mails a day, as in the sandbox of SES`;
  return unverified.length
    ? [
        {
          check,
          result: 'failed',
          says: `${sandbox}, where these recipients are not verified: ${unverified.join(', ')}`,
          todo: 'ask SES for production access, or verify each of them',
        },
      ]
    : [{ check, result: 'warning', says: sandbox, todo: 'ask SES for production access' }];
};

export const checkAlarms = async (
  client: SNSClient,
  topic: string | undefined,
): Promise<readonly Finding[]> => {
  const check = 'alarms';
  if (topic === undefined) {
    const says = 'they notify nobody and are visible in CloudWatch only';
    return [{ check, result: 'warning', says, todo: 'give alarms.email or alarms.topicArn' }];
  }
  const { Subscriptions: all = [] } = await client.send(
    new ListSubscriptionsByTopicCommand({ TopicArn: topic }),
  );
  const waiting = all.filter(({ SubscriptionArn: arn }) => !arn?.startsWith('arn:'));
  if (all.length > waiting.length && waiting.length === 0)
    return [{ check, result: 'ok', says: `${all.length} confirmed subscriptions` }];
  const names = waiting.map(({ Endpoint }) => Endpoint ?? 'one without a name').join(', ');
  const says = waiting.length ? `not confirmed: ${names}` : 'their topic has no subscription';
  return [
    {
      check,
      result: all.length > waiting.length ? 'warning' : 'failed',
      says,
      todo: waiting.length
        ? 'open the link in the mail of AWS Notifications'
        : 'add a subscription',
    },
  ];
};
