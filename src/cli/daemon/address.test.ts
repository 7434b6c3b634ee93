import { describe, expect, test } from "vitest";
import { UsageError } from "../failure.ts";
import { parseAddress } from "./address.ts";

describe("parseAddress", () => {
  test.each([
    ["http://127.0.0.1:8713", "http://127.0.0.1:8713"],
    ["http://[::1]:8713/", "http://[::1]:8713"],
    ["localhost:8713", "http://localhost:8713"],
    ["https://attuned.example/prefix/", "https://attuned.example/prefix"],
  ])("takes %s as an HTTP origin", (address, baseUrl) => {
    expect(parseAddress(address)).toEqual({ kind: "http", baseUrl });
  });

  test.each([
    ["unix:/run/attuned.sock", "/run/attuned.sock"],
    ["unix:///run/attuned.sock", "/run/attuned.sock"],
    ["unix:relative.sock", "relative.sock"],
  ])("takes %s as a Unix socket", (address, path) => {
    expect(parseAddress(address)).toEqual({ kind: "unix", path });
  });

  test.each(["", "unix:", "ftp://host", "http://", "http://a b"])("refuses %j", (address) => {
    expect(() => parseAddress(address)).toThrow(UsageError);
  });
});
