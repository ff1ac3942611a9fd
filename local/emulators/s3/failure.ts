/** A refusal of S3, in S3's own words. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'S3Failure';
    this.status = status;
    this.code = code;
  }
}
