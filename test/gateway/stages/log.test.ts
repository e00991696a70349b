import { describe, expect, it } from 'vitest';
import type { Call, CallBody } from '../../../src/gateway/call';
import { closeRecord } from '../../../src/gateway/stages/log';
import { readPolicy } from '../../../src/gateway/stages/read-policy';
import { Trail } from '../../../src/gateway/trail';

const SECRET = 'what nobody may read';
const ending = { outcome: 'ok', status: 200, errorCode: null } as const;

function trail(headers: Record<string, string> = {}): Trail {
  const map = new Map(new Headers(headers));
  const call = {
    id: crypto.randomUUID(),
    startedAt: 1,
    headers: map,
    method: 'POST',
    fullPath: '/v1/x',
    wire: { name: 'openai-chat' },
    country: null,
  } as unknown as Call;
  const it = new Trail(call);
  it.policy = readPolicy(map, {});
  it.body = {
    text: `{"q":"${SECRET}"}`,
    bytes: null,
    byteLength: 28,
    facts: { model: 'm', user: null, session: null, streamed: false, choices: 1 },
    contentType: 'application/json',
  } as CallBody;
  it.keep(new TextEncoder().encode(`{"a":"${SECRET}"}`));
  return it;
}

describe('closeRecord', () => {
  it('keeps both bodies and their beginnings', () => {
    const { record, bodies } = closeRecord(trail(), ending, 2, true);
    expect(bodies).toEqual({ request: `{"q":"${SECRET}"}`, response: `{"a":"${SECRET}"}` });
    expect(record.requestExcerpt).toContain(SECRET);
  });

  it('cuts no character in half', () => {
    const it = trail();
    it.answerText = `${'x'.repeat(119)}\u{1f600}`;
    expect(closeRecord(it, ending, 2, true).record.responseExcerpt).toBe('x'.repeat(119));
  });

  it('keeps nothing of them anywhere when bodies are off', () => {
    const closed = closeRecord(trail(), ending, 2, false);
    expect(closed.bodies).toBeNull();
    expect(JSON.stringify(closed)).not.toContain(SECRET);
    expect(closed.record).toMatchObject({ requestBytes: 28, responseBytes: 28 });
  });

  it('lets each omit header stand for its own body', () => {
    expect(closeRecord(trail({ 'Helicone-Omit-Request': 'true' }), ending, 2, true).bodies).toEqual({ request: null, response: `{"a":"${SECRET}"}` });
    expect(closeRecord(trail({ 'Helicone-Omit-Response': 'true' }), ending, 2, true).bodies).toEqual({
      request: `{"q":"${SECRET}"}`,
      response: null,
    });
  });

  it('takes the session from the headers that agents send of themselves', () => {
    const session = (headers: Record<string, string>) => closeRecord(trail(headers), ending, 2, true).record.sessionId;
    expect(session({ 'Helicone-Session-Id': 'a', 'x-claude-code-session-id': 'b' })).toBe('a');
    expect(session({ 'x-claude-code-session-id': 'b' })).toBe('b');
    expect(session({ 'session-id': 'c', 'thread-id': 'd' })).toBe('c');
    // Codex sends it alone where it has no session.
    expect(session({ 'thread-id': 'd' })).toBe('d');
    expect(session({})).toBeNull();
  });
});
