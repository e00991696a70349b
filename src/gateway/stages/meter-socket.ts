/** A conversation over a WebSocket (https://platform.openai.com/docs/guides/realtime): passed both ways as it is, metered by what the provider reports. */
import { NO_USAGE, type Usage } from '../../../schema/record';
import { at, count, parseObject, stringOr } from '../../wires/json';
import { readUsage } from '../../wires/openai-responses/usage';
import type { Answered } from '../ask-target';
import type { Deadline } from '../deadline';
import type { Clock, SocketBridge } from '../ports';
import { replyHeaders } from '../reply-headers';
import type { Trail } from '../trail';

const SWITCHED = 101;
const ABNORMAL = 1006;
/** https://www.iana.org/assignments/websocket/websocket.xhtml: policy, size, internal error, restart, overload, bad gateway. */
const FAILURES: ReadonlySet<number> = new Set([1002, 1003, ABNORMAL, 1007, 1008, 1009, 1011, 1012, 1013, 1014]);

export function meterSocket({ head }: Answered, response: Response, bridge: SocketBridge, deadline: Deadline, clock: Clock, trail: Trail): Response {
  // It lasts as long as both want it to.
  deadline.disarm();
  trail.answerIsText = false;
  const onMessage = (text: string): void => {
    trail.firstByteAt ??= clock.now();
    trail.answerBytes += text.length;
    if (!text.includes('"response.done"')) return;
    const event = parseObject(text);
    if (event?.['type'] !== 'response.done') return;
    trail.usage = sum(trail.usage, readRealtimeUsage(at(event, 'response', 'usage')));
    trail.responseModel = stringOr(at(event, 'response', 'model'), trail.responseModel);
  };
  const onEnd = (code: number, by: 'provider' | 'client'): void => {
    if (by === 'client' || !FAILURES.has(code)) return trail.end('ok', SWITCHED);
    trail.warn(`the provider closed the connection with code ${code}`);
    if (code === ABNORMAL) trail.end('cut', SWITCHED, 'provider_cut');
    else trail.end('provider_error', SWITCHED, 'provider_error');
  };
  return bridge(response, replyHeaders(head.headers, trail), { onMessage, onEnd });
}

/** As of Responses, with the tokens of sound told apart. */
function readRealtimeUsage(usage: unknown): Usage | null {
  const read = readUsage({ usage });
  if (read === null) return null;
  return {
    ...read,
    cacheRead: count(at(usage, 'input_token_details', 'cached_tokens')),
    cacheReadAudio: count(at(usage, 'input_token_details', 'cached_tokens_details', 'audio_tokens')),
    inputAudio: count(at(usage, 'input_token_details', 'audio_tokens')),
    outputAudio: count(at(usage, 'output_token_details', 'audio_tokens')),
  };
}

function sum(had: Usage | null, more: Usage | null): Usage | null {
  if (had === null || more === null) return had ?? more;
  const total = Object.entries(NO_USAGE).map(([name]) => [name, Number(had[name as keyof Usage] ?? 0) + Number(more[name as keyof Usage] ?? 0)]);
  return { ...(Object.fromEntries(total) as Usage), reportedCostUsd: null };
}
