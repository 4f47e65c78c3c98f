// The chat that people build themselves: ws and Redis publish/subscribe. Every message goes through Redis, and each process hands what it
// hears there to its own clients of the room. Acknowledged when Redis has taken it.   node ws_redis.mjs PORT REDIS_PORT
import { WebSocketServer } from 'ws';
import { createClient } from 'redis';

const [port, redisPort] = process.argv.slice(2).map(Number);
const publisher = createClient({ socket: { host: '127.0.0.1', port: redisPort, reconnectStrategy: () => 50 } });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) {
  client.on('error', () => {});  // it reconnects by itself
  await client.connect();
}

const rooms = new Map();
await subscriber.pSubscribe('room:*', (text, channel) => {
  const data = Buffer.from(text);  // encoded once, for all
  for (const socket of rooms.get(channel.slice(5)) ?? []) socket.send(data, { binary: false });
});

const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false, backlog: 4096 });
server.on('connection', (socket) => {
  let room = null;
  socket.on('error', () => {});
  socket.on('close', () => room?.delete(socket));
  socket.on('message', (data) => {
    const said = JSON.parse(data);
    if (said.t === 'join') {
      if (!rooms.has(said.room)) rooms.set(said.room, new Set());
      room = rooms.get(said.room).add(socket);
      socket.send('{"t":"joined"}');
    } else if (said.t === 'msg') {
      const text = JSON.stringify({ t: 'msg', room: said.room, m: said.m });
      publisher.publish('room:' + said.room, text).then(
        () => said.id && socket.send('{"t":"ack","id":' + said.id + '}'),
        () => {});
    }
  });
});
