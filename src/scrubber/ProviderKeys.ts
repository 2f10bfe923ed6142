/** Keys that their issuers made to be told by their form. */
import { code, isAlphanumeric, isDigit, isHex, isUpper, mark, runEnd, runStart, tableOf } from "./Characters.ts"
import type { Detector } from "./Detector.ts"
import { decodeBase64 } from "./Encoding.ts"
import { isUuid } from "./Identifiers.ts"

/** A beginning as its issuer documents it, and the least number of characters that follow. */
type Prefix = readonly [prefix: string, least: number, kind?: Kind]

/**
 * `hex`: exactly as many hexadecimal digits, and no `cache-key-…`; `upper`: capitals and digits; `digit`: the beginning is
 * one of words, too (`npm_package_…`), which a digit behind it excludes.
 */
type Kind = "hex" | "uuid" | "upper" | "digit"

const prefixes: ReadonlyArray<Prefix> = [
  // Language models.
  ["sk-ant-", 20],
  ["sk-proj-", 20],
  ["sk-svcacct-", 20],
  ["sk-admin-", 20],
  ["sk-", 32, "digit"],
  ["gsk_", 40],
  ["pplx-", 40],
  ["r8_", 36, "digit"],
  ["hf_", 30, "digit"],
  ["xai-", 60, "digit"],
  ["tvly-", 24, "digit"],
  ["lsv2_pt_", 32],
  // Payments and shops.
  ["sk_live_", 16],
  ["sk_test_", 16],
  ["rk_live_", 16],
  ["rk_test_", 16],
  ["whsec_", 16],
  ["sq0atp-", 22],
  ["sq0csp-", 40],
  ["shpat_", 20],
  ["shpca_", 20],
  ["shppa_", 20],
  ["shpss_", 20],
  ["access-sandbox-", 36, "uuid"],
  ["access-production-", 36, "uuid"],
  ["access-development-", 36, "uuid"],
  // Clouds.
  ["AKIA", 16, "upper"],
  ["ASIA", 16, "upper"],
  ["LTAI", 16, "upper"],
  ["AIza", 30],
  ["ya29.", 20],
  ["GOCSPX-", 24],
  ["dop_v1_", 30],
  ["doo_v1_", 30],
  ["dor_v1_", 30],
  ["v1.0-", 24, "hex"],
  ["dapi", 32, "hex"],
  ["tskey-", 20, "digit"],
  ["pscale_tkn_", 30],
  ["pscale_pw_", 30],
  ["sbp_", 40, "hex"],
  ["nfp_", 36],
  ["fo1_", 40],
  ["HRKU-", 36],
  // Code, packages, containers.
  ["ghp_", 30],
  ["gho_", 30],
  ["ghu_", 30],
  ["ghs_", 30],
  ["ghr_", 30],
  ["github_pat_", 20],
  ["glpat-", 16],
  ["gldt-", 16],
  ["glrt-", 16],
  ["glptt-", 16],
  ["glft-", 16],
  ["glcbt-", 16],
  ["glsoat-", 16],
  ["glimt-", 16],
  ["glagent-", 16],
  ["npm_", 36, "digit"],
  ["pypi-", 30, "digit"],
  ["rubygems_", 48, "hex"],
  ["dckr_pat_", 20],
  ["ATATT3", 40],
  ["ATCTT3", 40],
  ["PMAK-", 24],
  ["pul-", 40, "hex"],
  // Talk and mail.
  ["xoxb-", 10],
  ["xoxp-", 10],
  ["xoxa-", 10],
  ["xoxs-", 10],
  ["xoxr-", 10],
  ["xoxe.", 10],
  ["xapp-", 10],
  ["SG.", 30, "digit"],
  ["SK", 32, "hex"],
  ["key-", 32, "hex"],
  ["lin_api_", 32],
  ["ntn_", 40],
  ["secret_", 43, "digit"],
  ["figd_", 36],
  // Secrets, observability.
  ["hvs.", 24],
  ["hvb.", 24],
  ["dp.pt.", 40],
  ["dp.st.", 40],
  ["dp.ct.", 40],
  ["glsa_", 32],
  ["glc_", 32],
  ["NRAK-", 24, "upper"],
  ["sntrys_", 20],
  ["sntryu_", 20],
  ["AGE-SECRET-KEY-1", 50, "upper"]
]

/** The prefixes by their first two characters. */
const byBeginning: ReadonlyMap<number, ReadonlyArray<Prefix>> = Map.groupBy(
  prefixes,
  ([prefix]) => prefix.charCodeAt(0) * 128 + prefix.charCodeAt(1)
)
const firsts = tableOf(prefixes.map(([prefix]) => prefix.slice(0, 1)).join(""))

/** Keys of providers that can be told by their beginning. */
export const providerKeyDetector: Detector = {
  name: "provider-keys",
  triggers: "",
  pairs: prefixes.map(([prefix]) => prefix.slice(0, 2)),
  // The shortest keys are a prefix of five characters and ten more.
  minRun: 15,
  find: (text, found) => {
    let end = 0
    let inWord = false
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      const begins = !inWord && c < 128 && firsts[c] === 1
      inWord = isAlphanumeric(c)
      if (!begins) continue
      for (const [prefix, least, kind] of byBeginning.get(c * 128 + text.charCodeAt(i + 1)) ?? none) {
        if (!text.startsWith(prefix, i)) continue
        const start = i + prefix.length
        // Several prefixes can stand in one run: its end is looked for once.
        if (end < start) end = runEnd(text, start, isProviderKey)
        if (end - start < least || (kind !== undefined && !isRest(text, start, least, kind))) continue
        if (kind === "hex" && i > 0 && isWord(text.charCodeAt(i - 1))) continue
        found(i, end, mark)
        i = end - 1
        break
      }
    }
  }
}

const none: ReadonlyArray<Prefix> = []

const isProviderKey = (c: number): boolean =>
  isAlphanumeric(c) || c === code.dash || c === code.underscore || c === code.dot

const isRest = (text: string, start: number, least: number, kind: Kind): boolean => {
  const end = start + least
  switch (kind) {
    case "uuid":
      return isUuid(text.slice(start, end))
    case "hex":
      return runEnd(text, start, isHex, end) === end && !isAlphanumeric(text.charCodeAt(end)) &&
        hasDigit(text, start, end)
    case "upper":
      return runEnd(text, start, isUpperOrDigit, end) === end
    case "digit":
      return hasDigit(text, start, end)
  }
}

const isUpperOrDigit = (c: number): boolean => isUpper(c) || isDigit(c)

const hasDigit = (text: string, start: number, end: number): boolean =>
  runEnd(text, start, (c) => !isDigit(c), end) < end

const isWord = (c: number): boolean => isAlphanumeric(c) || c === code.dash || c === code.underscore

/** Telegram's bots: an id of 8 to 10 digits, `:AA`, and 33 characters. */
export const telegramDetector: Detector = {
  name: "telegram-tokens",
  triggers: ":",
  pairs: [":A"],
  minDigits: 8,
  minRun: 35,
  find: (text, found) => {
    for (let at = text.indexOf(":AA"); at >= 0; at = text.indexOf(":AA", at + 1)) {
      const start = runStart(text, at, isDigit, Math.max(0, at - 11))
      const end = runEnd(text, at + 1, isWord, at + 37)
      if (at - start < 8 || at - start > 10 || end - at !== 36) continue
      found(start, end, mark)
      at = end - 1
    }
  }
}

/** Discord's bots: their id's digits in base64, six or seven characters of time, and 27 or more. */
export const discordDetector: Detector = {
  name: "discord-tokens",
  triggers: ".",
  minRun: 27,
  find: (text, found) => {
    let from = 0
    for (let dot = text.indexOf("."); dot >= 0; dot = text.indexOf(".", dot + 1)) {
      const second = runEnd(text, dot + 1, isWord, dot + 9)
      if (text.charCodeAt(second) !== code.dot || second - dot < 7) continue
      const end = runEnd(text, second + 1, isWord, second + 80)
      const start = runStart(text, dot, isWord, Math.max(from, dot - 32))
      if (end - second < 28 || dot - start < 22 || !isDigits(decodeBase64(text.slice(start, dot)))) continue
      found(start, end, mark)
      from = end
      dot = end - 1
    }
  }
}

const isDigits = (value: string | undefined): boolean =>
  value !== undefined && value.length >= 16 && runEnd(value, 0, isDigit) === value.length

/** Mailchimp: 32 hexadecimal digits and a data centre. */
export const mailchimpDetector: Detector = {
  name: "mailchimp-keys",
  triggers: "-",
  pairs: ["-u"],
  minRun: 36,
  find: (text, found) => {
    for (let at = text.indexOf("-us"); at >= 0; at = text.indexOf("-us", at + 1)) {
      const start = at - 32
      const end = runEnd(text, at + 3, isDigit, at + 6)
      if (start < 0 || end === at + 3 || end > at + 5 || isAlphanumeric(text.charCodeAt(end))) continue
      if (runStart(text, at, isHex, start) !== start || isAlphanumeric(text.charCodeAt(start - 1))) continue
      found(start, end, mark)
      at = end
    }
  }
}

/** Azure's client secrets: `Q~` behind three characters and a digit. */
export const azureDetector: Detector = {
  name: "azure-client-secrets",
  triggers: "~",
  pairs: ["Q~"],
  minDigits: 1,
  find: (text, found) => {
    for (let at = text.indexOf("Q~"); at >= 0; at = text.indexOf("Q~", at + 2)) {
      const start = at - 4
      if (start < 0 || !isDigit(text.charCodeAt(at - 1)) || runStart(text, at, isAzure, start) !== start) continue
      const end = runEnd(text, at + 2, isAzure, at + 48)
      if (end - at < 33 || isAzure(text.charCodeAt(start - 1))) continue
      found(start, end, mark)
      at = end
    }
  }
}

const isAzure = (c: number): boolean => isWord(c) || c === code.dot || c === code.tilde

/** Where a channel's address is followed by what lets anybody write to it; Discord's begins with the channel's number. */
const webhooks: ReadonlyArray<readonly [address: string, numbered: boolean]> = [
  ["hooks.slack.com/", false],
  ["webhook.office.com/", false],
  ["/api/webhooks/", true]
]

/** Shorter paths are no secrets. */
const shortestWebhook = 24

/** Addresses of incoming webhooks (Slack, Discord, Teams): whoever knows one can write to its channel. */
export const webhookDetector: Detector = {
  name: "webhooks",
  triggers: "/",
  pairs: ["oo"],
  minRun: 16,
  find: (text, found) => {
    for (let at = text.indexOf("hook"); at >= 0; at = text.indexOf("hook", at + 1)) {
      for (const [address, numbered] of webhooks) {
        const before = at - address.indexOf("hook")
        if (!text.startsWith(address, before)) continue
        const start = before + address.length
        const end = runEnd(text, start, isWebhook)
        if (end - start >= shortestWebhook && (!numbered || isDigit(text.charCodeAt(start)))) found(start, end, mark)
        at = end
        break
      }
    }
  }
}

const isWebhook = (c: number): boolean => isWord(c) || c === code.slash || c === code.at || c === code.dot
