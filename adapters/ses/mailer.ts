import { type SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { MailNotSent } from '../../core/errors/mail.ts';
import type { Mailer } from '../../core/ports.ts';

export interface MailerAccess {
  readonly client: SESClient;
  readonly from: string;
  readonly to: readonly string[];
  readonly configurationSet?: string | undefined;
}

/** One part of a mail; without a charset SES accepts only 7-bit ASCII. */
const content = (text: string) => ({ Data: text, Charset: 'UTF-8' });

/** Sends mails through SES, from one verified identity to a fixed list of people. */
export const makeMailer = ({ client, from, to, configurationSet }: MailerAccess): Mailer => ({
  send: async ({ subject, text, html }) => {
    const command = new SendEmailCommand({
      Source: from,
      ...(configurationSet && { ConfigurationSetName: configurationSet }),
      Destination: { ToAddresses: [...to] },
      Message: { Subject: content(subject), Body: { Text: content(text), Html: content(html) } },
    });
    await client.send(command).catch((cause: unknown) => {
      const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no answer';
      throw new MailNotSent(from, why, { cause });
    });
  },
});
