/** https://docs.mistral.ai/api/endpoint/ocr (`usage_info`). Pages that were annotated by a schema cost more. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, isObject, objects } from '../json';
import type { JsonObject, Worst } from '../wire';

/** A document says its length only once it is read; most have less. */
const ASSUMED_PAGES = 100;
/** Longer documents are refused. */
const MOST_PAGES = 1_000;

export function readUsage(body: JsonObject): Usage | null {
  const info = body['usage_info'];
  if (!isObject(info)) return null;
  const pages = count(info['pages_processed']);
  return { ...NO_USAGE, pages, annotatedPages: isAnnotated(body) ? pages : 0 };
}

const isAnnotated = (body: JsonObject): boolean =>
  body['document_annotation'] != null ||
  objects(body['pages']).some((page) => objects(page['images']).some((image) => image['image_annotation'] != null));

/** `pages` lists the ones that are wanted, or names ranges of them (`0-3,7`); an image is one. */
export function worstUsage(body: JsonObject): Worst {
  const wishesSchema = body['document_annotation_format'] != null || body['bbox_annotation_format'] != null;
  const usageOf = (pages: number): Usage => ({ ...NO_USAGE, pages, annotatedPages: wishesSchema ? pages : 0 });
  const stated = wantedPages(body['pages']) ?? (at(body, 'document', 'type') === 'image_url' ? 1 : null);
  if (stated !== null) return { usage: usageOf(Math.min(stated, MOST_PAGES)), isStated: true };
  return { usage: usageOf(ASSUMED_PAGES), isStated: false, most: usageOf(MOST_PAGES) };
}

function wantedPages(wanted: unknown): number | null {
  if (Array.isArray(wanted)) return wanted.length === 0 ? null : wanted.length;
  if (typeof wanted === 'number') return 1;
  if (typeof wanted !== 'string') return null;
  const parts = wanted.split(',').map((part) => /^\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*$/.exec(part));
  if (parts.some((part) => part === null)) return null;
  return parts.reduce((sum, part) => sum + Math.max(1, Number(part?.[2] ?? part?.[1]) - Number(part?.[1]) + 1), 0);
}
