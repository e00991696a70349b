/** Every provider proxy: by path, by each of its names and by host label, to the host that its vendor documents. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proxyUrl } from '../../src/gateway/routing/plan-proxy.ts';
import { readAddress } from '../../src/http/address.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { testConfig } from '../fakes/config.ts';
import { ADMIN_KEY, type RunningWorker, startWorker } from '../harness/worker.ts';

/** Labels of `*.helicone.ai` and where each leads, by the code of Helicone's worker, but where a vendor has moved since. */
const LABELS = [
  ['oai', 'api.openai.com'],
  ['anthropic', 'api.anthropic.com'],
  ['vercel', 'ai-gateway.vercel.sh'],
  // Was api.together.xyz: https://docs.together.ai/docs/inference/openai-compatibility
  ['together', 'api.together.ai'],
  ['google', 'generativelanguage.googleapis.com'],
  ['llama', 'api.llama.com'],
  ['nvidia', 'integrate.api.nvidia.com'],
  ['openrouter', 'openrouter.ai'],
  ['deepinfra', 'api.deepinfra.com'],
  ['groq', 'api.groq.com'],
  ['perplexity', 'api.perplexity.ai'],
  ['hyperbolic', 'api.hyperbolic.xyz'],
  ['cerebras', 'api.cerebras.ai'],
  ['mistral', 'api.mistral.ai'],
  ['fireworks', 'api.fireworks.ai'],
  ['predibase', 'api.app.predibase.com'],
  ['qstash', 'qstash.upstash.io'],
  ['x', 'api.x.ai'],
  ['deepseek', 'api.deepseek.com'],
  // Was api.studio.nebius.ai: https://docs.tokenfactory.nebius.com
  ['nebius', 'api.tokenfactory.nebius.com'],
  ['novita', 'api.novita.ai'],
  ['firecrawl', 'api.firecrawl.dev'],
] as const;

describe('host labels', () => {
  it.each(LABELS)('%s leads to %s, path and query as they are', (label, host) => {
    const config = testConfig();
    const address = readAddress(`https://${label}.acme.test/any/path?a=%2F&b=`, ['acme.test'], () => false);
    const [, slug = '', ...rest] = address.path.split('/');
    const it = config.providers.get(slug);
    if (it === undefined) throw new Error(`no provider ${slug}`);
    expect(new URL(proxyUrl(it, `/${rest.join('/')}`)).href).toBe(`https://${host}/any/path`);
    expect(address.query).toBe('?a=%2F&b=');
  });
});

/** What cannot be asked in the clear over one local address: what answers inside the Worker, and what is signed instead. */
const PROXIED = PROVIDERS.filter((it) => it.fetch === undefined);
const NAMES = PROXIED.flatMap((provider) => [provider.slug, ...provider.aliases].map((name) => [name, provider.slug] as const));

let worker: RunningWorker;
const asked: { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
const upstream = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() });
    response.writeHead(207, { 'content-type': 'text/plain', 'x-vendor': 'yes' });
    response.end('as it came');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  const bases = PROXIED.map((it) => [it.baseUrlVariable, `http://127.0.0.1:${port}/at/${it.slug}`]);
  worker = await startWorker({ vars: Object.fromEntries(bases) });
});
afterAll(async () => {
  await worker?.stop();
  upstream.close();
});

describe('every proxy path', () => {
  it.each(NAMES)('/%s/… passes method, path, query, body and the key of the caller to %s, and ours not', async (name, slug) => {
    const response = await fetch(`${worker.url}/${name}/some/path?a=%2F&b=&a=2`, {
      method: 'PATCH',
      headers: { 'helicone-auth': `Bearer ${ADMIN_KEY}`, authorization: 'Bearer caller-key', 'content-type': 'application/x-any', 'x-own': 'kept' },
      body: 'any \u00fc bytes',
    });
    expect([response.status, await response.text(), response.headers.get('x-vendor')]).toEqual([207, 'as it came', 'yes']);
    const seen = asked.at(-1);
    expect(seen).toMatchObject({ method: 'PATCH', url: `/at/${slug}/some/path?a=%2F&b=&a=2`, body: 'any \u00fc bytes' });
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer caller-key', 'x-own': 'kept', 'content-type': 'application/x-any' });
    expect(JSON.stringify(seen)).not.toContain(ADMIN_KEY);
    expect(Object.keys(seen?.headers ?? {}).filter((each) => each.startsWith('helicone-'))).toEqual([]);
  });

  it('takes the Weir key as a segment of the path, too', async () => {
    const response = await fetch(`${worker.url}/${ADMIN_KEY}/groq/openai/v1/models`, { headers: { authorization: 'Bearer caller-key' } });
    expect([response.status, asked.at(-1)?.url]).toEqual([207, '/at/groq/models']);
    expect(JSON.stringify(asked.at(-1))).not.toContain(ADMIN_KEY);
  });

  it('is closed without a Weir key', async () => {
    const before = asked.length;
    for (const slug of PROXIED.map((it) => it.slug)) {
      const response = await fetch(`${worker.url}/${slug}/some/path`, { headers: { authorization: 'Bearer caller-key' } });
      await response.text();
      expect([slug, response.status]).toEqual([slug, 401]);
    }
    expect(asked.length).toBe(before);
  });

  it('without a key of the provider, neither sent nor held, says which is missing', async () => {
    const keyed = PROXIED.filter((it) => it.keyVariable !== null);
    for (const { slug, keyVariable } of keyed) {
      const response = await fetch(`${worker.url}/${slug}/some/path`, { headers: { 'helicone-auth': `Bearer ${ADMIN_KEY}` } });
      const text = await response.text();
      expect([slug, response.status, text.includes(String(keyVariable))]).toEqual([slug, 401, true]);
    }
  });
});
