/** `npm run dev` and `npm run doctor`, as a new user runs them. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/api.ts';
import { ROOT } from '../harness/build.ts';
import { JSON_HEADERS, respond, startRawUpstream } from '../harness/raw-upstream.ts';
import { freePort } from '../harness/worker.ts';

const script = (name: string): string => join(ROOT, 'scripts', name);
const running: ChildProcess[] = [];

async function dev(env: Record<string, string>): Promise<{ output: () => string; ready: Promise<string> }> {
  const child = spawn(process.execPath, [script('dev.mjs')], { cwd: ROOT, env: { ...process.env, ...env } });
  running.push(child);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => output.includes('and read it back') && resolve(output));
    child.on('close', () => reject(new Error(output)));
  });
  return { output: () => output, ready };
}

afterAll(async () => {
  for (const child of running) {
    const closed = new Promise((resolve) => child.on('close', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await closed;
  }
});

describe('npm run dev', () => {
  it('prints base URL, key and a call that answers at once; doctor finds it well, and names what is wrong with providers', async () => {
    const badKey = await startRawUpstream(({ socket }) => respond(socket, 401, JSON_HEADERS, '{}'));
    const wrongUrl = await startRawUpstream(({ socket }) => respond(socket, 404, { 'content-type': 'text/html' }, '<html>'));
    const good = await startRawUpstream(({ socket }) => respond(socket, 200, JSON_HEADERS, '{"data":[]}'));
    const port = await freePort();
    const started = await dev({
      PORT: String(port),
      OPENAI_API_KEY: 'sk-from-the-shell',
      OPENAI_BASE_URL: `${good.url}/v1`,
      GROQ_API_KEY: 'gsk_bad',
      GROQ_BASE_URL: `${badKey.url}/v1`,
      MISTRAL_API_KEY: 'm',
      MISTRAL_BASE_URL: `${wrongUrl.url}/v1`,
      XAI_API_KEY: 'x',
      XAI_BASE_URL: 'https://no-such-host.invalid/v1',
      CEREBRAS_API_KEY: 'c',
      CEREBRAS_BASE_URL: `http://127.0.0.1:${await freePort()}/v1`,
    });
    const output = await started.ready;
    expect(output).not.toContain('sk-from-the-shell');
    const curl = /curl http[\s\S]*?\]}'/.exec(output)?.[0] ?? '';
    const answer = JSON.parse((await promisify(execFile)('sh', ['-c', curl])).stdout);
    expect(answer.choices[0].message.content).toBe('Hello, Weir');
    const query = /curl \S*\/v1\/request\/query.*/.exec(output)?.[0] ?? '';
    await eventually('the call in the log', async () =>
      JSON.parse((await promisify(execFile)('sh', ['-c', query])).stdout).data.length > 0 ? true : null,
    );

    const doctor = await promisify(execFile)(process.execPath, [script('doctor.mjs'), '--url', `http://127.0.0.1:${port}`]).catch((error) => error);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/ ok {3}one call and its record/);
    expect(doctor.stdout).toMatch(/ ok {3}provider openai: reachable/);
    expect(doctor.stdout).toMatch(/FAIL {2}provider groq: the key is refused \(status 401\)\n {6}mend: set a valid GROQ_API_KEY/);
    expect(doctor.stdout).toMatch(
      /FAIL {2}provider mistral: something answers there, but no provider's API .*\n {6}mend: wrong base URL: check MISTRAL_BASE_URL/,
    );
    expect(doctor.stdout).toMatch(/FAIL {2}provider xai: the host name does not resolve \(DNS\).*\n {6}mend: check XAI_BASE_URL/);
    expect(doctor.stdout).toMatch(/FAIL {2}provider cerebras: the connection is refused\n/);
    await Promise.all([badKey.stop(), wrongUrl.stop(), good.stop()]);
  }, 90_000);

  it('says in a sentence that the port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const failed = await (await dev({ PORT: String(port) })).ready.catch((error) => error.message);
    server.close();
    expect(failed.trim()).toMatch(new RegExp(`^Port ${port} is taken by another program. Choose another one: PORT=\\d+ npm run dev$`));
  });
});
