import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isForm, readForm, setField } from '../../src/wires/form';

/** A form as the platform writes it. */
async function written(form: FormData): Promise<{ bytes: Uint8Array; type: string }> {
  const response = new Response(form);
  return { bytes: new Uint8Array(await response.arrayBuffer()), type: response.headers.get('content-type') ?? '' };
}
const platformReads = (bytes: Uint8Array, type: string): Promise<FormData> =>
  new Response(bytes as BodyInit, { headers: { 'content-type': type } }).formData();

const name = fc.stringMatching(/^[a-z_]{1,10}$/);
/** Values hold line ends, dashes and anything else; none of them is normalised here but what the platform normalises itself. */
const value = fc.string({ maxLength: 60, unit: 'grapheme' }).map((it) => it.replaceAll(/\r\n|\r|\n/g, '\r\n'));

describe('forms', () => {
  it('are read as the platform writes them, files by their size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 6 }), fc.uint8Array({ maxLength: 200 }), async (fields, file) => {
        const form = new FormData();
        form.set('0file', new Blob([new Uint8Array(file)], { type: 'audio/wav' }), 'a.wav');
        for (const [key, text] of Object.entries(fields)) form.set(key, text);
        const { bytes, type } = await written(form);
        expect(isForm(type)).toBe(true);
        expect(readForm(bytes, type)).toEqual({ ...fields, '0file': `[${file.byteLength} bytes of audio/wav]` });
      }),
    );
  });

  it('keep every other byte where a field is set, and get one that is missing', async () => {
    await fc.assert(
      fc.asyncProperty(value, value, fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (before, after, file, isThere) => {
        const form = new FormData();
        form.set('file', new Blob([new Uint8Array(file)]), 'a.wav');
        if (isThere) form.set('model', before);
        form.set('prompt', before);
        const { bytes, type } = await written(form);
        const read = await platformReads(setField(bytes, type, 'model', after), type);
        expect([read.get('model'), read.get('prompt')]).toEqual([after, before]);
        expect(new Uint8Array(await (read.get('file') as File).arrayBuffer())).toEqual(file);
      }),
    );
  });

  it.each([
    ['no boundary', 'multipart/form-data', '--x\r\n'],
    ['none at all', 'multipart/form-data; boundary=x', ''],
    ['cut within a field', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1'],
    ['without its end', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\n'],
    ['of another boundary', 'multipart/form-data; boundary=x', '--y\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--y--'],
  ])('that are broken are none: %s', (_, type, text) => expect(readForm(new TextEncoder().encode(text), type)).toBeNull());

  it('may have a preamble, a quoted boundary and an empty value', () => {
    const text = 'hello\r\n--a b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="m"\r\n\r\n\r\n--a b--\r\n';
    expect(readForm(new TextEncoder().encode(text), 'multipart/form-data; boundary="a b"')).toEqual({ m: '' });
  });

  it('may name their fields without quotes, and a field twice', () => {
    const text =
      '--x\r\nContent-Disposition: form-data; name=model\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=file; filename=f.wav\r\n\r\n12\r\n--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nb\r\n--x--';
    const bytes = new TextEncoder().encode(text);
    const type = 'multipart/form-data; boundary=x';
    expect(readForm(bytes, type)).toEqual({ model: 'b', file: '[2 bytes of text/plain]' });
    expect(new TextDecoder().decode(setField(bytes, type, 'model', 'cc'))).toBe(
      text.replace('\r\na\r\n', '\r\ncc\r\n').replace('\r\nb\r\n', '\r\ncc\r\n'),
    );
  });
});
