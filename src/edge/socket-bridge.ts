/** Joins two WebSockets: what one says the other hears, and whoever watches hears what the provider said and how it ended. */
import type { SocketBridge } from '../gateway/ports';

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1: codes that no side may send stand for there having been none. */
const UNSENDABLE: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);
const isSendable = (code: number): boolean => code >= 1000 && code <= 4999 && !UNSENDABLE.has(code);
const NORMAL = 1000;
const ABNORMAL = 1006;
const INTERNAL = 1011;

export const bridgeSockets: SocketBridge = (response, headers, { onMessage, onEnd }) => {
  const upstream = response.webSocket;
  if (upstream === null) throw new Error('a 101 without a socket');
  const [outer, inner] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  let isOver = false;
  const end = (code: number, reason: string, from: WebSocket): void => {
    if (isOver) return;
    isOver = true;
    const other = from === upstream ? inner : upstream;
    try {
      if (isSendable(code)) other.close(code, reason);
      // A connection that broke is no ordinary end.
      else other.close(code === ABNORMAL ? INTERNAL : NORMAL);
    } catch {
      // It is closed already.
    }
    onEnd(code, from === upstream ? 'provider' : 'client');
  };
  const pass = (from: WebSocket, to: WebSocket, heard: (text: string) => void): void => {
    from.addEventListener('message', ({ data }) => {
      if (isOver) return;
      to.send(data);
      if (typeof data === 'string') heard(data);
    });
    from.addEventListener('close', ({ code, reason }) => end(code, reason, from));
    from.addEventListener('error', () => end(ABNORMAL, '', from));
    // Frames of bytes come as such; as a Blob they could not be sent on.
    from.binaryType = 'arraybuffer';
    from.accept();
  };
  pass(inner, upstream, () => {});
  pass(upstream, inner, onMessage);
  return new Response(null, { status: 101, webSocket: outer, headers });
};
