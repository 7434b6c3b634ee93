import { describe, expect, it } from "vitest";
import { createHostRule, hostOf } from "./host.ts";

const rule = createHostRule({
  allowedHosts: ["attuned.agents.svc", "*.example.com", "Upper.Case:8713"],
  hostName: "Box",
});

describe("the host rule", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:8713",
    "[::1]:8713",
    "10.1.2.3:1",
    "localhost",
    "LOCALHOST:8713",
    "localhost.",
    "box:8713",
    "attuned.agents.svc:8713",
    "a.example.com",
    "upper.case",
  ])("takes %s", (authority) => {
    expect(rule.allowsHost(authority)).toBe(true);
  });

  it.each([
    undefined,
    "",
    "evil.com",
    "localhost.evil.com",
    "127.0.0.1.evil.com",
    "example.com.evil.com",
    "badexample.com",
    "example.com",
    "user@localhost",
    "localhost:8713:1",
    "[::1",
    "evil.com/localhost",
    "0x7f000001.evil",
  ])("refuses %s", (authority) => {
    expect(rule.allowsHost(authority)).toBe(false);
  });

  it("takes every name where the list says so", () => {
    const open = createHostRule({ allowedHosts: ["*"], hostName: "box" });
    expect(open.allowsHost("evil.com")).toBe(true);
    expect(open.allowsHost(undefined)).toBe(true);
    expect(open.allowsOrigin("https://evil.com", "127.0.0.1")).toBe(true);
  });

  it.each([
    ["http://127.0.0.1:3000", "127.0.0.1:8713", true],
    ["http://localhost:3000", "127.0.0.1:8713", true],
    ["http://10.1.2.3", "10.1.2.3:8713", true],
    ["https://a.example.com", "127.0.0.1:8713", true],
    ["http://6.6.6.6", "127.0.0.1:8713", false],
    ["https://evil.com", "127.0.0.1:8713", false],
    ["null", "127.0.0.1:8713", false],
    ["file://", "127.0.0.1:8713", false],
    ["http://localhost@evil.com", "127.0.0.1:8713", false],
  ])("answers a page of %s that calls %s: %s", (origin, authority, allowed) => {
    expect(rule.allowsOrigin(origin, authority)).toBe(allowed);
  });
});

describe("the host of an authority", () => {
  it("is what stands before the port", () => {
    expect(hostOf("[2001:db8::1]:80")).toBe("2001:db8::1");
    expect(hostOf("Name.:80")).toBe("name");
    expect(hostOf("a b")).toBeUndefined();
    expect(hostOf("a:123456")).toBeUndefined();
  });
});
