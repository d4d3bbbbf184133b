// A broadcast server on node and ws, as one writes it by hand: what arrives by POST is sent to every
// WebSocket of its channel, in the frames that the floor and the server send.
//
//   NODE_PATH=/usr/share/nodejs node node-ws.js PORT
"use strict";
const http = require("http");
const { WebSocketServer } = require("ws");

const epoch = "node000000";
const channels = new Map();

function channel(name) {
  let found = channels.get(name);
  if (!found) channels.set(name, (found = { name, head: 0, followers: new Set() }));
  return found;
}

function publish(target, event) {
  target.head += 1;
  const position = `${target.head}.${epoch}`;
  const text =
    `{"op":"event","channel":"${target.name}","position":"${position}","type":"${event.type}",` +
    `"data":${JSON.stringify(event.data)},"time":"${new Date().toISOString()}"}`;
  for (const follower of target.followers) follower.send(text);
  return position;
}

const server = http.createServer((request, response) => {
  if (request.method !== "POST") return response.end();
  const named = /^\/channels\/([^/]+)\/events/.exec(request.url);
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const isLines = request.headers["content-type"] === "application/x-ndjson";
    const positions = (isLines ? body.split("\n") : [body]).filter(Boolean).map((line) => {
      const event = JSON.parse(line);
      return publish(channel(event.channel || named[1]), event);
    });
    const answer = JSON.stringify(isLines ? { positions } : { position: positions[0] });
    response.writeHead(isLines ? 200 : 201, {
      "Content-Type": "application/json", "Content-Length": Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});

const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket, request) => {
  const names = new URL(request.url, "http://localhost").searchParams.get("channels") || "";
  const verdicts = names.split(",").map((name) => {
    const followed = channel(name);
    followed.followers.add(socket);
    socket.on("close", () => followed.followers.delete(socket));
    return { channel: name, verdict: "live", position: `${followed.head}.${epoch}` };
  });
  socket.send(JSON.stringify({ op: "attached", channels: verdicts }));
});

server.listen(Number(process.argv[2]), "127.0.0.1");
