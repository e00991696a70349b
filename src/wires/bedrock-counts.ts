/** Tokens that Bedrock tells in headers, whatever vendor's words the answer is in: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-invoke.html */
import { NO_USAGE, type Usage } from '../../schema/record';
import { count } from './json';

const INPUT = 'x-amzn-bedrock-input-token-count';
const OUTPUT = 'x-amzn-bedrock-output-token-count';
const CACHE_READ = 'x-amzn-bedrock-cache-read-input-token-count';
const CACHE_WRITE = 'x-amzn-bedrock-cache-write-input-token-count';

export function usageOfHeaders(headers: ReadonlyMap<string, string>): Usage | null {
  if (!headers.has(INPUT)) return null;
  const told = (name: string): number => count(Number(headers.get(name) ?? 0));
  const cacheRead = told(CACHE_READ);
  const cacheWrite = told(CACHE_WRITE);
  return { ...NO_USAGE, input: told(INPUT) + cacheRead + cacheWrite, output: told(OUTPUT), cacheRead, cacheWrite };
}
