/** What the local stack calls its account and region, and the credentials that its emulators take without a look. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const PARTITION = 'aws';
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
