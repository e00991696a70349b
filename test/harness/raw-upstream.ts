/** A provider on raw sockets: it can be cut, stalled and malformed at any byte, which no HTTP server allows. */
import { createServer, type Server, type Socket } from 'node:net';

export interface Received {
  /** Request line and headers as they came. */
  readonly head: string;
  readonly body: string;
  readonly socket: Socket;
  /** Resolves when the client (Weir) has closed the connection. */
  readonly closed: Promise<void>;
}

export interface RawUpstream {
  readonly url: string;
  readonly received: Received[];
  /** What to do with the next requests. */
  handler: (request: Received) => void | Promise<void>;
  stop(): Promise<void>;
}

export async function startRawUpstream(handler: RawUpstream['handler'] = () => {}): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let text = '';
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = text.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const chunked = /transfer-encoding: chunked/i.test(head);
      const rest = text.slice(end + 4);
      if (chunked ? !rest.endsWith('0\r\n\r\n') : rest.length < length) return;
      text = '';
      const received = { head, body: Buffer.from(rest, 'latin1').toString('utf8'), socket, closed };
      upstream.received.push(received);
      void upstream.handler(received);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${address.port}`,
    received: [],
    handler,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

export const JSON_HEADERS = { 'content-type': 'application/json' };
export const SSE_HEADERS = { 'content-type': 'text/event-stream' };

const headText = (status: number, headers: Record<string, string>): string =>
  `HTTP/1.1 ${status} X\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}`;

/** A whole answer with its length. */
export function respond(socket: Socket, status: number, headers: Record<string, string>, body: string | Buffer): void {
  const bytes = Buffer.from(body);
  socket.write(`${headText(status, headers)}content-length: ${bytes.byteLength}\r\n\r\n`);
  socket.write(bytes);
}

/** Opens a chunked answer. */
export function openChunked(socket: Socket, status: number, headers: Record<string, string>): void {
  socket.write(`${headText(status, headers)}transfer-encoding: chunked\r\n\r\n`);
}

export function writeChunk(socket: Socket, data: string | Buffer): void {
  const bytes = Buffer.from(data);
  if (bytes.byteLength > 0) socket.write(Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
}

export const endChunked = (socket: Socket): boolean => socket.write('0\r\n\r\n');
