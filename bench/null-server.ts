import { createServer } from "node:http2";

// A process of its own: answers every call on its stream with the same few hundred bytes. What Node's HTTP/2 and the machine take by themselves.
const ANSWER = Buffer.alloc(460, 1);
const server = createServer();
server.on("stream", (stream) => {
  stream.on("error", () => undefined);
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/proto" });
    stream.end(ANSWER);
  });
  stream.resume();
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" && address !== null ? address.port : 0);
});
process.on("disconnect", () => process.exit());
