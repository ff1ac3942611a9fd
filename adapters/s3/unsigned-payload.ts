/**
 * A middleware that leaves the body out of a request's signature if TLS protects it: the SDK would otherwise hash every
 * byte with SHA-256, in addition to the CRC-32 that S3 checks. AWS's other SDKs do the same by default. Over plain HTTP the
 * body stays signed, because a CRC can be forged.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export const unsignedPayload =
  <Step extends { readonly request: unknown }, Answer>(next: (step: Step) => Promise<Answer>) =>
  (step: Step): Promise<Answer> => {
    const request = step.request as { protocol: string; headers: Record<string, string> };
    if (request.protocol === 'https:') request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
    return next(step);
  };
