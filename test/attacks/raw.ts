import { connect, type TLSSocket } from 'node:tls';
import { testCertificate } from '../../src/apiserver/http/test-server.ts';

/** A connection on which anything can be said, and all that came back. */
export class Raw {
  readonly socket: TLSSocket;
  text = '';
  closed = false;
  readonly ended: Promise<void>;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      this.text += chunk;
    });
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.closed = true;
        resolve();
      });
    });
  }

  static open(port: number, protocol: 'h2' | 'http/1.1'): Promise<Raw> {
    return new Promise((resolve, reject) => {
      const { cert } = testCertificate();
      const socket = connect({ host: '127.0.0.1', port, ca: cert, ALPNProtocols: [protocol] }, () =>
        resolve(new Raw(socket)),
      );
      socket.once('error', reject);
    });
  }

  /** Says something in HTTP/1.1 on a connection of its own and answers with all that the server said until it closed. */
  static async once(port: number, text: string): Promise<string> {
    const raw = await Raw.open(port, 'http/1.1');
    raw.socket.write(text, 'latin1');
    await raw.ended;
    return raw.text;
  }
}
