// The chat that one writes with Node's `ws`: each text goes to everybody whose address is the same.
//
//   node server.js PORT [DATABASE]
//
// With a database every message is inserted before it is passed on, as the documentation of better-sqlite3 does it:
// WAL, synchronous=NORMAL, so without an fsync for each. It has no limits, no users and no history.
"use strict";
const { WebSocketServer, WebSocket } = require("ws");

const [port, file] = process.argv.slice(2);
const groups = new Map();
let store = () => {};

if (file) {
  const database = require("better-sqlite3")(file);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.exec("CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, room TEXT, at INTEGER, text TEXT)");
  const insert = database.prepare("INSERT INTO messages (room, at, text) VALUES (?, ?, ?)");
  store = (group, text) => insert.run(group, Date.now(), text);
}

function serve(socket, request) {
  const group = request.url;
  if (!groups.has(group)) groups.set(group, new Set());
  const members = groups.get(group);
  members.add(socket);
  socket.on("close", () => members.delete(socket));
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    const text = data.toString();
    store(group, text);
    for (const member of members) {
      if (member.readyState === WebSocket.OPEN) member.send(text);
    }
  });
}

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), backlog: 4096, perMessageDeflate: false });
server.on("connection", serve);
process.on("SIGTERM", () => process.exit(0));
