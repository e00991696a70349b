/** Signature Version 4 over one request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { AwsV4Signer } from 'aws4fetch';
import type { UpstreamRequest } from '../../gateway/ports';
import type { HeaderMap } from '../../gateway/upstream-headers';
import type { Signing } from '../../providers/provider';

type AwsKeys = Extract<Signing, { kind: 'aws' }>;

/** Only what cannot change on the way is signed. */
const SIGNED = ['content-type'];

export interface SignedRequest {
  readonly headers: HeaderMap;
  /** What was signed: a stream is read for it. */
  readonly body: BodyInit | null;
}

/** The caller's own signature and token are none of this request's. `now`: Unix milliseconds. */
export async function signAws(keys: AwsKeys, url: string, { method, headers: given, body }: UpstreamRequest, now: number): Promise<SignedRequest> {
  const headers = Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith('x-amz-') && name !== 'authorization'));
  const bytes = body === null || typeof body === 'string' ? body : await new Response(body).arrayBuffer();
  const signer = new AwsV4Signer({
    method,
    url,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => SIGNED.includes(name))),
    ...(bytes !== null && { body: bytes }),
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken !== null && { sessionToken: keys.sessionToken }),
    // Of those that are handed in, all: the content type has to be among them.
    allHeaders: true,
    service: keys.service,
    region: keys.region,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  });
  const signed = await signer.sign();
  return { headers: { ...headers, ...Object.fromEntries([...signed.headers].filter(([name]) => name !== 'host')) }, body: bytes };
}
