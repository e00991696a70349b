/** Which session a call belongs to. */
import type { Policy } from '../../schema/policy';
import type { Call, CallBody } from './call';

/** Agents that send no Helicone header say their session in headers of their own, or in the body. */
export function sessionOf({ headers }: Call, policy: Policy | null, body: Pick<CallBody, 'facts'> | null): string | null {
  return (
    policy?.sessionId ??
    headers.get('x-claude-code-session-id') ??
    headers.get('session-id') ??
    headers.get('thread-id') ??
    body?.facts.session ??
    null
  );
}
