import type { Progress } from '../cluster/progress.ts';

/** Shows each step as it is worked on and how long it took; on a terminal the line is rewritten, elsewhere it is printed once. */
export function consoleProgress(): Progress {
  const out = process.stdout;
  return {
    async step(title, work) {
      const started = performance.now();
      let detail = '';
      const draw = () => {
        if (out.isTTY) out.write(`\r\x1b[K  ${title}${detail ? ` (${detail})` : ''} ...`);
      };
      draw();
      const ticker = out.isTTY ? setInterval(draw, 200) : undefined;
      const finish = (mark: string) => {
        clearInterval(ticker);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        out.write(`${out.isTTY ? '\r\x1b[K' : ''}${mark} ${title} (${seconds} s)\n`);
      };
      try {
        const result = await work((text) => {
          detail = text;
          draw();
        });
        finish('✓');
        return result;
      } catch (error) {
        finish('✗');
        throw error;
      }
    },
    say(text) {
      out.write(`${text}\n`);
    },
  };
}
