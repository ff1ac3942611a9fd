/** What the local stack calls its account and region, and credentials for emulators that were started without any of their own. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const PARTITION = 'aws';
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
