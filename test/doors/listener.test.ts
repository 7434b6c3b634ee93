import { mkdtempSync, renameSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EndpointError, PortInUseError } from "../../src/rpc/server/listener.ts";
import type { Doors, DoorsOptions } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const BODY = '{"model":"gpt-4"}';
const REQUEST = [
  "POST /attuned.v1.ConfigService/ResolveConfig HTTP/1.1",
  "host: localhost",
  "content-type: application/json",
  `content-length: ${BODY.length}`,
  "",
  BODY,
].join("\r\n");

const opened: Doors[] = [];
afterEach(async () => {
  for (const doors of opened.splice(0)) await doors.stop(200);
});

async function start(options: DoorsOptions = {}): Promise<Doors> {
  const doors = await startDoors(options);
  opened.push(doors);
  return doors;
}

/** Everything the daemon sends until it closes the connection. */
function received(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

describe("a connection", () => {
  it("that starts with garbage is told so and closed", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("that says nothing is closed in time", async () => {
    const doors = await start({ bounds: { firstBytesMs: 50 } });
    expect(await received(connect(doors.port, "127.0.0.1"))).toBe("");
    const hesitant = connect(doors.port, "127.0.0.1");
    hesitant.write("PRI * HT");
    expect(await received(hesitant)).toBe("");
  });

  it("that never ends its headers or its body is closed in time", async () => {
    const doors = await start({ bounds: { headersMs: 60, requestMs: 80, checkEveryMs: 20 } });
    const headers = connect(doors.port, "127.0.0.1");
    headers.write("POST /x HTTP/1.1\r\nhost: localhost\r\nx: ");
    expect(await received(headers)).toMatch(/^HTTP\/1\.1 408 /);
    const body = connect(doors.port, "127.0.0.1");
    body.write(REQUEST.slice(0, -3));
    expect(await received(body)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("of HTTP/2 loses a call whose body does not come in time, and nothing else", async () => {
    const doors = await start({ requestMs: 50 });
    const session = connectHttp2(doors.url);
    const call = (body: string) => {
      const stream = session.request({
        ":path": "/attuned.v1.ConfigService/ResolveConfig",
        ":method": "POST",
        "content-type": "application/json",
      });
      stream.on("error", () => {});
      if (body === "") stream.write("{");
      else stream.end(body);
      return new Promise<number | undefined>((resolve) => {
        stream.resume();
        stream.on("close", () => resolve(stream.rstCode));
      });
    };
    expect(await call("")).toBe(8);
    expect(await call(BODY)).toBe(0);
    session.destroy();
  });

  it("that ends before it says what it speaks leaves nothing behind", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.end("PRI");
    expect(await received(socket)).toBe("");
    expect(doors.listener.connectionCount()).toBe(0);
  });

  it("that closes its half after the request still gets the answer", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.end(REQUEST);
    expect(await received(socket)).toContain('"temperature":0.3');
  });

  it("may send its request byte by byte", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.setNoDelay(true);
    for (const byte of REQUEST) {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    socket.end();
    expect(await received(socket)).toContain('"temperature":0.3');
  });

  it("may send several requests at once", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.end(REQUEST + REQUEST + REQUEST);
    expect((await received(socket)).match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  });

  it("with headers that are too large is told so", async () => {
    const doors = await start();
    const response = await fetch(doors.url, { headers: { x: "y".repeat(20_000) } });
    expect(response.status).toBe(431);
  });

  it("is one of a bounded number", async () => {
    const doors = await start({ bounds: { connectionsMax: 2 } });
    const kept = [connect(doors.port, "127.0.0.1"), connect(doors.port, "127.0.0.1")];
    await Promise.all(kept.map((socket) => new Promise((done) => socket.once("connect", done))));
    expect(await received(connect(doors.port, "127.0.0.1"))).toBe("");
    for (const socket of kept) socket.destroy();
    expect(doors.logLines.join("")).toContain("too many are open");
  });

  it("of HTTP/1.1 takes another request after a body that was refused", async () => {
    const doors = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (body: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(
          `${doors.url}/attuned.v1.ConfigService/ResolveConfig`,
          { method: "POST", agent, headers: { "content-type": "application/json" } },
          (response) => {
            response.resume().on("end", () => resolve(response.statusCode));
          },
        );
        sent.on("error", reject);
        sent.end(body);
      });
    expect(await post("x".repeat(10_000_000))).toBe(429);
    expect(await post(BODY)).toBe(200);
    expect(doors.listener.connectionCount()).toBe(1);
    agent.destroy();
  });

  it("of HTTP/2 whose peer breaks the protocol does not touch the others", async () => {
    const doors = await start();
    const socket = connect(doors.port, "127.0.0.1");
    socket.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"garbage".repeat(50)}`);
    await received(socket);
    const session = connectHttp2(doors.url);
    const stream = session.request({ ":path": "/nothing", ":method": "POST" });
    const status = await new Promise((resolve) => {
      stream.on("response", (headers) => resolve(headers[":status"]));
    });
    session.destroy();
    expect(status).toBe(404);
  });
});

describe("an endpoint", () => {
  it("that is taken is refused with its address", async () => {
    const doors = await start();
    const again = startDoors({ endpoint: { host: "127.0.0.1", port: doors.port } });
    await expect(again).rejects.toThrow(PortInUseError);
    await expect(again).rejects.toMatchObject({ address: `127.0.0.1:${doors.port}` });
  });

  it("that is no address of this machine is refused with the reason", async () => {
    const nowhere = startDoors({ endpoint: { host: "192.0.2.1", port: 0 } });
    await expect(nowhere).rejects.toThrow(EndpointError);
  });

  it("of a Unix socket has the mode asked for and is gone after the close", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "doors-")), "a.sock");
    const doors = await startDoors({ endpoint: { path, mode: 0o600 } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(doors.url).toBe(`unix:${path}`);
    await doors.stop(200);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it("of a Unix socket that a crash left over is taken", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "doors-")), "a.sock");
    const crashed = createServer();
    await new Promise<void>((done) => crashed.listen({ path }, done));
    // A close removes the file; moved away meanwhile, it stays as it does after a kill.
    renameSync(path, `${path}.kept`);
    await new Promise((done) => crashed.close(done));
    renameSync(`${path}.kept`, path);
    expect(statSync(path).isSocket()).toBe(true);
    await start({ endpoint: { path, mode: 0o600 } });
  });

  it("of a Unix socket that is served is refused, and goes on serving", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "doors-")), "a.sock");
    await start({ endpoint: { path, mode: 0o600 } });
    await expect(startDoors({ endpoint: { path, mode: 0o600 } })).rejects.toThrow(PortInUseError);
    const socket = connect({ path });
    socket.end(REQUEST);
    expect(await received(socket)).toContain('"temperature":0.3');
  });

  it("of a Unix socket takes calls by any name and by none", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "doors-")), "a.sock");
    await start({ endpoint: { path, mode: 0o600 } });
    const socket = connect({ path });
    socket.end(REQUEST.replace("host: localhost\r\n", "").replace("HTTP/1.1", "HTTP/1.0"));
    expect(await received(socket)).toContain('"temperature":0.3');
    const session = connectHttp2("http://localhost", { createConnection: () => connect({ path }) });
    const stream = session.request({
      ":authority": "no-such:port:1",
      ":path": "/attuned.v1.ConfigService/ResolveConfig",
      ":method": "POST",
      "content-type": "application/json",
    });
    stream.end(BODY);
    const status = await new Promise((resolve) => {
      stream.on("response", (headers) => resolve(headers[":status"]));
    });
    session.destroy();
    expect(status).toBe(200);
  });

  it("of a Unix socket never replaces a file that is none", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "doors-")), "precious");
    writeFileSync(path, "kept");
    await expect(startDoors({ endpoint: { path, mode: 0o600 } })).rejects.toThrow(EndpointError);
    expect(statSync(path).size).toBe(4);
  });

  it("of a Unix socket with a path the system cannot take is refused with the reason", async () => {
    const path = `/tmp/${"x".repeat(120)}`;
    await expect(startDoors({ endpoint: { path, mode: 0o600 } })).rejects.toThrow(/longer than/);
  });
});
