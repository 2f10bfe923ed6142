import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import * as Deadline from "./Deadline.ts"
import * as Http from "./Http.ts"
import * as Receiver from "./Receiver.ts"

/** A conversation, each line sent after the answer to the one before. */
const talk = (port: number, lines: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() =>
    new Promise((resolve, reject) => {
      const answers: Array<string> = []
      const socket = Net.connect(port, "127.0.0.1")
      socket.setEncoding("utf8").on("error", reject).on("close", () => resolve(answers)).on("data", (text: string) => {
        answers.push(text.trim().split("\r\n").at(-1) ?? "")
        const line = lines[answers.length - 1]
        if (line !== undefined) socket.write(`${line}\r\n`)
      })
    })
  )

describe("the receivers", () => {
  it.live("keep what a webhook is sent, and answer as they are told", () =>
    Effect.gen(function*() {
      const web = yield* Receiver.web()
      yield* Http.text(`${web.url}/alerts`, { json: { status: "firing" } })
      const received = yield* web.first("the notification", ({ path }) => path === "/alerts")
      expect(received.json).toEqual({ status: "firing" })
      web.answer(500)
      expect((yield* Http.send(web.url)).status).toBe(500)
      const late = yield* Effect.flip(web.first("another", ({ path }) => path === "/x", "200 millis"))
      expect(late).toBeInstanceOf(Deadline.NotInTime)
      expect(late.message).toContain("another: not within 0.2 s")
    }))

  it.live("keep an e-mail with its headers, its dots and its user", () =>
    Effect.gen(function*() {
      const smtp = yield* Receiver.smtp()
      const login = Buffer.from("\u0000ada\u0000secret").toString("base64")
      const answers = yield* talk(smtp.port, [
        "EHLO test",
        `AUTH PLAIN ${login}`,
        "MAIL FROM:<alerts@example.com> BODY=8BITMIME",
        "RCPT TO:<ops@example.com>",
        "DATA",
        "Subject: [FIRING]\r\n two lines\r\nTo: ops@example.com\r\n\r\nfirst\r\n..second\r\n.",
        "QUIT"
      ])
      expect(answers.map((answer) => answer.slice(0, 3))).toEqual([
        "220",
        "250",
        "235",
        "250",
        "250",
        "354",
        "250",
        "221"
      ])
      const mail = yield* smtp.first("the mail", () => true)
      expect(mail).toMatchObject({ from: "alerts@example.com", to: ["ops@example.com"], user: "ada" })
      expect(mail.headers["subject"]).toBe("[FIRING] two lines")
      expect(mail.body).toBe("first\r\n.second")
    }))
})
