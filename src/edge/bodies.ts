/**
 * Bodies in R2, as gzip members. Keys:
 * - `bodies/<yyyy-mm-dd>/<uuid>`: concatenated members of one consumer batch, or the one member of a large call.
 * - `overflow/<uuid>`: a whole record message as JSON that the queue refused; cron puts it back.
 * - `dead/<uuid>`: a whole record message as JSON that the consumer gave up on.
 * A member is the gzip of `{"request": …, "response": …}`; a row points to it by key, offset and length.
 */
import { Bodies, type BodyPointer } from '../../schema/record';

export const OVERFLOW_PREFIX = 'overflow/';
export const DEAD_PREFIX = 'dead/';
export const BODIES_PREFIX = 'bodies/';

async function throughGzip(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const input = new Blob([bytes]).stream().pipeThrough(stream as ReadableWritablePair<Uint8Array, Uint8Array>);
  return new Uint8Array(await new Response(input).arrayBuffer());
}

export const gzip = (text: string): Promise<Uint8Array> => throughGzip(new TextEncoder().encode(text), new CompressionStream('gzip'));

export const gunzip = async (bytes: Uint8Array): Promise<string> =>
  new TextDecoder().decode(await throughGzip(bytes, new DecompressionStream('gzip')));

const bodiesKey = (id: string, atMs: number): string => `${BODIES_PREFIX}${new Date(atMs).toISOString().slice(0, 10)}/${id}`;

/** Writes the members of several calls as one object and gives each call's pointer, in order. */
export async function packBodies(bucket: R2Bucket, bodies: readonly Bodies[], id: string, atMs: number): Promise<BodyPointer[]> {
  if (bodies.length === 0) return [];
  const members = await Promise.all(bodies.map((each) => gzip(JSON.stringify(each))));
  const key = bodiesKey(id, atMs);
  const pointers: BodyPointer[] = [];
  let offset = 0;
  for (const member of members) {
    pointers.push({ key, offset, length: member.byteLength });
    offset += member.byteLength;
  }
  await bucket.put(key, new Blob(members));
  return pointers;
}

/** The bodies at a pointer, or null when the object is gone. */
export async function readBodies(bucket: R2Bucket, pointer: BodyPointer): Promise<Bodies | null> {
  const object = await bucket.get(pointer.key, { range: { offset: pointer.offset, length: pointer.length } });
  if (object === null) return null;
  return Bodies.parse(JSON.parse(await gunzip(new Uint8Array(await object.arrayBuffer()))));
}
