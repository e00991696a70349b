/** Upstream over the runtime's fetch, or over the provider's own where it is built in. */
import type { Upstream } from '../gateway/ports';

export const upstreamFetch: Upstream = {
  fetch(target, { method, headers, body, signal }) {
    // A redirect is the client's to follow: following it here would carry the provider's key to wherever it points.
    const init: RequestInit = { method, headers, body, signal, redirect: 'manual' };
    const builtIn = target.provider?.fetch;
    return builtIn === undefined ? fetch(target.url, init) : builtIn(new Request(target.url, init));
  },
};
