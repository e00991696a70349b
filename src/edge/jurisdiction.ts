/** Where Durable Objects live: https://developers.cloudflare.com/durable-objects/reference/data-location/ */
import type { Region } from '../providers/provider';

/** What workerd on its own says where Cloudflare places objects. */
const LOCAL = /not implemented in workerd/i;

/** The objects of a region; anything but a local run that cannot place them must not count elsewhere in silence. */
export function placed<T extends Rpc.DurableObjectBranded | undefined>(
  objects: DurableObjectNamespace<T>,
  region: Region | null,
): DurableObjectNamespace<T> {
  if (region === null) return objects;
  try {
    return objects.jurisdiction(region);
  } catch (error) {
    if (LOCAL.test(String(error))) return objects;
    throw error;
  }
}
