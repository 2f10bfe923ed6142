import {
  code,
  isAlphanumeric,
  isDigit,
  isHost,
  isKey,
  isQuote,
  isSpace,
  mark,
  runEnd,
  runStart,
  trimEnd
} from "./Characters.ts"
import { type Detector, tokenEnd } from "./Detector.ts"

/** Schemes whose URL as a whole is a credential: databases, queues, caches, mail. */
const credentialSchemes = new Set([
  "amqp",
  "amqps",
  "clickhouse",
  "cockroachdb",
  "couchbase",
  "db2",
  "ftp",
  "ftps",
  "imap",
  "imaps",
  "kafka",
  "ldap",
  "ldaps",
  "libsql",
  "mariadb",
  "mongodb",
  "mongodb+srv",
  "mqtt",
  "mqtts",
  "mssql",
  "mysql",
  "nats",
  "neo4j",
  "oracle",
  "pg",
  "postgis",
  "postgres",
  "postgresql",
  "redis",
  "rediss",
  "sftp",
  "smtp",
  "smtps",
  "sqlserver",
  "ssh",
  "valkey"
])

const isScheme = (c: number): boolean => isAlphanumeric(c) || c === code.plus || c === code.dash || c === code.dot

const longestScheme = 32

/**
 * Credentials in URLs: user information before the host (a Sentry DSN's key among them), and everything behind the
 * scheme of a database URL that carries credentials. Passwords with unescaped `@`, `/` and `:` are covered.
 */
export const urlDetector: Detector = {
  name: "url-credentials",
  triggers: "/",
  pairs: [":/"],
  find: (text, found) => {
    let token = { end: 0, lastAt: -1 }
    for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at)) {
      const start = at + 3
      const schemeStart = runStart(text, at, isScheme, Math.max(0, at - longestScheme))
      const scheme = text.slice(schemeStart, at).toLowerCase()
      at = start
      // Several URLs can share one token (`?next=https://…`): its end and its last `@` are looked for once.
      if (start >= token.end) {
        const end = tokenEnd(text, start, isSpace)
        token = { end, lastAt: text.slice(start, end).lastIndexOf("@") + start }
      }
      const lastAt = token.lastAt >= start ? token.lastAt : -1
      const authority = runEnd(text, start, isAuthority, token.end)
      if (credentialSchemes.has(scheme)) {
        if (text.startsWith(mark, start)) continue
        if (lastAt < 0 && !hasOddPort(text, start, authority)) continue
        // A quote inside a password ends the token early; what follows up to white space belongs to it.
        const end = lastAt < 0 ? runEnd(text, token.end, (c) => !isSpace(c)) : trimEnd(text, start, token.end)
        found(start, end, mark)
        at = end
        continue
      }
      let userEnd = -1
      for (let i = start; i < authority; i++) if (text.charCodeAt(i) === code.at) userEnd = i
      if (userEnd < 0 && lastAt > authority && hasOddPort(text, start, authority)) userEnd = lastAt
      if (userEnd > start && !(userEnd === start + mark.length && text.startsWith(mark, start))) {
        found(start, userEnd, mark)
        at = userEnd
      }
    }
  }
}

const isAuthority = (c: number): boolean =>
  c !== code.slash && c !== code.question && c !== code.hash && c !== code.backslash

/** `user:secret`, where a host and its port would stand. */
const hasOddPort = (text: string, start: number, end: number): boolean => {
  const first = text.charCodeAt(start)
  if (first === code.openBracket || first === code.openBrace || first === code.dollar) return false
  const colon = runEnd(text, start, (c) => c !== code.colon, end)
  if (colon === start || colon + 1 >= end) return false
  const next = text.charCodeAt(colon + 1)
  if (next === code.openBrace || next === code.dollar || next === code.less || next === code.asterisk) return false
  const digits = runEnd(text, colon + 1, isDigit, end)
  return digits < trimEnd(text, colon + 1, end) && text.charCodeAt(digits) !== code.comma
}

/** `jdbc:oracle:thin:scott/tiger@//host`: user and password between the driver and the host. */
export const oracleDetector: Detector = {
  name: "oracle-credentials",
  triggers: "@",
  find: (text, found) => {
    // Many drivers can stand before one slash: it is looked for once.
    let slash = -1
    for (let at = text.indexOf("oracle:"); at >= 0; at = text.indexOf("oracle:", at)) {
      const start = runEnd(text, at + 7, isAlphanumeric) + 1
      at += 7
      if (text.charCodeAt(start - 1) !== code.colon) continue
      if (slash < start) slash = runEnd(text, start, (c) => !isSpace(c) && c !== code.slash && c !== code.at)
      if (slash === start || text.charCodeAt(slash) !== code.slash) continue
      const end = runEnd(text, slash, (c) => !isSpace(c) && c !== code.at)
      at = end
      if (text.charCodeAt(end) === code.at) found(start, end, mark)
    }
  }
}

/** User and password are read back over at most as many characters. */
const longestUser = 128

/**
 * `user:password@db:5432/app`, `//user:password@host/x`, `user:password@tcp(db:3306)/app`: no scheme tells that it is a
 * URL, but a port, a path or two slashes do. What stands before a plain domain is found as an e-mail address.
 */
export const userDetector: Detector = {
  name: "users-and-passwords",
  triggers: "@",
  find: (text, found) => {
    let from = 0
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const floor = runStart(text, at, isUserInfo, Math.max(from, at - longestUser))
      const colon = runEnd(text, floor, (c) => c !== code.colon, at)
      const start = runStart(text, colon, isKey, floor)
      if (colon === start || colon + 1 >= at) continue
      const slashes = start > 1 && text.charCodeAt(start - 1) === code.slash &&
        text.charCodeAt(start - 2) === code.slash
      const host = runEnd(text, at + 1, (c) => isHost(c) || c === code.dot)
      if (host === at + 1 || isVersion(text, at + 1, host) || !(slashes || goesOnAsUrl(text, host))) continue
      found(start, at, mark)
      from = at
    }
  }
}

const isUserInfo = (c: number): boolean =>
  !isSpace(c) && !isQuote(c) && c !== code.slash && c !== code.at && c !== code.less && c !== code.greater &&
  c !== code.open && c !== code.openBrace && c !== code.closeBrace && c !== code.openBracket && c !== code.closeBracket

/** A port, a path, or the address in brackets that drivers of Go take. */
const goesOnAsUrl = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at)
  if (c === code.slash) return isAlphanumeric(text.charCodeAt(at + 1))
  if (c === code.open) return true
  if (c !== code.colon) return false
  const port = runEnd(text, at + 1, isDigit, at + 7)
  return port - at > 2 && port - at < 7 && !isAlphanumeric(text.charCodeAt(port))
}

/** `npm:react@18.2.0/index.js` names a version, `@10.0.0.7:5432` an address. */
const isVersion = (text: string, start: number, end: number): boolean =>
  isDigit(text.charCodeAt(start)) && text.slice(start, end).split(".").length !== 4
