// The node by a WebSocket. Its address is relative to the page's own, so a page under any path finds its node.

/** The page's address with another scheme: `https://chat.example/a/` gives `wss://chat.example/a/ws`. */
export function socketUrl(base) {
  const url = new URL('ws', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = url.hash = '';
  return url.href;
}

export class SocketConnection {
  /** `on`: what to call: frame(frame), lost(). After close() nothing is called any more. */
  constructor(on) {
    this.socket = new WebSocket(socketUrl(document.baseURI));
    this.socket.onmessage = ({ data }) => on.frame(JSON.parse(data));
    this.socket.onclose = () => on.lost();
  }

  send(frame) { if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame)); }

  /** The next answer says the node's time. */
  askTime() { this.send({ t: 'ping' }); }

  look() {}  // a WebSocket brings all rooms alike

  close() {
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }
}
