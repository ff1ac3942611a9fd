import { sha256Hex } from './ids.ts';
import type { ManifestSignature } from './manifest.ts';

/**
 * Every writer with access below a project's prefix of the vault can store any JSON there, also another project's manifest or a changed
 * one. So an export signs a manifest with a key that only exports may use. The signature covers the content and the manifest's own key in
 * the vault, so it is valid at that key only. It does not cover the bucket, so that a vault may be copied.
 */
const canonicalText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((one) => canonicalText(one)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonicalText(one)}`).join(',')}}`;
};

/**
 * The message that is signed, below KMS's limit of 4,096 bytes: the manifest's key, and the SHA-256 of its content in a canonical
 * form: members in the order of their names (UTF-16 units), without white space.
 * @param key the manifest's own, in the vault
 * @param manifest as read from JSON, or as written as JSON; its signature is ignored
 */
export const messageToSign = (key: string, manifest: object): string => {
  const { signature: _, ...content } = manifest as { readonly signature?: unknown };
  return `larder manifest 1\n${key}\n${sha256Hex(canonicalText(content))}`;
};

/** Signs what an export has written. Errors: ManifestKeyRefused, ManifestKeyUnreachable. */
export interface ManifestSigner {
  sign(message: string): Promise<ManifestSignature>;
  /** Whether this signer's own key made the signature. */
  hasSigned(message: string, signature: ManifestSignature): Promise<boolean>;
}

/** Checks whether one of the configured keys made a signature. Errors: ManifestKeyRefused, ManifestKeyUnreachable. */
export interface ManifestVerifier {
  verify(message: string, signature: ManifestSignature): Promise<boolean>;
}
