/** Upstream over the runtime's fetch, or over the provider's own where it is built in. Signs for those who take more than a key. */
import type { Target } from '../gateway/call';
import type { Clock, Upstream, UpstreamRequest } from '../gateway/ports';
import type { HeaderMap } from '../gateway/upstream-headers';
import { signAws } from './signing/aws';
import { AccessTokens } from './signing/tokens';

export class FetchUpstream implements Upstream {
  readonly #tokens: AccessTokens;

  constructor(readonly clock: Clock) {
    this.#tokens = new AccessTokens(clock, (request) => fetch(request));
  }

  fetch(target: Target, request: UpstreamRequest): Promise<Response> {
    return target.signing === null ? send(target, request, request.headers) : this.#sendSigned(target, request);
  }

  async #sendSigned(target: Target, request: UpstreamRequest): Promise<Response> {
    const { signing } = target;
    if (signing === null) return send(target, request, request.headers);
    if (signing.kind === 'aws') {
      const signed = await signAws(signing, target.url, request, this.clock.now());
      return send(target, { ...request, body: signed.body }, signed.headers);
    }
    const token = await this.#tokens.get(signing);
    const response = await send(target, request, { ...request.headers, authorization: `Bearer ${token}` });
    // It may have been taken back before its time.
    if (response.status === 401) this.#tokens.forget(signing, token);
    return response;
  }
}

function send(target: Target, { method, body, signal }: UpstreamRequest, headers: HeaderMap): Promise<Response> {
  // A redirect is the client's to follow: following it here would carry the provider's key to wherever it points.
  const init: RequestInit = { method, headers, body, signal, redirect: 'manual' };
  const builtIn = target.provider?.fetch;
  return builtIn === undefined ? fetch(target.url, init) : builtIn(new Request(target.url, init));
}
