import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeMailer } from '../../../adapters/ses/mailer.ts';
import { ACCEPTED, type Mailbox, REFUSAL, startMailbox, startScriptedSes } from './mailbox.ts';

let mailbox: Mailbox;
beforeAll(async () => {
  mailbox = await startMailbox();
});
afterAll(async () => {
  await mailbox.stop();
});
beforeEach(async () => {
  await mailbox.clear();
});

const people = { from: 'larder@example.com', to: ['ann@example.com', 'bob@example.com'] };
const mail = { subject: 'Größe 🐘', text: 'Text: ü', html: '<p>HTML: ü</p>' };

test('a mail arrives with both of its bodies, in any alphabet', async () => {
  await makeMailer({ client: mailbox.client, ...people }).send(mail);
  expect(await mailbox.received()).toMatchObject([
    { from: people.from, subject: mail.subject, body: { text: mail.text, html: mail.html } },
  ]);
});

test('a mail is sent to every address on the list', async () => {
  const ses = await startScriptedSes(200, ACCEPTED);
  try {
    await makeMailer({ client: ses.client, ...people }).send(mail);
    // The emulator keeps the first recipient only, so the test reads the request itself.
    const [asked] = ses.asked;
    expect(asked?.get('Destination.ToAddresses.member.1')).toBe('ann@example.com');
    expect(asked?.get('Destination.ToAddresses.member.2')).toBe('bob@example.com');
    expect(asked?.get('Message.Subject.Charset')).toBe('UTF-8');
  } finally {
    await ses.stop();
  }
});

test('a refusal of SES is an error with its reason and a remedy, and is retryable', async () => {
  const ses = await startScriptedSes(400, REFUSAL);
  try {
    const sending = makeMailer({ client: ses.client, ...people }).send(mail);
    await expect(sending).rejects.toMatchObject({
      name: 'MailNotSent',
      retryable: true,
      message: expect.stringMatching(/MessageRejected.*not verified.*Verify the sender/),
    });
  } finally {
    await ses.stop();
  }
});

test('a mail names the configured configuration set, and otherwise none', async () => {
  const ses = await startScriptedSes(200, ACCEPTED);
  try {
    await makeMailer({ client: ses.client, ...people, configurationSet: 'larder' }).send(mail);
    await makeMailer({ client: ses.client, ...people }).send(mail);
    expect(ses.asked.map((asked) => asked.get('ConfigurationSetName'))).toEqual(['larder', null]);
  } finally {
    await ses.stop();
  }
});
