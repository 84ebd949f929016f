/** Where the text stops being standard base64 with padding, as Go counts; undefined when it does not. Line ends are skipped. */
export function badBase64(text: string): number | undefined {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (c === '\n' || c === '\r') continue;
    if (/[A-Za-z0-9+/]/.test(c)) {
      digits++;
      continue;
    }
    if (c !== '=' || digits % 4 < 2) return i;
    let rest = i + 1;
    const skip = () => {
      while (text[rest] === '\n' || text[rest] === '\r') rest++;
    };
    if (digits % 4 === 2) {
      skip();
      if (rest === text.length) return text.length;
      if (text[rest] !== '=') return rest - 1;
      rest++;
    }
    skip();
    return rest < text.length ? rest : undefined;
  }
  return digits % 4 === 0 ? undefined : text.length - (digits % 4);
}
