// A client of chatd in plain Node (20 or newer), written from protocol/README.md: it sends, is cut off, resumes, and
// proves that it missed nothing and saw nothing twice. Usage: node resume.mjs ws://host:port/ws TOKEN GROUP
import net from "node:net";
import { randomBytes } from "node:crypto";
const [url, token, group] = process.argv.slice(2);
function fail(why) { console.error(`FAILED: ${why}`); process.exit(1); }
setTimeout(() => fail("not done within 60 s"), 60_000);
function frame(opcode, payload) { // RFC 6455, section 5.2; a client masks what it sends
  const size = payload.length, mask = randomBytes(4);
  const head = size < 126 ? [0x80 | size] : [0xfe, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), mask, payload.map((byte, i) => byte ^ mask[i & 3])]);
}
async function connect(device, kept, onEvent) { // a WebSocket, and hello on it
  const { hostname, port, host, pathname } = new URL(url), waiting = new Map();
  const socket = net.connect(Number(port || 80), hostname);
  let bytes = Buffer.alloc(0), open = false, lastId = 0;
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`);
  socket.on("error", fail).on("end", () => fail(`${device}: ended by the server`)).on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!open && (open = bytes.includes("\r\n\r\n"))) {
      if (!bytes.includes("HTTP/1.1 101")) fail(bytes.toString());
      bytes = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
    }
    while (open && bytes.length >= 2) {
      const short = bytes[1], at = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < at) return;
      const size = at === 2 ? short : at === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < at + size) return;
      const opcode = bytes[0] & 15, payload = bytes.subarray(at, at + size);
      bytes = bytes.subarray(at + size);
      if (opcode === 1) take(JSON.parse(payload.toString()));
      else if (opcode === 8) fail(`${device}: closed with ${payload.readUInt16BE(0)} ${payload.subarray(2)}`);
      else if (opcode === 9) socket.write(frame(10, payload)); // a ping wants a pong
    }
  });
  const take = (message) => (message.ev ? onEvent(message) : waiting.get(message.re)(message));
  const ask = (op, data) => new Promise((resolve) => {
    waiting.set(++lastId, ({ ok, error }) => (error ? fail(`${op}: ${error.code} ${error.message}`) : resolve(ok)));
    socket.write(frame(1, Buffer.from(JSON.stringify({ id: lastId, op, data }))));
  });
  return { ask, hello: await ask("session.hello", { token, device, ...kept }), cut: () => socket.destroy() };
}
let cursor, pair, mine, again = 0, wake = () => {}, seen = []; // seen: the cid of every message that was applied
function follow({ ev, data }) { // the one rule for all entries
  if (ev === "mine") for (const entry of data.entries) mine = [entry.upos, entry.at];
  if (ev !== "entries" || data.group !== group) return;
  if (data.after > (cursor ??= data.after)) fail(`entries ${cursor + 1} to ${data.after} are missing`);
  for (const entry of data.entries) {
    if ((entry.to ?? entry.pos) <= cursor) { again++; continue; }
    if (entry.pos > cursor + 1) fail(`entry ${cursor + 1} is missing`);
    cursor = entry.to ?? entry.pos;
    if (entry.at) pair = [entry.pos, entry.at];
    if (entry.kind === "message") seen.push(entry.cid);
  }
  wake();
}
async function reach(pos) { while (!(cursor >= pos)) await new Promise((resolve) => { wake = resolve; }); }
const sent = [], newCid = () => randomBytes(16).toString("base64url");
const write = (text, after) => ({ group, cid: newCid(), kind: "text", body: { text }, after });
const send = (link, one) => { sent.push(one.cid); return link.ask("message.send", one); };
const first = await connect("resume-a", {}, follow), line = await first.ask("group.open", { group });
cursor ??= line.after; pair ??= [line.head, line.at]; mine ??= [first.hello.mine, first.hello.mine_at ?? 0];
const one = write("one"), two = write("two", one.cid), lost = write("lost?", two.cid);
const [, { pos }] = await Promise.all([send(first, one), send(first, two)]);
await reach(pos);
first.ask("message.send", lost), first.cut(); // nobody knows whether it arrived
const other = await connect("resume-b", {}, () => {}), three = await send(other, write("three"));
await other.ask("message.edit", { group, pos: three.pos, text: "3", cid: newCid() });
for (const text of ["four", "five", "six"]) await send(other, write(text));
const second = await connect("resume-a", { epoch: first.hello.epoch, mine, heads: { [group]: pair } }, follow);
const now = second.hello.groups.find((found) => found.group === group);
if (second.hello.reset || now?.reset || now?.truncated) fail("the server has another past");
if (!now?.live) await second.ask("group.open", { group, after: pair[0], at: pair[1] });
await send(second, lost); // the same cid: it happens once, whatever became of it before
await reach((await send(second, write("seven"))).pos);
for (const cid of sent) if (seen.filter((found) => found === cid).length !== 1) fail(`${cid} was not seen once`);
if (again > 0) fail(`${again} entries came twice`);
console.log(`ok: cut at ${pos}, resumed; ${sent.length} messages and every entry up to ${cursor} came exactly once`);
process.exit(0);
