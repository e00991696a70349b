/** https://docs.mistral.ai/api/endpoint/ocr (`usage_info`). Pages that were annotated by a schema cost more. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject, objects } from '../json';
import type { JsonObject, Worst } from '../wire';

/** A document says its length only once it is read; most have less, and 1,000 pages is the most that is taken. */
const ASSUMED_PAGES = 100;

export function readUsage(body: JsonObject): Usage | null {
  const info = body['usage_info'];
  if (!isObject(info)) return null;
  const pages = count(info['pages_processed']);
  return { ...NO_USAGE, pages, annotatedPages: isAnnotated(body) ? pages : 0 };
}

const isAnnotated = (body: JsonObject): boolean =>
  body['document_annotation'] != null ||
  objects(body['pages']).some((page) => objects(page['images']).some((image) => image['image_annotation'] != null));

/** `pages` lists the ones that are wanted, or names ranges of them; an image is one. */
export function worstUsage(body: JsonObject): Worst {
  const wanted = body['pages'];
  const isImage = at(body, 'document', 'type') === 'image_url';
  const stated = Array.isArray(wanted) ? wanted.length : isImage ? 1 : null;
  const pages = stated ?? ASSUMED_PAGES;
  const wishesSchema = body['document_annotation_format'] != null || body['bbox_annotation_format'] != null;
  return { usage: { ...NO_USAGE, pages, annotatedPages: wishesSchema ? pages : 0 }, isStated: stated !== null };
}
